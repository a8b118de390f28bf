// What the handler can answer, as the Co-signer understands it ("Response object" in Fireblocks' documentation).
import { type CallbackRequest, isSigning } from './request.js';

export const ACTIONS = ['APPROVE', 'REJECT', 'RETRY', 'IGNORE'] as const;

/**
 * - `APPROVE`: go ahead.
 * - `REJECT`: final; the transaction or change fails.
 * - `RETRY`: ask again later (by default every 3 minutes, 20 times).
 * - `IGNORE`: let another approver decide; not allowed when asked to sign.
 */
export type Action = (typeof ACTIONS)[number];

export interface Decision {
  readonly action: Action;
  /** Why. Logged, and sent as `rejectionReason` with a REJECT: it lands in the workspace's audit log. */
  readonly reason?: string;
}

/** The body of an answer: the claims of the signed JWT, or the JSON object itself in JSON mode. */
export interface Answer {
  readonly action: Action;
  /** The request's own, echoed. */
  readonly requestId: string;
  readonly rejectionReason?: string;
}

export function toAnswer(decision: Decision, requestId: string): Answer {
  const { action, reason } = decision;
  return action === 'REJECT' && reason !== undefined
    ? { action, requestId, rejectionReason: reason }
    : { action, requestId };
}

/**
 * Checks a decision against the protocol before it is signed.
 * @throws {TypeError} for an action that does not exist, or `IGNORE` where the Co-signer asks for a signature.
 */
export function assertAllowed(decision: Decision, request: CallbackRequest): void {
  if (!ACTIONS.includes(decision.action)) {
    throw new TypeError(`the decision's action is none of ${ACTIONS.join(', ')}`);
  }
  if (decision.action === 'IGNORE' && isSigning(request)) {
    throw new TypeError('the decision is IGNORE, which a signing request does not allow');
  }
}
