// What differs between two policies: rules, and the entries of lists, tables and the other sections.
import type { Catalog } from '../../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import type { ListFromElsewhere, Policy, Rule } from '../../../src/policy/evaluate/rules.js';
import type { ListEntry } from '../../../src/policy/language/named-list.js';
import type { Limit } from '../../../src/policy/limits/limit.js';
import { windowText } from '../limits/window-text.js';
import { peopleSections } from './people-sections.js';

/** A rule as a person reads it. */
export interface RuleText {
  readonly id: string;
  /** Counted from 1. */
  readonly position: number;
  readonly for: string;
  readonly when: string;
  readonly action: string;
  readonly hold: string | undefined;
  readonly reason: string | undefined;
}

export interface ChangedRule {
  readonly id: string;
  readonly changes: readonly {
    readonly field: 'for' | 'when' | 'action' | 'hold' | 'reason';
    readonly before: string | undefined;
    readonly after: string | undefined;
  }[];
}

/** A rule whose place among the others has changed: an earlier rule may now decide instead. */
export interface MovedRule {
  readonly id: string;
  /** Positions, counted from 1. */
  readonly before: number;
  readonly after: number;
}

/** An entry of a section, such as an address in a list, with what belongs to it. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

export interface SectionDifference {
  /** Such as `list payees`, `table maxFee`, `assets`. */
  readonly section: string;
  /** Whether the section itself is new or gone. */
  readonly change: 'added' | 'removed' | 'changed';
  readonly added: readonly Entry[];
  readonly removed: readonly Entry[];
  readonly changed: readonly { readonly key: string; readonly before: string; readonly after: string }[];
}

export interface Difference {
  readonly rules: {
    readonly added: readonly RuleText[];
    readonly removed: readonly RuleText[];
    readonly changed: readonly ChangedRule[];
    readonly moved: readonly MovedRule[];
  };
  readonly sections: readonly SectionDifference[];
}

type Section = ReadonlyMap<string, string>;

/** @param before the policy in force; undefined if there is none that can be used */
export function differenceOf(before: Policy | undefined, after: Policy): Difference {
  return { rules: rulesDifference(before?.rules ?? [], after.rules), sections: sectionsOf(before, after) };
}

/** Whether the two policies decide the same: only comments or the layout differ. */
export function isWithoutEffect({ rules, sections }: Difference): boolean {
  return sections.length === 0 && Object.values(rules).every((changes) => changes.length === 0);
}

function rulesDifference(before: readonly Rule[], after: readonly Rule[]): Difference['rules'] {
  const known = new Map(before.map((rule, index) => [rule.id, textOf(rule, index)]));
  const next = new Map(after.map((rule, index) => [rule.id, textOf(rule, index)]));
  const kept = [...next.values()].flatMap((rule) => {
    const earlier = known.get(rule.id);
    return earlier === undefined ? [] : [{ earlier, rule }];
  });
  return {
    added: [...next.values()].filter(({ id }) => !known.has(id)),
    removed: [...known.values()].filter(({ id }) => !next.has(id)),
    changed: kept.flatMap(({ earlier, rule }) => {
      const changes = (['for', 'when', 'action', 'hold', 'reason'] as const)
        .filter((field) => earlier[field] !== rule[field])
        .map((field) => ({ field, before: earlier[field], after: rule[field] }));
      return changes.length === 0 ? [] : [{ id: rule.id, changes }];
    }),
    moved: movedAmong(kept),
  };
}

function textOf({ id, for: kind, when, action, hold, reason }: Rule, index: number): RuleText {
  return { id, position: index + 1, for: kind, when, action, hold, reason };
}

/** As few rules as possible, so that one rule put first does not make all the others count as moved. */
function movedAmong(
  kept: readonly { readonly earlier: RuleText; readonly rule: RuleText }[],
): readonly MovedRule[] {
  const inOrder = longestIncreasing(kept.map(({ earlier }) => earlier.position));
  return kept
    .filter((_, index) => !inOrder.has(index))
    .map(({ earlier, rule }) => ({ id: rule.id, before: earlier.position, after: rule.position }));
}

/** @returns the indexes of a longest increasing subsequence. All numbers are different */
function longestIncreasing(numbers: readonly number[]): ReadonlySet<number> {
  /** For each length, the index of the smallest number that ends a subsequence of that length. */
  const ends: number[] = [];
  const previous: (number | undefined)[] = [];
  for (const [index, number] of numbers.entries()) {
    const found = ends.findIndex((end) => (numbers[end] ?? 0) > number);
    const length = found === -1 ? ends.length : found;
    previous[index] = ends[length - 1];
    ends[length] = index;
  }
  const chosen = new Set<number>();
  for (let at = ends.at(-1); at !== undefined; at = previous[at]) chosen.add(at);
  return chosen;
}

