// Makes a decision from a policy: the first rule that matches decides.
import type { Action, Decision } from '../../protocol/decision.js';
import { type CallbackRequest, isSigning, type Kind } from '../../protocol/request.js';
import { type Facts, factsOf } from '../facts/facts.js';
import { explainError } from '../language/explain-error.js';
import type { Compiled } from '../language/language.js';
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
  /** The first 12 hex digits of the file's SHA-256. */
  readonly hash: string;
  readonly rules: readonly Rule[];
  /** The rules, keyed by the kind of request that they apply to, in order. */
  readonly rulesFor: Readonly<Record<Kind, readonly Rule[]>>;
  /** Finds those that may match a request. */
  readonly indexFor: Readonly<Record<Kind, RuleIndex>>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** The action if no rule matches. */
  readonly otherwise: Exclude<Action, 'APPROVE'>;
  /** The action if a rule can't be evaluated. */
  readonly onError: 'REJECT' | 'RETRY';
}

/** Stands in for the rule id if no rule made the decision. */
export const OTHERWISE = 'otherwise';

export interface RuleDecision extends Decision {
  /** Id of the rule that decided or could not be evaluated, or `otherwise`. */
  readonly rule: string;
  /** Why that rule could not be evaluated. It contains no values from the request. */
  readonly ruleError?: string;
  /** Hash of the policy. */
  readonly policy: string;
  /** Ids of the rules up to and including the one that decided, in order. */
  readonly tried: readonly string[];
}

/**
 * Decides by the first rule that matches. If a rule can't be evaluated, `onError` decides, and no later rule is
 * evaluated.
 */
export function decideBy(policy: Policy, request: CallbackRequest, now: Date): RuleDecision {
  const facts = factsOf(request, now);
  const rules = policy.rulesFor[request.kind];
  const index = policy.indexFor[request.kind];
  for (const place of index.candidates(facts)) {
    const rule = rules[place];
    if (rule === undefined) continue;
    const outcome = tryRule(rule, request, facts);
    if (outcome === false) continue;
    const origin = { policy: policy.hash, tried: index.ids.slice(0, place + 1) };
    if (outcome !== true) return failed(policy, rule.id, outcome.error, origin);
    const { action, id, reason } = rule;
    return { ...origin, action, rule: id, ...(reason !== undefined && { reason }) };
  }
  const origin = { policy: policy.hash, tried: index.ids };
  return policy.otherwise === 'IGNORE' && isSigning(request)
    ? failed(policy, OTHERWISE, IGNORED_SIGNING, origin)
    : { ...origin, action: policy.otherwise, rule: OTHERWISE, reason: 'No rule matched.' };
}

const IGNORED_SIGNING = 'a signing request can’t be ignored';

/** @returns whether the rule matches, or why it can't be evaluated */
export function tryRule(
  rule: Rule,
  request: CallbackRequest,
  facts: Facts,
): boolean | { readonly error: string } {
  try {
    const matches = rule.evaluate(facts);
    if (typeof matches !== 'boolean') return { error: 'its result is neither true nor false' };
    return matches && rule.action === 'IGNORE' && isSigning(request) ? { error: IGNORED_SIGNING } : matches;
  } catch (error) {
    return { error: explainError(error) };
  }
}

function failed(
  policy: Policy,
  rule: string,
  ruleError: string,
  origin: Pick<RuleDecision, 'policy' | 'tried'>,
): RuleDecision {
  const reason = `Rule ${rule} could not be evaluated for this request.`;
  return { ...origin, action: policy.onError, rule, ruleError, reason };
}
