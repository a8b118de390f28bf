// The parts of cel-js that its own types leave open: the interface of macros, and how a node is evaluated.
import type { ASTNode } from '@marcbachmann/cel-js';

export type Macro = (call: { args: readonly ASTNode[] }) => {
  typeCheck(checker: Checker, macro: unknown, context: unknown): unknown;
  evaluate(evaluator: Evaluator, macro: unknown, context: unknown): unknown;
  /** Whether it may give a promise; cel-js takes it that it may, and looks for one. */
  async?: false;
};

export interface Checker {
  check(node: ASTNode, context: unknown): { readonly name: string };
  getType(name: string): { readonly name: string };
  createError(code: string, message: string, node: ASTNode | undefined): Error;
}

export interface Evaluator {
  run(node: EvaluableNode, context: Context): unknown;
  /** Returns an error in place of throwing it. */
  tryEval(node: EvaluableNode, context: Context): unknown;
}

export interface EvaluableNode {
  evaluate(evaluator: Evaluator, node: EvaluableNode, context: Context): unknown;
  /** Once it was checked. */
  readonly checkedType?: { readonly name: string };
}

/** The variables in scope. */
interface Context {
  getValue(variable: string): unknown;
}
