// The decision of a policy: which rule made it, and what stands in for a rule.
import type { Decision } from '../../protocol/decision.js';
import type { LimitReport } from '../limits/standing.js';
import type { HoldReport } from './people.js';

/** Stands in for the rule id if the request contradicts what it signs. */
export const INTEGRITY = 'integrity';

/** Stands in for the rule id if the transaction differs from what was approved before. */
export const CHANGED = 'changed';

/** Stands in for the rule id if no rule made the decision. */
export const OTHERWISE = 'otherwise';

export interface RuleDecision extends Decision {
  /** Id of the rule that decided or could not be evaluated, `otherwise`, `integrity`, `changed`, or `limits.NAME`. */
  readonly rule: string;
  /** Why that rule could not be evaluated. It contains no values from the request. */
  readonly ruleError?: string;
  /** The check that refused the request, if the rule is `integrity`. */
  readonly check?: string;
  /** For a signing request with `rawTx`: whether it signs what it displays. */
  readonly verified?: boolean;
  /** Why it is not verified. */
  readonly problem?: string;
  /** What lists call the destinations. */
  readonly destinationName?: string;
  /** Hash of the policy. */
  readonly policy: string;
  /** The SHA-256 of the lists that the policy takes from elsewhere, keyed by name. Absent if there are none. */
  readonly lists?: Readonly<Record<string, string>>;
  /** Where the request stands with the limits that concern it, keyed by their names. */
  readonly limits?: Readonly<Record<string, LimitReport>>;
  /** Where the request stands with people, if a rule holds it. */
  readonly hold?: HoldReport;
  /** Ids of the rules up to and including the one that decided, in order. */
  readonly tried: readonly string[];
}
