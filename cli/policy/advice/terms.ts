// Reads the comparisons of a condition: which values a fact can have, and which limit an amount has.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { type Literal, pathsOf, type TruePath } from './paths.js';

/** The type that the type check found; empty inside `has()`. */
export function typeOf(node: ASTNode & { readonly checkedType?: { readonly name: string } }): string {
  return node.checkedType?.name ?? '';
}

/** A fact as rules usually write it: `tx.asset`, also for `tx["asset"]`. */
export function nameOf(node: ASTNode): string {
  const known = NAMES.get(node);
  if (known !== undefined) return known;
  const name = serialize(node).replaceAll(/\["([A-Za-z_]\w*)"\]/g, '.$1');
  NAMES.set(node, name);
  return name;
}

/** Each part is compared with many others: without this, 500 rules took 6 s instead of 2 s. */
const NAMES = new WeakMap<ASTNode, string>();

type Relation = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A comparison of two values, as it is if its literal is as said. */
export interface Comparison {
  readonly relation: Relation;
  readonly left: ASTNode;
  readonly right: ASTNode;
}

const NEGATED: Readonly<Record<Relation, Relation>> = {
  '==': '!=',
  '!=': '==',
  '<': '>=',
  '<=': '>',
  '>': '<=',
  '>=': '<',
};
const MIRRORED: Readonly<Record<Relation, Relation>> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** Both ways to read a comparison: `a < b` and `b > a`. Empty for anything else. */
export function comparisonsOf({ node, holds }: Literal): readonly Comparison[] {
  switch (node.op) {
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=': {
      const [left, right] = node.args;
      const relation = holds ? node.op : NEGATED[node.op];
      return [
        { relation, left, right },
        { relation: MIRRORED[relation], left: right, right: left },
      ];
    }
    default:
      return [];
  }
}

/** The value of a string literal. */
export function stringOf(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}

/** The name of a list or table: `payees` of `lists.payees`. */
export function memberOf(node: ASTNode, owner: 'lists' | 'tables'): string | undefined {
  const name = nameOf(node);
  if (!name.startsWith(`${owner}.`)) return undefined;
  const member = name.slice(owner.length + 1);
  return /^\w+$/.test(member) ? member : undefined;
}

/**
 * The values to which a literal limits a fact: `tx.asset in ["BTC", "ETH"]`, `tx.destId in lists.vaults`.
 * @param isFact whether a node is the fact
 * @returns `undefined` if it leaves the fact open
 */
export function valuesIn(
  literal: Literal,
  isFact: (node: ASTNode) => boolean,
  policy: Policy,
): readonly string[] | undefined {
  const { node, holds } = literal;
  if (node.op === 'in') {
    const [left, right] = node.args;
    return holds && isFact(left) ? entriesOf(right, policy) : undefined;
  }
  for (const { relation, left, right } of comparisonsOf(literal)) {
    if (relation === '==' && isFact(left) && isFixed(right)) {
      const value = stringOf(right);
      return value === undefined ? [] : [value];
    }
  }
  return undefined;
}

/** What `in` searches: a list of literals, a list of the policy, or the keys of a table. */
function entriesOf(node: ASTNode, policy: Policy): readonly string[] | undefined {
  if (node.op === 'list') {
    return node.args.every(isFixed) ? node.args.flatMap((entry) => stringOf(entry) ?? []) : undefined;
  }
  const list = memberOf(node, 'lists');
  if (list !== undefined) {
    return (policy.lists.get(list) ?? []).map((entry) => (typeof entry === 'string' ? entry : entry.address));
  }
  const table = memberOf(node, 'tables');
  return table === undefined ? undefined : [...(policy.tables.get(table)?.keys() ?? [])];
}

/** Whether a value comes from the policy alone, except for the keys of tables. */
export function isFixed(node: ASTNode): boolean {
  if (node.op === '[]' && memberOf(node.args[0], 'tables') !== undefined) return true;
  switch (node.op) {
    case 'value':
      return true;
    case 'call':
      return node.args[0] === 'decimal' && node.args[1].every(isFixed);
    case '+':
    case '-':
    case '*':
      return node.args.every(isFixed);
    case '.':
      return memberOf(node.args[0], 'tables') !== undefined;
    default:
      return false;
  }
}

/** Whether a literal limits an amount from above by something fixed. */
export function isLimited(literal: Literal, isAmount: (node: ASTNode) => boolean): boolean {
  return limitOf(literal, isAmount) !== undefined;
}

/** The fixed limit that a literal sets for an amount from above. */
export function limitOf(literal: Literal, isAmount: (node: ASTNode) => boolean): ASTNode | undefined {
  return comparisonsOf(literal).find(
    ({ relation, left, right }) => ['<', '<=', '=='].includes(relation) && isAmount(left) && isFixed(right),
  )?.right;
}

/** The tables that a literal reads with a fact as the key. A missing key is an error, so they limit the fact. */
export function tablesKeyedBy({ node }: Literal, isFact: (node: ASTNode) => boolean): readonly string[] {
  return [...nodesIn(node)].flatMap((part) => {
    if (part.op !== '[]' || !isFact(part.args[1])) return [];
    return memberOf(part.args[0], 'tables') ?? [];
  });
}

/** What a literal says of every entry of a list: `tx.destinations.all(d, …)`. */
export interface EveryEntry {
  /** The list, such as `tx.destinations`. */
  readonly collection: string;
  /** How the condition names an entry. */
  readonly entry: string;
  /** The ways in which it can be true for an entry. */
  readonly paths: readonly TruePath[];
}

/** What a path says of every entry of the lists that it reads. */
export function everyEntryOn(path: TruePath): readonly EveryEntry[] {
  return path.flatMap((literal) => {
    const { node, holds } = literal;
    if (node.op !== 'rcall') return [];
    const [method, owner, [variable, predicate]] = node.args;
    if (variable === undefined || predicate === undefined) return [];
    const collection = nameOf(owner);
    const single = isSingle(path, collection);
    const isEvery = holds
      ? method === 'all' || (single && (method === 'exists' || method === 'exists_one'))
      : method === 'exists';
    if (!isEvery) return [];
    const paths = pathsOf(predicate, holds);
    return paths === undefined ? [] : [{ collection, entry: nameOf(variable), paths }];
  });
}

/** Whether a path demands that a list has one entry only. */
export function isSingle(path: TruePath, collection: string): boolean {
  return path.some((literal) =>
    comparisonsOf(literal).some(
      ({ relation, left, right }) =>
        nameOf(left) === `${collection}.size()` &&
        right.op === 'value' &&
        ((relation === '==' && Number(right.args) === 1) ||
          (relation === '<' && Number(right.args) === 2) ||
          (relation === '<=' && Number(right.args) === 1)),
    ),
  );
}

/** Whether a name occurs in a path, also inside `has()`. */
export function reads(path: TruePath, name: string): boolean {
  return path.some(({ node }) =>
    [...nodesIn(node)].some((part) => part.op !== 'value' && nameOf(part) === name),
  );
}

export function named(...names: readonly string[]): (node: ASTNode) => boolean {
  return (node) => names.includes(nameOf(node));
}
