// What a passkey signs: the SHA-256 of a decision, the hash of the request, and the approver.
import { createHash } from 'node:crypto';
import { canonicalJson } from '../protocol/content.js';

export const VERDICTS = ['approve', 'reject'] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Statement {
  readonly verdict: Verdict;
  /** See `heldHash`. */
  readonly request: string;
  /** The approver's key in the policy. */
  readonly approver: string;
}

const LABEL = 'fireblocks-callback-handler: decision, version 1';

/** @returns the challenge of the passkey: a SHA-256 */
export function challengeOf({ verdict, request, approver }: Statement): Buffer {
  return createHash('sha256')
    .update(canonicalJson([LABEL, verdict, request, approver]))
    .digest();
}
