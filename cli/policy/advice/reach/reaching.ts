// Finds a request that a rule decides.
import { decideBy, type Policy } from '../../../../src/policy/evaluate/rules.js';
import { Analysis } from './analysis.js';
import { FALSE, TRUE } from './condition.js';
import type { State } from './state.js';
import { type Reaching, requestFrom } from './request.js';

/** Maximum number of conditions that are looked at. */
const LIMIT = 200_000;

/** Reading the rules again for each of them would take most of the time. */
const analyses = new WeakMap<Policy, Map<string, Analysis>>();

function analysisOf(policy: Policy, kind: 'transaction' | 'configuration'): Analysis {
  const known = analyses.get(policy) ?? new Map<string, Analysis>();
  analyses.set(policy, known);
  const analysis = known.get(kind) ?? new Analysis(policy, kind);
  known.set(kind, analysis);
  return analysis;
}

/**
 * A request that this rule decides, because its condition is true and those of all earlier rules are false.
 * @returns `undefined` if none is found: none exists, or the rule reads what is signed, which is not made up
 */
export function reachingRequest(policy: Policy, ruleId: string): Reaching | undefined {
  const rule = policy.rules.find(({ id }) => id === ruleId);
  if (rule === undefined) return undefined;
  const analysis = analysisOf(policy, rule.for);
  const place = analysis.rules.findIndex((each) => each.rule.id === ruleId);
  const target = analysis.rules[place];
  if (target === undefined) return undefined;
  let found: Reaching | undefined;
  const goals = [
    { condition: analysis.matching(target), wanted: TRUE } as const,
    ...analysis.rules.slice(0, place).map(({ condition }) => ({ condition, wanted: FALSE }) as const),
  ];
  const accept = (state: State): boolean => {
    const candidate = requestFrom(state, rule.for);
    if (candidate === undefined || !isDecidedBy(policy, candidate, ruleId)) return false;
    found = candidate;
    return true;
  };
  // A request that shows nothing of what is signed is simpler.
  const isFound = analysis.search([...goals, ...analysis.nothingSigned()], LIMIT, accept) === 'found';
  if (!isFound) analysis.search(goals, LIMIT, accept);
  return found;
}

function isDecidedBy(policy: Policy, { request, now }: Reaching, ruleId: string): boolean {
  const decision = decideBy(policy, request, now);
  return decision.rule === ruleId && decision.ruleError === undefined;
}
