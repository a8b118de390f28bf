// How many entries a list must have so that a condition can be as wanted. Searches try lists of a few entries only.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../../src/policy/language/nodes.js';
import { MAX_ENTRIES } from './mentions.js';
import { FALSE, TRUE, type Wanted } from './condition.js';

/**
 * Whether short lists are enough for the conditions together: a list that makes them as wanted can be shortened to the
 * entries that are needed.
 */
export function areShortListsEnough(
  parts: readonly { readonly ast: ASTNode; readonly wanted: Wanted }[],
): boolean {
  return parts.reduce((sum, { ast, wanted }) => sum + entriesFor(ast, wanted), 0) <= MAX_ENTRIES;
}

/** @param wanted what the node is to be; 0 if that is not clear */
function entriesFor(node: ASTNode, wanted: Wanted | 0): number {
  switch (node.op) {
    case '&&':
    case '||':
      return entriesFor(node.args[0], wanted) + entriesFor(node.args[1], wanted);
    case '!_':
      return entriesFor(node.args, opposite(wanted));
    case 'rcall': {
      const [name, receiver, args] = node.args;
      if (!['all', 'exists'].includes(name)) return entriesBelow([receiver, ...args]);
      const body = args[1];
      if (body !== undefined && hasLoop(body)) return Infinity;
      const isNeeded = name === 'exists' ? wanted !== FALSE : wanted !== TRUE;
      return isNeeded ? 1 : 0;
    }
    default:
      return entriesBelow(childrenOf(node));
  }
}

function opposite(wanted: Wanted | 0): Wanted | 0 {
  if (wanted === 0) return 0;
  return wanted === TRUE ? FALSE : TRUE;
}

/** Entries may be needed for either result. */
function entriesBelow(nodes: readonly ASTNode[]): number {
  return nodes.reduce((sum, node) => sum + (isCounting(node) ? Infinity : entriesFor(node, 0)), 0);
}

function hasLoop(node: ASTNode): boolean {
  return [...nodesIn(node)].some((each) => each.op === 'rcall' && LOOPS.includes(each.args[0]));
}

const LOOPS = ['all', 'exists', 'exists_one', 'filter', 'map'];

function isCounting(node: ASTNode): boolean {
  return node.op === 'rcall' && LOOPS.slice(2).includes(node.args[0]);
}

function childrenOf({ args }: ASTNode): readonly ASTNode[] {
  const all: readonly unknown[] = Array.isArray(args) ? (args.flat() as unknown[]) : [args];
  return all.filter((each): each is ASTNode => typeof each === 'object' && each !== null && 'op' in each);
}
