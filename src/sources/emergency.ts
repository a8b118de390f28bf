// What overrides the policy: the operator's emergency stop, then keys or a policy that could not be refreshed.
import type { Decide, PolicyDecision } from '../policy/evaluate/decide.js';
import type { StopAction } from './stop.js';

/** Stand in for the rule id in the log. Rule ids have no spaces, so that no rule can have the same one. */
export const EMERGENCY_STOP = 'emergency stop';
export const STALE = 'stale data';

/** What may override the policy; read once per request. */
export interface Emergency {
  readonly stop: { readonly action: StopAction | undefined };
  readonly freshness: { readonly stale: readonly string[] };
}

/** @returns a function that decides by the emergency stop, then by staleness, then by the policy */
export function decideUnless(emergency: Emergency, byPolicy: Decide): Decide {
  return (request) => emergencyDecision(emergency) ?? byPolicy(request);
}

/** @returns what overrides the policy now */
export function emergencyDecision({ stop, freshness }: Emergency): PolicyDecision | undefined {
  const { action } = stop;
  if (action !== undefined) {
    return { action, rule: EMERGENCY_STOP, reason: 'All decisions are stopped by the operator.' };
  }
  if (freshness.stale.length === 0) return undefined;
  const reason = 'Keys, policy or emergency stop could not be refreshed for too long.';
  return { action: 'RETRY', rule: STALE, reason };
}
