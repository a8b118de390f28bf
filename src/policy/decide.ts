// The decision: the seam between a verified request and the company's rules.
import { assertAllowed, type Decision } from '../protocol/decision.js';
import type { CallbackRequest } from '../protocol/request.js';

/** Decides about one verified request. It may take its time; a throw or a time-out costs a RETRY. */
export type Decide = (request: CallbackRequest) => Decision | Promise<Decision>;

/** Without rules nothing is approved. */
export const rejectEverything: Decide = () => ({
  action: 'REJECT',
  reason: 'No policy is loaded: every request is rejected.',
});

export interface SafeDecision {
  readonly decision: Decision;
  /** Why it is a RETRY nobody decided on. */
  readonly fault?: unknown;
}

/**
 * Decides, whatever happens: a fault of ours costs the Co-signer a retry, never a transaction.
 * @param timeoutMs after how long a decision is given up
 */
export async function decideSafely(
  decide: Decide,
  request: CallbackRequest,
  timeoutMs: number,
): Promise<SafeDecision> {
  let timer: NodeJS.Timeout | undefined;
  try {
    const timeout = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`no decision within ${timeoutMs} ms`)), timeoutMs);
    });
    const decision = await Promise.race([decide(request), timeout]);
    assertAllowed(decision, request);
    return { decision };
  } catch (fault) {
    return {
      decision: { action: 'RETRY', reason: 'The decision failed; see the error in the log.' },
      fault,
    };
  } finally {
    clearTimeout(timer);
  }
}
