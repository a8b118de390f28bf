// Calls the decision function for a verified request, and ensures that the result is a valid answer.
import { assertAllowed, type Decision } from '../../protocol/decision.js';
import type { CallbackRequest } from '../../protocol/request.js';
import type { RuleDecision } from './rules.js';

/** A decision, with the rule if a policy made it. */
export type PolicyDecision = Decision & Partial<RuleDecision>;

/** Decides on one verified request. An error or a timeout becomes a RETRY. */
export type Decide = (request: CallbackRequest) => PolicyDecision | Promise<PolicyDecision>;

export interface SafeDecision {
  readonly decision: PolicyDecision;
  /** The error that caused the RETRY, if the decision failed. */
  readonly fault?: unknown;
}

export interface DecisionLimits {
  /** Maximum time for a decision, in ms. */
  readonly timeoutMs: number;
  /** Ends all pending decisions with RETRY. */
  readonly signal?: AbortSignal;
}

/** Decides, and never throws. After an internal error, the Co-signer retries instead of failing the transaction. */
export async function decideSafely(
  decide: Decide,
  request: CallbackRequest,
  limits: DecisionLimits,
): Promise<SafeDecision> {
  try {
    const startedAt = performance.now();
    const pending = decide(request);
    const decision = pending instanceof Promise ? await withTimeout(pending, limits) : pending;
    // A synchronous decision can't be interrupted, but must not be used if it is late.
    if (performance.now() - startedAt > limits.timeoutMs) throw timedOut(limits);
    assertAllowed(decision, request);
    return { decision };
  } catch (error) {
    return {
      decision: { action: 'RETRY', reason: 'The decision failed; see the error in the log.' },
      fault: error ?? new Error('the decision failed without giving a reason'),
    };
  }
}

function withTimeout(pending: Promise<PolicyDecision>, limits: DecisionLimits): Promise<PolicyDecision> {
  const { timeoutMs, signal } = limits;
  return new Promise((resolve, reject) => {
    const giveUp = (): void =>
      reject(new Error('the process is stopping, and the decision is still pending'));
    const timer = setTimeout(() => reject(timedOut(limits)), timeoutMs);
    signal?.addEventListener('abort', giveUp);
    if (signal?.aborted === true) giveUp();
    void pending.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    });
  });
}

function timedOut({ timeoutMs }: DecisionLimits): Error {
  return new Error(`no decision within ${Math.round(timeoutMs)} ms`);
}
