// Finds entries, conditions and parts of conditions that are written twice.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { canonicalAddress } from '../../../src/chain/address/canonical.js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { looksLikeAddress } from './address-form.js';
import {
  type Finding,
  forEachNode,
  inCondition,
  type PlacedRule,
  sectionOf,
  type Subject,
} from './finding.js';
import { stringOf } from './terms.js';

export function duplicateHabits(subject: Subject): readonly Finding[] {
  return [
    ...duplicateEntries(subject),
    ...subject.policy.rules.flatMap((rule, index) => duplicateParts({ rule, index })),
    ...forEachNode(subject, duplicateLiterals),
  ];
}

function duplicateEntries(subject: Subject): readonly Finding[] {
  return Object.entries(sectionOf(subject, 'lists')).flatMap(([list, entries]) => {
    const seen = new Map<string, number>();
    return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown, index) => {
      const key = entryKey(entry, subject);
      const first = seen.get(key);
      if (first === undefined) {
        seen.set(key, index);
        return [];
      }
      return [
        {
          code: 'duplicate-entry',
          path: ['lists', list, index],
          message: `entry ${index + 1} of ${list} is the same as entry ${first + 1}: whoever deletes one of them later leaves the other in force`,
          advice: 'delete one of the two',
        },
      ];
    });
  });
}

/** The same for two entries that match the same destinations. */
function entryKey(entry: unknown, { policy }: Subject): string {
  if (typeof entry === 'string') {
    return JSON.stringify([looksLikeAddress(entry) ? canonicalAddress(entry) : entry]);
  }
  const { address = '', tag, asset } = entry as Readonly<Record<string, string | undefined>>;
  const chain = asset === undefined ? undefined : policy.catalog.assets.get(asset)?.chain;
  return JSON.stringify([
    canonicalAddress(address, chain),
    ...(tag === undefined && asset === undefined ? [] : [tag, asset]),
  ]);
}

/** `a && b && a` */
function duplicateParts(placed: PlacedRule): readonly Finding[] {
  return chainsIn(placed.rule.ast).flatMap((parts) => {
    const seen = new Set<string>();
    return parts.flatMap((part) => {
      const text = serialize(part);
      if (!seen.has(text)) {
        seen.add(text);
        return [];
      }
      return [
        inCondition(placed, part.start, {
          code: 'duplicate-part',
          message: `this part is written twice in the same condition, so one of them may have been meant to be another: ${text}`,
          advice: 'delete it, or write what was meant',
        }),
      ];
    });
  });
}

/** The operands of each chain of `&&` or `||`. */
function chainsIn(ast: ASTNode): readonly (readonly ASTNode[])[] {
  const nodes = [...nodesIn(ast)];
  const inner = new Set(
    nodes.flatMap(({ op, args }) =>
      op === '&&' || op === '||' ? args.filter((part) => part.op === op) : [],
    ),
  );
  return nodes.flatMap((node) =>
    (node.op === '&&' || node.op === '||') && !inner.has(node) ? [operandsOf(node, node.op)] : [],
  );
}

function operandsOf(node: ASTNode, op: '&&' | '||'): readonly ASTNode[] {
  return node.op === op ? node.args.flatMap((part) => operandsOf(part, op)) : [node];
}

/** `in ["ETH", "ETH"]` */
function duplicateLiterals(node: ASTNode, placed: PlacedRule): readonly Finding[] {
  if (node.op !== 'list') return [];
  const seen = new Set<string>();
  return node.args.flatMap((literal) => {
    const text = stringOf(literal);
    if (text === undefined || !seen.has(text)) {
      if (text !== undefined) seen.add(text);
      return [];
    }
    return [
      inCondition(placed, literal.start, {
        code: 'duplicate-entry',
        message: `"${text}" is written twice in this list, so one of them may have been meant to be another`,
        advice: 'delete it, or write what was meant',
      }),
    ];
  });
}
