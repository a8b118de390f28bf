// Finds a request that a rule decides.
import { NO_MEMORY } from '../../../../src/policy/evaluate/memory.js';
import { decideBy, type Policy } from '../../../../src/policy/evaluate/rules.js';
import { Analysis, type ReadRule } from './analysis.js';
import { FALSE } from './condition.js';
import { type Reaching, requestFrom } from './request.js';
import { possible } from './solve.js';
import type { State } from './state.js';

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
  let found: Reaching | undefined;
  // A limit that decides instead of the rule does not make it unreachable.
  const withoutLimits = { ...policy, limits: [] };
  const blocking = (state: State): ReadRule | null | undefined => {
    const candidate = requestFrom(state, rule.for);
    if (candidate === undefined) return null;
    const decision = decideBy(
      withoutLimits,
      candidate.request,
      candidate.now,
      undefined,
      undefined,
      NO_MEMORY,
    );
    if (decision.rule !== ruleId) {
      return (
        analysis.rules
          .slice(0, place)
          .find((each) => each.rule.id === decision.rule && isBlocking(each, state)) ?? null
      );
    }
    if (decision.ruleError !== undefined) return null;
    found = candidate;
    return undefined;
  };
  // A request that shows nothing of what is signed is simpler.
  analysis.reach(place, { extra: analysis.nothingSigned(), limit: LIMIT, blocking });
  if (found === undefined) analysis.reach(place, { limit: LIMIT, blocking });
  return found;
}

/** Whether the solver knows that the rule is not false. */
function isBlocking({ condition }: ReadRule, state: State): boolean {
  return (possible(condition, state) & FALSE) === 0;
}
