// The rule language: parses, type-checks and compiles expressions.
import type { ASTNode, Environment as CelEnvironment, ParseResult } from '@marcbachmann/cel-js';
import type { Kind } from '../../protocol/request.js';
import type { Facts } from '../facts/facts.js';
import { type Comparison, leadingComparisons } from './comparisons.js';
import { celEnvironments, type KnownNames, type Vocabulary } from './environment.js';
import type { EvaluableNode } from './macro.js';
import { misusedMembership } from './membership.js';
import {
  BOOLEAN,
  type ExpressionProblem,
  problemFinder,
  type Result,
  toProblem,
  wrongResult,
} from './problems.js';
import { slipsIn } from './slips.js';
import { makeStrictAndBounded, withLenientHas } from './strict.js';

export interface Compiled {
  readonly ast: ASTNode;
  /** If one of these is false for a request, the whole expression is false. */
  readonly comparisons: readonly Comparison[];
  /** @throws any error; `explainError` explains it */
  readonly evaluate: (facts: Facts) => unknown;
  /** Evaluates another expression, such as a part of this one. It is parsed on every call. */
  readonly evaluatePart: (source: string, facts: Facts) => unknown;
}

export interface Language {
  /**
   * Compiles an expression if its result is true or false; otherwise, returns its problems.
   * @param approves whether its rule approves
   */
  compile(source: string, approves: boolean): Compiled | readonly ExpressionProblem[];
  /** Compiles an expression for another result. */
  compileValue(source: string, result: Result): Compiled | readonly ExpressionProblem[];
}

/** @returns the language for each kind of rule */
export function languageWith(vocabulary: Vocabulary): Record<Kind, Language> {
  const { environments, known } = celEnvironments(vocabulary);
  return {
    transaction: language(environments.transaction, known),
    configuration: language(environments.configuration, known),
  };
}

/** Slips explain the other problems, which are their consequences. */
function withSlips(problems: readonly ExpressionProblem[], source: string): readonly ExpressionProblem[] {
  const slips = slipsIn(source);
  return slips.length > 0 ? slips : problems;
}

function language(environment: CelEnvironment, known: KnownNames): Language {
  const resetLimits = makeStrictAndBounded(environment);
  const findProblems = problemFinder(environment, known);

  const evaluate = (parsed: ParseResult, facts: Facts): unknown => {
    resetLimits();
    return withLenientHas(parsed.ast as ASTNode & EvaluableNode, () => parsed(facts));
  };

  const compile = (
    source: string,
    result: Result,
    misuses: (ast: ASTNode) => readonly ExpressionProblem[],
  ): Compiled | readonly ExpressionProblem[] => {
    try {
      // Constant parts are evaluated to find problems.
      resetLimits();
      const parsed = environment.parse(source);
      // Check the types first, because findProblems reads the types that the check stores in the nodes.
      const { type, error } = parsed.check();
      const problems = findProblems(source, parsed.ast, result);
      if (problems.length > 0) return withSlips(problems, source);
      const misused = misuses(parsed.ast);
      if (misused.length > 0) return misused;
      if (type === undefined || !result.types.includes(type)) {
        return [error === undefined ? wrongResult(result, type, 0) : toProblem(error, known, 0)];
      }
      return {
        ast: parsed.ast,
        comparisons: leadingComparisons(parsed.ast, known),
        evaluate: (facts) => evaluate(parsed, facts),
        evaluatePart: (part, facts) => evaluate(environment.parse(part), facts),
      };
    } catch (error) {
      return withSlips([toProblem(error, known, 0)], source);
    }
  };

  return {
    compile: (source, approves) => compile(source, BOOLEAN, (ast) => misusedMembership(ast, approves)),
    // A value that depends on what is listed could be evaded with another tag, whatever is done with it.
    compileValue: (source, result) => compile(source, result, (ast) => misusedMembership(ast, false)),
  };
}
