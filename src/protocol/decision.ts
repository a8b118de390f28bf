// Decisions and answers, as the Co-signer understands them ("Response object" in Fireblocks' documentation).
import { type CallbackRequest, isSigning } from './request.js';

export const ACTIONS = ['APPROVE', 'REJECT', 'RETRY', 'IGNORE'] as const;

/**
 * - `APPROVE`: go ahead.
 * - `REJECT`: final; the transaction or change fails.
 * - `RETRY`: ask again later (by default every 3 minutes, 20 times).
 * - `IGNORE`: let another approver decide; not allowed for signing requests.
 */
export type Action = (typeof ACTIONS)[number];

export interface Decision {
  readonly action: Action;
  /** Logged, and sent as `rejectionReason` with a REJECT, which Fireblocks stores in the workspace's audit log. */
  readonly reason?: string;
}

/** The body of a response: the claims of the signed JWT, or the JSON object itself in JSON mode. */
export interface Answer {
  readonly action: Action;
  /** The `requestId` of the request. */
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
 * Checks that the protocol allows a decision.
 * @throws {TypeError} for an unknown action, or for `IGNORE` on a signing request
 */
export function assertAllowed(decision: Decision, request: CallbackRequest): void {
  if (!ACTIONS.includes(decision.action)) {
    throw new TypeError(`the decision's action is not one of ${ACTIONS.join(', ')}`);
  }
  if (decision.action === 'IGNORE' && isSigning(request)) {
    throw new TypeError('the decision is IGNORE, which is not allowed for a signing request');
  }
}
