// Traversal of parsed expressions.
import type { ASTNode, ASTOperator } from '@marcbachmann/cel-js';

/** The node of one operator. */
export type NodeOf<Operator extends ASTOperator> = Extract<ASTNode, { readonly op: Operator }>;

/** Yields a node and all nodes below it, in no particular order. */
export function* nodesIn(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of childrenIn(node.args)) yield* nodesIn(child);
}

function childrenIn(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenIn);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}
