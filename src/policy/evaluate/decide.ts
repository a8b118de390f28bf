// The decision: the seam between a verified request and the company's rules.
import { assertAllowed, type Decision } from '../../protocol/decision.js';
import type { CallbackRequest } from '../../protocol/request.js';
import type { RuleDecision } from './rules.js';

/** A decision, and with a policy the rule that made it. */
export type PolicyDecision = Decision & Partial<RuleDecision>;

/** Decides about one verified request. It may take its time; a throw or a time-out costs a RETRY. */
export type Decide = (request: CallbackRequest) => PolicyDecision | Promise<PolicyDecision>;

export interface SafeDecision {
  readonly decision: PolicyDecision;
  /** Why it is a RETRY nobody decided on. */
  readonly fault?: unknown;
}

export interface DecisionLimits {
  /** After how long a decision is given up, in ms. */
  readonly timeoutMs: number;
  /** Gives up every decision that is still open. */
  readonly signal?: AbortSignal;
}

/** Decides, whatever happens: a fault of ours costs the Co-signer a retry, never a transaction. */
export async function decideSafely(
  decide: Decide,
  request: CallbackRequest,
  limits: DecisionLimits,
): Promise<SafeDecision> {
  try {
    const startedAt = performance.now();
    const pending = decide(request);
    const decision = pending instanceof Promise ? await inTime(pending, limits) : pending;
    // What blocks can't be interrupted, but it comes too late all the same.
    if (performance.now() - startedAt > limits.timeoutMs) throw tooLate(limits);
    assertAllowed(decision, request);
    return { decision };
  } catch (error) {
    return {
      decision: { action: 'RETRY', reason: 'The decision failed; see the error in the log.' },
      fault: error ?? new Error('the decision failed without saying why'),
    };
  }
}

function inTime(pending: Promise<PolicyDecision>, limits: DecisionLimits): Promise<PolicyDecision> {
  const { timeoutMs, signal } = limits;
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error('the process stops before there is a decision'));
    const timer = setTimeout(() => reject(tooLate(limits)), timeoutMs);
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    void pending.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    });
  });
}

function tooLate({ timeoutMs }: DecisionLimits): Error {
  return new Error(`no decision within ${Math.round(timeoutMs)} ms`);
}
