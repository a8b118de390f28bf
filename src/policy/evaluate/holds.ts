// Decides what a rule holds for people.
import type { Facts } from '../facts/facts.js';
import type { People } from './people.js';
import type { Policy, Rule, RuleDecision } from './rules.js';

/** At which people are counted. */
export interface Moment {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly facts: Facts;
  readonly people: People;
  readonly now: Date;
}

/** @returns RETRY while people decide, APPROVE with the quorum, REJECT by one of them, or what the hold says of its expiry */
export function decideHeld(_moment: Moment): Pick<RuleDecision, 'action' | 'reason' | 'hold'> {
  throw new Error('to be written by h/policy');
}