function sectionsOf(before: Policy | undefined, after: Policy): readonly SectionDifference[] {
  // What is built in is not new.
  const known = before === undefined ? catalogSections(DEFAULT_CATALOG) : sections(before);
  const next = sections(after);
  return [...new Set([...known.keys(), ...next.keys()])].flatMap((section) => {
    const difference = sectionDifference(known.get(section), next.get(section));
    return difference === undefined ? [] : [{ section, ...difference }];
  });
}

function sectionDifference(
  before: Section | undefined,
  after: Section | undefined,
): Omit<SectionDifference, 'section'> | undefined {
  const known: Section = before ?? new Map();
  const next: Section = after ?? new Map();
  const added = [...next].filter(([key]) => !known.has(key)).map(([key, value]) => ({ key, value }));
  const removed = [...known].filter(([key]) => !next.has(key)).map(([key, value]) => ({ key, value }));
  const changed = [...next].flatMap(([key, value]) => {
    const earlier = known.get(key);
    return earlier === undefined || earlier === value ? [] : [{ key, before: earlier, after: value }];
  });
  if (before !== undefined && after !== undefined && added.length + removed.length + changed.length === 0) {
    return undefined;
  }
  return {
    change: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    ...{ added, removed, changed },
  };
}

/** Everything in a policy except its rules. Built-in assets are left out unless the policy changes them. */
function sections(policy: Policy): ReadonlyMap<string, Section> {
  const { catalog, lists, loadedLists, tables, limits, otherwise, onError } = policy;
  return new Map([
    ...[...lists].map(([name, entries]): [string, Section] => [`list ${name}`, listSection(entries)]),
    ...[...loadedLists].map(([name, list]): [string, Section] => [`list ${name}`, loadedSection(list)]),
    ...[...tables].map(([name, values]): [string, Section] => [`table ${name}`, values]),
    ...limits.map((limit): [string, Section] => [`limit ${limit.name}`, limitSection(limit)]),
    ...peopleSections(policy),
    ...catalogSections(catalog),
    [
      'defaults',
      new Map([
        ['otherwise', otherwise.toLowerCase()],
        ['onError', onError.toLowerCase()],
      ]),
    ],
  ]);
}

function catalogSections(catalog: Catalog): ReadonlyMap<string, Section> {
  return new Map<string, Section>([
    ['assets', assetSection(catalog)],
    ['contracts', contractSection(catalog)],
    ['own', new Map(catalog.own.map((address) => [address, '']))],
    ['integrity', integritySection(catalog)],
  ]);
}

function listSection(entries: readonly ListEntry[]): Section {
  return new Map(
    entries.map((entry) => {
      if (typeof entry === 'string') return [entry, ''];
      const { address, tag, asset, name = '' } = entry;
      const key = [
        address,
        ...(tag === undefined ? [] : [`tag ${tag}`]),
        ...(asset === undefined ? [] : [`asset ${asset}`]),
      ];
      return [key.join(', '), name];
    }),
  );
}

function limitSection({ when, amount, per, window, max, over }: Limit): Section {
  const entries = [...max.byKey].map(([key, entry]): [string, string] => [
    `max of ${key}`,
    entry.max.toFixed(),
  ]);
  return new Map([
    ['when', when?.source ?? 'true'],
    ['amount', amount?.source ?? '1'],
    ...(per.length === 0 ? [] : [['per', per.map(({ source }) => source).join(', ')] as const]),
    ['window', windowText(window)],
    ...entries,
    ['max', max.otherwise?.toFixed() ?? 'only by key'],
    ['over', over.toLowerCase()],
  ]);
}

/** A list from elsewhere may have a million entries, so only what it is as a whole is compared. */
function loadedSection({ from, pinned, sha256, entries }: ListFromElsewhere): Section {
  return new Map([
    ['from', from],
    ['sha256', `${sha256 ?? 'not read'}${pinned ? ', as the policy demands' : ''}`],
    ['entries', String(entries)],
  ]);
}

function assetSection({ assets }: Catalog): Section {
  return new Map(
    [...assets.values()].map(({ id, chain, contract, decimals, price }) => [
      id,
      [
        chain,
        ...(contract === undefined ? [] : [contract]),
        `${decimals} decimals`,
        ...(price === undefined ? [] : [`price ${price.toString()}`]),
      ].join(', '),
    ]),
  );
}

function contractSection({ contracts }: Catalog): Section {
  return new Map(
    contracts.map(({ chain, address, name, abi }) => [
      `${address} on ${chain}`,
      [...(name === undefined ? [] : [name]), ...abi].join(', '),
    ]),
  );
}

function integritySection({ integrity }: Catalog): Section {
  return new Map(Object.entries(integrity).map(([name, value]) => [name, String(value)]));
}
