// Finds comparisons with values that a fact never has: an empty string, a misspelled operation, an unknown asset.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { NodeOf } from '../../../src/policy/language/nodes.js';
import {
  type Finding,
  forEachNode,
  inCondition,
  type PlacedRule,
  sectionOf,
  type Subject,
} from './finding.js';
import { unknownAsset, unknownValue, type UnknownValue } from './known-values.js';
import { memberOf, nameOf, stringOf, typeOf } from './terms.js';

export function valueHabits(subject: Subject): readonly Finding[] {
  return [
    ...forEachNode(subject, (node, placed) => comparedValues(node, placed, subject)),
    ...tableKeys(subject),
    ...entryAssets(subject),
  ];
}

function comparedValues(node: ASTNode, placed: PlacedRule, subject: Subject): readonly Finding[] {
  switch (node.op) {
    case '==':
    case '!=':
      return [...emptyString(node, placed), ...emptySize(node, placed), ...unknownIn(node, placed, subject)];
    case '>':
    case '<':
      return emptySize(node, placed);
    case 'in':
      return [...emptyEntry(node, placed), ...unknownIn(node, placed, subject)];
    default:
      return [];
  }
}

/** `tx.note == ""` */
function emptyString({ op, args }: NodeOf<'==' | '!='>, placed: PlacedRule): readonly Finding[] {
  const empty = args.find((side) => stringOf(side) === '');
  const fact = args.find((side) => side !== empty);
  if (empty === undefined || fact === undefined || !isTopLevelFact(fact)) return [];
  const name = nameOf(fact);
  return [
    inCondition(placed, fact.start, {
      code: 'empty-string',
      message: `${name} is absent when it is empty, so the rule can't be evaluated then, and the answer is onError`,
      advice: op === '==' ? `write !has(${name})` : `write has(${name})`,
    }),
  ];
}

/** `tx.note in ["", "test"]` */
function emptyEntry({ args: [fact, values] }: NodeOf<'in'>, placed: PlacedRule): readonly Finding[] {
  const empty = values.op === 'list' ? values.args.find((value) => stringOf(value) === '') : undefined;
  if (empty === undefined || !isTopLevelFact(fact)) return [];
  const name = nameOf(fact);
  return [
    inCondition(placed, empty.start, {
      code: 'empty-string',
      message: `${name} is absent when it is empty, so it is never ""`,
      advice: `write !has(${name}) || ${name} in [ … ], without ""`,
    }),
  ];
}

/** Whether a fact is absent when the request has an empty string: not deep inside dynamic values. */
function isTopLevelFact(node: ASTNode): boolean {
  if (node.op !== '.' && node.op !== '[]') return false;
  const owner = typeOf(node.args[0]);
  return /^[A-Z]/.test(owner) || /^(config\.extraInfo|tx\.extraParameters)$/.test(nameOf(node.args[0]));
}

/** `tx.destinations.size() == 0`, `tx.note.size() > 0` */
function emptySize(
  { op, args: [left, right] }: NodeOf<'==' | '!=' | '>' | '<'>,
  placed: PlacedRule,
): readonly Finding[] {
  const [call, number] = left.op === 'rcall' ? [left, right] : [right, left];
  if (call.op !== 'rcall' || call.args[0] !== 'size' || number.op !== 'value' || Number(number.args) !== 0)
    return [];
  const fact = call.args[1];
  if (!isTopLevelFact(fact)) return [];
  const name = nameOf(fact);
  return [
    inCondition(placed, fact.start, {
      code: 'empty-string',
      message: `${name} is absent when it is empty, so its size is never 0: the rule can't be evaluated then, and the answer is onError`,
      advice: op === '==' ? `write !has(${name})` : `write has(${name})`,
    }),
  ];
}

function unknownIn(
  node: NodeOf<'==' | '!=' | 'in'>,
  placed: PlacedRule,
  subject: Subject,
): readonly Finding[] {
  const [left, right] = node.args;
  const sides =
    node.op === 'in'
      ? [[left, right] as const]
      : ([
          [left, right],
          [right, left],
        ] as const);
  return sides.flatMap(([fact, values]) => {
    if (fact.op !== '.' && fact.op !== '[]') return [];
    const member = typeof fact.args[1] === 'string' ? fact.args[1] : stringOf(fact.args[1]);
    const key = `${typeOf(fact.args[0])}.${member ?? ''}`;
    const check = (value: string): UnknownValue | undefined =>
      unknownValue(key, nameOf(fact), value, subject.policy);
    return [...unknownLiterals(values, placed, check), ...unknownEntries(values, subject, check)];
  });
}

function unknownLiterals(
  values: ASTNode,
  placed: PlacedRule,
  check: (value: string) => UnknownValue | undefined,
): readonly Finding[] {
  return (values.op === 'list' ? values.args : [values]).flatMap((literal) => {
    const problem = check(stringOf(literal) ?? '');
    return problem === undefined ? [] : [inCondition(placed, literal.start, problem)];
  });
}

/** `tx.asset in lists.assets`: what the list says. */
function unknownEntries(
  values: ASTNode,
  subject: Subject,
  check: (value: string) => UnknownValue | undefined,
): readonly Finding[] {
  const list = memberOf(values, 'lists');
  const entries = list === undefined ? undefined : sectionOf(subject, 'lists')[list];
  if (list === undefined || !Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, index) => {
    const problem = typeof entry === 'string' ? check(entry) : undefined;
    return problem === undefined ? [] : [{ ...problem, path: ['lists', list, index] }];
  });
}

/** The keys of tables that are read with the id of an asset. */
function tableKeys(subject: Subject): readonly Finding[] {
  const tables = new Set<string>();
  forEachNode(subject, (node) => {
    if (node.op !== '[]') return [];
    const table = memberOf(node.args[0], 'tables');
    if (table !== undefined && /(^|\.)asset$/.test(nameOf(node.args[1]))) tables.add(table);
    return [];
  });
  return [...tables].flatMap((table) =>
    [...(subject.policy.tables.get(table)?.keys() ?? [])].flatMap((key) => {
      const problem = unknownAsset(key, subject.policy, 'no transaction is about');
      return problem === undefined ? [] : [{ ...problem, path: ['tables', table, key], atKey: true }];
    }),
  );
}

/** `{ address: …, asset: ETHH }` */
function entryAssets(subject: Subject): readonly Finding[] {
  return Object.entries(sectionOf(subject, 'lists')).flatMap(([list, entries]) => {
    if (!Array.isArray(entries)) return [];
    return entries.flatMap((entry: unknown, index) => {
      const asset = typeof entry === 'object' && entry !== null && 'asset' in entry ? entry.asset : undefined;
      if (typeof asset !== 'string') return [];
      const problem = unknownAsset(
        asset,
        subject.policy,
        'this entry never matches: no transaction is about',
      );
      return problem === undefined ? [] : [{ ...problem, path: ['lists', list, index, 'asset'] }];
    });
  });
}
