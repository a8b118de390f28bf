// Types for the parts of cel-js that it does not export: macros, the type checker and the evaluator.
import type { ASTNode } from '@marcbachmann/cel-js';

export type Macro = (call: { args: readonly ASTNode[] }) => {
  typeCheck(checker: Checker, macro: unknown, context: unknown): unknown;
  evaluate(evaluator: Evaluator, macro: unknown, context: Context): unknown;
  /** `false` if `evaluate` never returns a promise; otherwise, cel-js checks each result for one. */
  async?: false;
};

export interface Checker {
  check(node: ASTNode, context: unknown): { readonly name: string };
  getType(name: string): { readonly name: string };
  createError(code: string, message: string, node: ASTNode | undefined): Error;
}

export interface Evaluator {
  run(node: EvaluableNode, context: Context): unknown;
  /** Returns an error instead of throwing it. */
  tryEval(node: EvaluableNode, context: Context): unknown;
}

export interface EvaluableNode {
  readonly op?: string;
  /** The operands; of a call, its name and the list of its arguments. */
  readonly args?: unknown;
  evaluate(evaluator: Evaluator, node: EvaluableNode, context: Context): unknown;
  /** Set by the type checker. */
  readonly checkedType?: { readonly name: string };
}

/** The variables in scope. */
export interface Context {
  getValue(variable: string): unknown;
}
