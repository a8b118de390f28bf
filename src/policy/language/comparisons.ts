// The comparisons that an expression begins with. The rule index uses them to find rules.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { KnownNames } from './environment.js';

/** A comparison of a fact with a string, such as `tx.asset == "ETH"`. */
export interface Comparison {
  /** `tx` or `config` */
  readonly owner: string;
  readonly fact: string;
  readonly value: string;
}

/**
 * The comparisons joined by `&&` at the start of an expression. CEL evaluates them first and stops at the first that is
 * false.
 */
export function leadingComparisons(ast: ASTNode, known: KnownNames): readonly Comparison[] {
  const comparisons: Comparison[] = [];
  for (const part of conjuncts(ast)) {
    if (part.op !== '==') break;
    const [left, right] = part.args;
    if (left.op !== '.' || left.args[0].op !== 'id' || right.op !== 'value') break;
    const [{ args: owner }, fact] = left.args;
    const value = right.args;
    if (known[owner]?.[fact] !== 'string' || typeof value !== 'string') break;
    comparisons.push({ owner, fact, value });
  }
  return comparisons;
}

function conjuncts(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjuncts) : [node];
}
