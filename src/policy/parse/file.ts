// Parses a policy file from YAML into checked and compiled rules, or reports all of its problems at once.
import { createHash } from 'node:crypto';
import type * as z from 'zod';
import { RuleIndex } from '../evaluate/rule-index.js';
import type { Policy, Rule } from '../evaluate/rules.js';
import type { Kind } from '../../protocol/request.js';
import { type Language, languageWith } from '../language/language.js';
import type { AddressList } from '../language/address-list.js';
import { type ListContent, Lists } from '../language/named-list.js';
import { nearest } from '../language/nearest.js';
import { rememberedFacts } from '../language/remembered.js';
import { PolicyDocument, toRecord } from './document.js';
import { readInitiators } from './initiators.js';
import { readLimits } from './limits.js';
import { holdWarnings } from './hold-warnings.js';
import { checkRuleHolds, readPeople } from './people.js';
import { PolicyError, type PolicyProblem } from './problem.js';
import {
  type Found,
  type ListReference,
  readCatalog,
  readLists,
  readReferences,
  readTables,
} from './catalog.js';
import { KINDS, keysAt, MAX_CONDITION, policySchema, ruleSchema } from './schema.js';
import { consoleNeeds, storeNeeds } from './store-needs.js';
import { unreadable } from './unreadable.js';

/**
 * Parses a policy. Lists from elsewhere count as empty.
 * @param text YAML
 * @param file name of the file or parameter, for problems
 * @throws {PolicyError} with all problems
 */
export function parsePolicy(text: string, file: string): Policy {
  return draftPolicy(text, file).complete(new Map());
}

/** A policy before the lists that it takes from elsewhere are loaded. */
export interface PolicyDraft {
  readonly references: readonly ListReference[];
  /**
   * @param lists what `references` name, keyed by the name of the list. A list that is missing counts as empty
   * @throws {PolicyError} with all problems
   */
  readonly complete: (lists: ReadonlyMap<string, LoadedList>) => Policy;
}

/** The content of a list that a policy takes from elsewhere. */
export interface LoadedList {
  /** Of the list's bytes, 64 hex digits. */
  readonly sha256: string;
  readonly addresses: AddressList;
}

/**
 * Parses a policy as far as possible without its lists.
 * @throws {PolicyError} if it is no YAML
 */
export function draftPolicy(text: string, file: string): PolicyDraft {
  const problem = unreadable(text, file);
  if (problem !== undefined) throw new PolicyError([problem]);
  const hash = createHash('sha256').update(text).digest('hex');
  const document = new PolicyDocument(text, file);
  const references = readReferences(document);
  return { references, complete: (lists) => ({ hash, text, ...readPolicy(document, references, lists) }) };
}

function readPolicy(
  document: PolicyDocument,
  references: readonly ListReference[],
  loaded: ReadonlyMap<string, LoadedList>,
): Omit<Policy, 'hash' | 'text'> {
  if (document.problems.length > 0) throw new PolicyError(document.problems);

  const { data, error } = policySchema.safeParse(document.value);
  const problems = error?.issues.flatMap((issue) => toProblems(document, issue)) ?? [];

  // Rules are compiled even if the file has other problems, so that all problems are reported at once.
  const found: Found = { problems, warnings: [] };
  const catalog = readCatalog(document, found);
  const lists = readLists(document, catalog, found);
  const tables = readTables(document, found);
  const initiators = readInitiators(document, found);
  const people = readPeople(document, found);
  checkRuleHolds(document, found);
  const elsewhere = references.map(({ name }) => [name, loaded.get(name)?.addresses ?? []] as const);
  const named = new Lists(new Map<string, ListContent>([...lists, ...elsewhere]));
  const words = { lists: named, tables };
  const withoutLimits = languageWith(words);
  const limits = readLimits(document, withoutLimits.transaction, found);
  const limitNames = Object.keys(toRecord(toRecord(document.value)['limits']));
  const languages = limitNames.length === 0 ? withoutLimits : languageWith({ ...words, limits: limitNames });
  const rules = compileRules(document, languages, problems);
  if (data === undefined || problems.length > 0) {
    throw new PolicyError(problems.sort(byPosition));
  }
  found.warnings.push(...holdWarnings({ ...people, document, initiators, rules }));
  const rulesFor = {
    transaction: rules.filter((rule) => rule.for === 'transaction'),
    configuration: rules.filter((rule) => rule.for === 'configuration'),
  };
  return {
    catalog,
    lists,
    named,
    loadedLists: loadedLists(references, loaded),
    tables,
    initiators,
    ...people,
    limits,
    readsExpected: rules.some(({ ast }) => rememberedFacts(ast).includes('tx.expected')),
    needsStore: storeNeeds(document, limits, rules),
    needsConsole: consoleNeeds(document, rules),
    warnings: found.warnings.sort(byPosition),
    rules,
    rulesFor,
    indexFor: {
      transaction: new RuleIndex(rulesFor.transaction),
      configuration: new RuleIndex(rulesFor.configuration),
    },
    otherwise: upper(data.otherwise),
    onError: upper(data.onError),
  };
}

