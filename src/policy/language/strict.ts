// Makes the evaluation of rules strict about errors, and limits the steps and the time that it may take.
import { type Environment as CelEnvironment, EvaluationError } from '@marcbachmann/cel-js';
import { BaseError } from '../../protocol/error.js';
import type { EvaluableNode, Macro } from './macro.js';

/** Maximum steps per evaluation, because loops over a request's lists must end. */
const MAX_STEPS = 100_000;
/** Maximum time per evaluation, in ms, because a single step may search a string of a million characters. */
const MAX_MS = 2000;
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
        return isHas(node)
          ? hasFact(() => node.evaluate(evaluator, node, context))
          : node.evaluate(evaluator, node, context);
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

function isHas({ op, args }: EvaluableNode): boolean {
  return op === 'call' && Array.isArray(args) && args[0] === 'has';
}

/** In CEL, `has(tx.call.method)` is an error if `tx.call` is absent. Here it is false, as an author expects. */
function hasFact(evaluate: () => unknown): unknown {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof EvaluationError && error.code === 'no_such_key') return false;
    throw error;
  }
}
