// A policy in force: its rules, in order; the first that matches decides.
import type { Action, Decision } from '../../protocol/decision.js';
import { type CallbackRequest, isSigning, type Kind } from '../../protocol/request.js';
import { factsOf } from '../facts/facts.js';
import { type Compiled, explainError, type Facts } from '../language/language.js';
import type { RuleIndex } from './rule-index.js';

export interface Rule extends Compiled {
  readonly id: string;
  readonly for: Kind;
  /** The expression as written. */
  readonly when: string;
  readonly action: Action;
  readonly reason: string | undefined;
}

export interface Policy {
  /** The beginning of the SHA-256 of the file, in hex: 12 characters. */
  readonly hash: string;
  readonly rules: readonly Rule[];
  /** The same, by what they are for. */
  readonly rulesFor: Readonly<Record<Kind, readonly Rule[]>>;
  /** Which of those need asking. */
  readonly indexFor: Readonly<Record<Kind, RuleIndex>>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** What no rule matched. */
  readonly otherwise: Exclude<Action, 'APPROVE'>;
  /** A rule that can't be evaluated. */
  readonly onError: 'REJECT' | 'RETRY';
}

/** The name that stands in place of a rule's when no rule matched. */
export const OTHERWISE = 'otherwise';

export interface RuleDecision extends Decision {
  /** The rule that decided, or that could not be evaluated; or `otherwise`. */
  readonly rule: string;
  /** Why that rule could not be evaluated. It holds no value of the request. */
  readonly ruleError?: string;
  /** The hash of the policy. */
  readonly policy: string;
  /** The rules that were tried, in order, that one included. */
  readonly tried: readonly string[];
}

/** Decides by the first rule that matches. A rule that can't be evaluated ends it: no later rule is asked. */
export function decideBy(policy: Policy, request: CallbackRequest, now: Date): RuleDecision {
  const facts = factsOf(request, now);
  const rules = policy.rulesFor[request.kind];
  const index = policy.indexFor[request.kind];
  for (const place of index.candidates(facts)) {
    const rule = rules[place];
    if (rule === undefined) continue;
    const outcome = tryRule(rule, request, facts);
    if (outcome === false) continue;
    const made = { policy: policy.hash, tried: index.ids.slice(0, place + 1) };
    return outcome === true
      ? {
          ...made,
          action: rule.action,
          rule: rule.id,
          ...(rule.reason !== undefined && { reason: rule.reason }),
        }
      : failed(policy, rule.id, outcome.error, made);
  }
  const made = { policy: policy.hash, tried: index.ids };
  return policy.otherwise === 'IGNORE' && isSigning(request)
    ? failed(policy, OTHERWISE, IGNORED_SIGNING, made)
    : { ...made, action: policy.otherwise, rule: OTHERWISE, reason: 'No rule matched.' };
}

const IGNORED_SIGNING = 'a signing request can’t be ignored';

/** Whether a rule matches, or why there is no telling. */
export function tryRule(
  rule: Rule,
  request: CallbackRequest,
  facts: Facts,
): boolean | { readonly error: string } {
  try {
    const matches = rule.evaluate(facts);
    if (typeof matches !== 'boolean') return { error: 'it is neither true nor false' };
    return matches && rule.action === 'IGNORE' && isSigning(request) ? { error: IGNORED_SIGNING } : matches;
  } catch (error) {
    return { error: explainError(error) };
  }
}

function failed(
  policy: Policy,
  rule: string,
  ruleError: string,
  made: Pick<RuleDecision, 'policy' | 'tried'>,
): RuleDecision {
  const reason = `Rule ${rule} could not be evaluated for this request.`;
  return { ...made, action: policy.onError, rule, ruleError, reason };
}