function loadedLists(
  references: readonly ListReference[],
  loaded: ReadonlyMap<string, LoadedList>,
): Policy['loadedLists'] {
  const entries = references.map(({ name, from, sha256 }) => {
    const list = loaded.get(name);
    const pinned = sha256 !== undefined;
    return [name, { from, pinned, sha256: list?.sha256, entries: list?.addresses.size ?? 0 }] as const;
  });
  return new Map(entries);
}

function toProblems(document: PolicyDocument, issue: z.core.$ZodIssue): readonly PolicyProblem[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const hint =
        key === '<<'
          ? 'merge keys of YAML are not available: write the keys out'
          : near === undefined
            ? `the keys here are ${known.join(', ')}`
            : `did you mean "${near}"?`;
      return document.problemAtKey([...path, key], `unknown key "${key}"; ${hint}`);
    });
  }
  const last = path.at(-1);
  const subject = typeof last === 'number' ? `entry ${last + 1}` : String(last ?? 'a policy');
  return [document.problemAt(path, `${subject} ${issue.message}`)];
}

function byPosition(a: PolicyProblem, b: PolicyProblem): number {
  return a.line - b.line || a.column - b.column;
}

const CUT_OFF =
  'put quotes around an expression that contains ` #`: YAML takes what follows for a comment, and the rest is incomplete';

const NO_INITIATORS =
  'tx.initiator is never there, because the policy names no initiators: write initiators: with their keys';

/** @param problems problems found are added to it */
function compileRules(
  document: PolicyDocument,
  languages: Readonly<Record<Kind, Language>>,
  problems: PolicyProblem[],
): readonly Rule[] {
  const { rules, initiators } = toRecord(document.value);
  const hasInitiators = Object.keys(toRecord(initiators)).length > 0;
  const ids = new Set<unknown>();
  return (Array.isArray(rules) ? rules : []).flatMap((entry: unknown, index) => {
    const path = ['rules', index];
    const { id, when, for: kindName, action } = toRecord(entry);
    if (ids.has(id)) {
      problems.push(document.problemAt([...path, 'id'], `duplicate rule id "${String(id)}"`));
    } else if (id !== undefined) ids.add(id);

    const kind = KINDS.find((known) => known === kindName);
    if (typeof when !== 'string' || when.length > MAX_CONDITION || kind === undefined) return [];
    const compiled = languages[kind].compile(when, action === 'approve');
    if (!('evaluate' in compiled)) {
      const at = [...path, 'when'];
      problems.push(
        ...(document.isCommented(at)
          ? [document.problemAt(at, CUT_OFF)]
          : compiled.map(({ message, offset }) => document.problemAt(at, message, offset))),
      );
      return [];
    }
    if (!hasInitiators && rememberedFacts(compiled.ast).includes('tx.initiator')) {
      problems.push(document.problemAt([...path, 'when'], NO_INITIATORS));
    }
    const { data } = ruleSchema.safeParse(entry);
    if (data === undefined) return [];
    return [{ ...compiled, ...data, reason: data.reason, when: when.trim(), action: upper(data.action) }];
  });
}

function upper<Name extends string>(name: Name): Uppercase<Name> {
  return name.toUpperCase() as Uppercase<Name>;
}
