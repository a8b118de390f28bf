// Makes the evaluation of rules strict about errors, and limits the steps and the time that it may take.
import { type ASTNode, type Environment as CelEnvironment, EvaluationError } from '@marcbachmann/cel-js';
import { BaseError } from '../../protocol/error.js';
import type { Context, EvaluableNode, Macro } from './macro.js';

/** Maximum steps per evaluation, because loops over a request's lists must end. */
const MAX_STEPS = 100_000;
/** Maximum time per evaluation, in ms, because a single step may search a string of a million characters. */
const MAX_MS = 2000;
/** Maximum length of a string or a list that `+` makes: doubled again and again, one would take all memory. */
const MAX_LENGTH = 1_000_000;
/** The clock is read only every 32 steps (a power of two), because reading it takes 0.4 µs, as long as a short rule. */
const STEPS_PER_CLOCK_READ = 32;
/** Steps left when the clock is read for the first time. */
const FIRST_CLOCK_READ = Math.floor((MAX_STEPS - 1) / STEPS_PER_CLOCK_READ) * STEPS_PER_CLOCK_READ;

/** An evaluation exceeded MAX_STEPS or MAX_MS. */
class BudgetError extends BaseError<'BUDGET_EXCEEDED'> {
  constructor(limit: string) {
    super('BUDGET_EXCEEDED', `it takes more than ${limit} for this request`);
  }
}

/** Name of the macro that changes the evaluator, once per environment. Rules can't call it. */
export const SETUP_MACRO = 'strictly';

/**
 * In CEL, `&&`, `||`, `all` and `exists` ignore an error if their other operands settle the result. Here every error
 * fails the evaluation: a rule must neither match nor fail to match because of facts that could not be read. cel-js
 * passes its evaluator to macros, which is where both changes are made; the language tests check them against new
 * versions.
 * @returns a function that resets the limits; to be called before each evaluation
 */
export function makeStrictAndBounded(environment: CelEnvironment): () => void {
  let stepsLeft = MAX_STEPS;
  let deadline = 0;
  const countStep = (): void => {
    stepsLeft--;
    if (stepsLeft < 0) throw new BudgetError(`${MAX_STEPS} steps`);
    if (stepsLeft % STEPS_PER_CLOCK_READ !== 0) return;
    const now = performance.now();
    if (stepsLeft === FIRST_CLOCK_READ) deadline = now + MAX_MS;
    else if (now > deadline) throw new BudgetError(`${MAX_MS} ms`);
  };
  const macro: Macro = () => ({
    typeCheck: (checker) => checker.getType('bool'),
    evaluate(evaluator) {
      evaluator.run = evaluator.tryEval = (node, context) => {
        countStep();
        if (node.op === '+') return withinLength(node.evaluate(evaluator, node, context));
        if (!isHas(node)) return node.evaluate(evaluator, node, context);
        if (isOwnerAbsent(node, context)) return false;
        return withLenientHas(node, () => node.evaluate(evaluator, node, context));
      };
      return true;
    },
  });
  environment.registerFunction(`${SETUP_MACRO}(ast): bool`, macro);
  environment.evaluate(`${SETUP_MACRO}(true)`);
  return () => {
    stepsLeft = MAX_STEPS;
  };
}

/** @throws {BudgetError} */
function withinLength(value: unknown): unknown {
  if ((typeof value === 'string' || Array.isArray(value)) && value.length > MAX_LENGTH) {
    throw new BudgetError(`a string or list of ${MAX_LENGTH} entries`);
  }
  return value;
}

/**
 * In CEL, `has(tx.call.method)` is an error if `tx.call` is absent. Here it is false, as an author expects.
 * @param node what is evaluated; cel-js passes the root of an expression to no macro, so the caller applies this to it
 */
export function withLenientHas(node: EvaluableNode, evaluate: () => unknown): unknown {
  if (!isHas(node)) return evaluate();
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof EvaluationError && error.code === 'no_such_key') return false;
    throw error;
  }
}

function isHas({ op, args }: EvaluableNode): boolean {
  return op === 'call' && Array.isArray(args) && args[0] === 'has';
}

/**
 * Whether it is `has(tx.call.method)` and `tx.call` is absent. Without this check, the error that cel-js creates, with an
 * excerpt of the expression, takes a fifth of the time of a decision by the worked rules.
 */
function isOwnerAbsent({ args }: EvaluableNode, context: Context): boolean {
  const [, [argument]] = args as readonly [string, readonly ASTNode[]];
  const owner = argument?.op === '.' ? argument.args[0] : undefined;
  if (owner?.op !== '.' || owner.args[0].op !== 'id') return false;
  const [{ args: variable }, fact] = owner.args;
  const facts = context.getValue(variable) as Readonly<Record<string, unknown>> | undefined;
  return facts !== undefined && facts[fact] === undefined;
}
