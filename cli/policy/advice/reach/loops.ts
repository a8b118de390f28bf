// How many entries a list must have so that a condition can be as wanted. Searches try lists of a few entries only.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../../src/policy/language/nodes.js';
import { FALSE, TRUE, type Wanted } from './condition.js';
import { MAX_ENTRIES } from './mentions.js';

/** What a part of a rule's condition is to be. */
export interface WantedPart {
  readonly ast: ASTNode;
  readonly wanted: Wanted;
}

/**
 * Whether short lists are enough for the conditions together: a list that makes them as wanted can be shortened to the
 * entries that are needed.
 */
export function areShortListsEnough(parts: readonly WantedPart[]): boolean {
  return parts.reduce((sum, { ast, wanted }) => sum + entriesFor(ast, wanted), 0) <= MAX_ENTRIES;
}

/** Parts that are as wanted together if, and only if, the whole is. */
export function wantedParts(ast: ASTNode, wanted: Wanted): readonly WantedPart[] {
  if (ast.op === '!_') return wantedParts(ast.args, wanted === TRUE ? FALSE : TRUE);
  return ast.op === (wanted === TRUE ? '&&' : '||')
    ? ast.args.flatMap((part) => wantedParts(part, wanted))
    : [{ ast, wanted }];
}

/** @param wanted what the node is to be; 0 if that is not clear */
export function entriesFor(node: ASTNode, wanted: Wanted | 0): number {
  switch (node.op) {
    case '&&':
    case '||':
      return entriesFor(node.args[0], wanted) + entriesFor(node.args[1], wanted);
    case '!_':
      return entriesFor(node.args, opposite(wanted));
    case 'rcall': {
      const loop = loopOf(node);
      if (loop === undefined) return entriesBelow(childrenOf(node));
      return hasLoop(loop.body) ? Infinity : entriesOf(loop.name, wanted);
    }
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return entriesOfCount(node.op, node.args, wanted) ?? entriesBelow(node.args);
    default:
      return entriesBelow(childrenOf(node));
  }
}

function entriesOf(name: string, wanted: Wanted | 0): number {
  switch (name) {
    case 'all':
      return wanted === TRUE ? 0 : 1;
    case 'exists':
      return wanted === FALSE ? 0 : 1;
    case 'exists_one':
      return 2;
    default:
      return Infinity;
  }
}

/** `list.filter(d, …).size() > 1` */
function entriesOfCount(
  operator: string,
  [left, right]: readonly [ASTNode, ASTNode],
  wanted: Wanted | 0,
): number | undefined {
  const isSize = left.op === 'rcall' && left.args[0] === 'size';
  const loop = isSize ? loopOf(left.args[1]) : undefined;
  if (loop?.name !== 'filter' || right.op !== 'value') return undefined;
  if (hasLoop(loop.body)) return Infinity;
  const limit = Number(right.args);
  const isUpper = operator.startsWith('<');
  const isLower = operator.startsWith('>');
  if ((isUpper && wanted === TRUE) || (isLower && wanted === FALSE)) return 0;
  return limit + 1;
}

function opposite(wanted: Wanted | 0): Wanted | 0 {
  if (wanted === 0) return 0;
  return wanted === TRUE ? FALSE : TRUE;
}

/** Entries may be needed for either result. */
function entriesBelow(nodes: readonly ASTNode[]): number {
  return nodes.reduce((sum, node) => sum + entriesFor(node, 0), 0);
}

const LOOPS = ['all', 'exists', 'exists_one', 'filter', 'map'];

function loopOf(node: ASTNode): { readonly name: string; readonly body: ASTNode } | undefined {
  if (node.op !== 'rcall') return undefined;
  const [name, , [, body]] = node.args;
  return LOOPS.includes(name) && body !== undefined ? { name, body } : undefined;
}

function hasLoop(node: ASTNode): boolean {
  return [...nodesIn(node)].some((each) => loopOf(each) !== undefined);
}

function childrenOf({ args }: ASTNode): readonly ASTNode[] {
  const all: readonly unknown[] = Array.isArray(args) ? args.flat() : [args];
  return all.filter((each): each is ASTNode => typeof each === 'object' && each !== null && 'op' in each);
}
