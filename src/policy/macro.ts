// The parts of cel-js's macro interface that are used here; its own types leave them open.
import type { ASTNode } from '@marcbachmann/cel-js';

export type Macro = (call: { args: readonly ASTNode[] }) => {
  typeCheck(checker: Checker, macro: unknown, context: unknown): unknown;
  evaluate(evaluator: Evaluator, macro: unknown, context: unknown): unknown;
};

export interface Checker {
  check(node: ASTNode, context: unknown): { readonly name: string };
  getType(name: string): { readonly name: string };
  createError(code: string, message: string, node: ASTNode | undefined): Error;
}

export interface Evaluator {
  run(node: ASTNode, context: unknown): unknown;
  tryEval(node: ASTNode, context: unknown): unknown;
}
