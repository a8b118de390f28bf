// Runs test cases against a policy, and counts what they cover.
import { explain, type Explanation } from '../../src/policy/evaluate/explain.js';
import { type Policy, type RuleDecision, signedBy } from '../../src/policy/evaluate/rules.js';
import { LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { type Case, type CaseFile, type EarlierRequest, invalidCases } from './case-file.js';
import { problemsOf } from './case-problems.js';
import { verdictsFor, withPasskeys } from './people.js';
import { type Occasion, occasionOf, type Simulated, Simulation } from './simulation.js';

export { readCases } from './case-file.js';

export interface CaseResult extends Case {
  readonly passed: boolean;
  readonly got: RuleDecision;
  /** Of a case that failed. */
  readonly explanation?: Explanation;
}

/** In how many cases a rule was evaluated, by the result. */
export interface RuleCoverage {
  readonly rule: string;
  readonly matched: number;
  readonly notMatched: number;
  /** It could not be evaluated. */
  readonly failed: number;
}

export interface TestRun {
  readonly results: readonly CaseResult[];
  /** Ids of the rules that did not decide any case. */
  readonly unmatched: readonly string[];
  readonly coverage: readonly RuleCoverage[];
}

/** The time of a case that does not say one: no rule that is evaluated for it reads the time. */
export const UNSAID = new Date(0);

/** @throws {InputError} with all problems, if cases do not fit the policy */
export function runCases(policy: Policy, { file, cases, problems }: CaseFile): TestRun {
  const decided = cases.map((testCase) => decideCase(policy, prepared(policy, testCase)));
  const decisions = decided.map(({ decision }) => decision);
  const all = [...problems, ...problemsOf(policy, cases, decisions)];
  if (all.length > 0) throw invalidCases(file, all);
  const results = cases.flatMap((testCase, index): readonly CaseResult[] => {
    const { decision: got, memory } = decided[index] ?? {};
    if (got === undefined) return [];
    if (isAsExpected(testCase, got)) return [{ ...testCase, passed: true, got }];
    const { request, now = UNSAID } = testCase;
    const explanation = explain(withPasskeys(policy), request, now, undefined, memory);
    return [{ ...testCase, passed: false, got, explanation }];
  });
  const coverage = coverageOf(policy, results);
  const unmatched = coverage.filter(({ matched }) => matched === 0).map(({ rule }) => rule);
  return { results, unmatched, coverage };
}

/** A case with what its transactions sign, which does not depend on rules. */
export interface PreparedCase extends Pick<Case, 'limits' | 'announced'> {
  readonly occasion: Occasion;
  /** Decided before, in order. */
  readonly earlier: readonly Occasion[];
}

export function prepared(policy: Policy, testCase: Case): PreparedCase {
  const { now = UNSAID, limits, announced, earlier } = testCase;
  const decidable = withPasskeys(policy);
  const occasionAt = ({ request, people }: EarlierRequest, at: Date): Occasion =>
    occasionOf(request, at, signedBy(policy, request), verdictsFor(decidable, people));
  return {
    ...{ limits, announced, occasion: occasionAt(testCase, now) },
    earlier: earlier.map((each) => occasionAt(each, each.now ?? now)),
  };
}

/** Decides a case, after the requests that it says were decided before. */
export function decideCase(
  policy: Policy,
  { limits, announced, earlier, occasion }: PreparedCase,
): Simulated {
  const simulation = new Simulation(withPasskeys(policy));
  simulation.announce(announced);
  if (limits.size > 0) simulation.setSpent(limits, occasion);
  for (const each of earlier) simulation.decide(each);
  return simulation.decide(occasion);
}

export function isAsExpected({ expected: { action, rule } }: Case, got: RuleDecision): boolean {
  return got.action === action && (rule === undefined || got.rule === rule);
}

function coverageOf({ rules }: Policy, results: readonly CaseResult[]): readonly RuleCoverage[] {
  const counts = new Map(rules.map(({ id }) => [id, { matched: 0, notMatched: 0, failed: 0 }]));
  for (const { got } of results) {
    // A limit decides only after the last rule that was tried has matched.
    const isLimit = got.rule.startsWith(LIMIT_PREFIX);
    const decisive = isLimit ? got.tried.at(-1) : got.rule;
    for (const id of got.tried) {
      const count = counts.get(id);
      if (count === undefined) continue;
      if (id !== decisive) count.notMatched++;
      else if (isLimit || got.ruleError === undefined) count.matched++;
      else count.failed++;
    }
  }
  return [...counts].map(([rule, count]) => ({ rule, ...count }));
}
