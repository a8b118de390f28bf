// Finds addresses with a wrong checksum or length, or of another chain, in lists, under `own` and in conditions.
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { addressProblems, formProblems, isOfOtherChain } from './address-form.js';
import { assetsOn } from './approve/asset.js';
import { type Finding, inCondition, type PlacedRule, sectionOf, type Subject } from './finding.js';
import { pathsOf } from './paths.js';
import { stringOf } from './terms.js';

const ADVICE = 'copy the address again from where it was published; a rule that compares it never matches';

export function addressHabits(subject: Subject): readonly Finding[] {
  return [
    ...listedAddresses(subject),
    ...subject.policy.rules.flatMap((rule, index) => writtenAddresses({ rule, index }, subject)),
  ];
}

/** What the parser does not warn of: it knows an address by its asset only. */
function listedAddresses(subject: Subject): readonly Finding[] {
  const { own } = subject.policy.catalog;
  const entries = Object.entries(sectionOf(subject, 'lists')).flatMap(([list, listed]) =>
    (Array.isArray(listed) ? listed : []).flatMap((entry: unknown, index) => {
      if (typeof entry === 'string') return [{ text: entry, path: ['lists', list, index] }];
      const { address, asset } = entry as { readonly address?: unknown; readonly asset?: unknown };
      if (typeof address !== 'string' || asset !== undefined) return [];
      return [{ text: address, path: ['lists', list, index, 'address'] }];
    }),
  );
  return [...entries, ...own.map((text, index) => ({ text, path: ['own', index] }))].flatMap(
    ({ text, path }) =>
      formProblems(text).map((message) => ({ code: 'address', path, message, advice: ADVICE })),
  );
}

/** `tx.destAddress == "0x…"` */
function writtenAddresses(placed: PlacedRule, { policy }: Subject): readonly Finding[] {
  const { ast } = placed.rule;
  const chains = new Map<string, Set<string>>();
  for (const path of pathsOf(ast) ?? []) {
    const ofPath = (assetsOn(path, policy) ?? []).flatMap(
      (asset) => policy.catalog.assets.get(asset)?.chain ?? [],
    );
    for (const { node } of path) {
      for (const literal of nodesIn(node)) {
        const text = stringOf(literal);
        if (text === undefined) continue;
        const known = chains.get(text) ?? new Set<string>();
        ofPath.forEach((chain) => known.add(chain));
        chains.set(text, known);
      }
    }
  }
  return [...nodesIn(ast)].flatMap((node) => {
    const text = stringOf(node);
    if (text === undefined) return [];
    const used = [...(chains.get(text) ?? [])];
    const messages = isOfOtherChain(text, used)
      ? [`"${text}" is not an address on ${used.join(' or ')}, which the assets of this condition are on`]
      : addressProblems(text);
    return messages.map((message) =>
      inCondition(placed, node.start, { code: 'address', message, advice: ADVICE }),
    );
  });
}
