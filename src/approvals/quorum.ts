// Whether enough people have approved.
import type { Verdict } from './statement.js';

/** A verified decision of a person. */
export interface Vote {
  readonly approver: string;
  readonly verdict: Verdict;
  /** Of the passkey that signed. */
  readonly credentialId: string;
  readonly reason?: string | undefined;
}

export interface QuorumRules {
  /** Whose decisions count. */
  readonly of: readonly string[];
  readonly quorum: number;
  /** Whose approvals don't count, though their rejections do. */
  readonly excluded: readonly string[];
}

export type Outcome =
  | { readonly state: 'waiting' | 'approved'; readonly approvals: readonly string[] }
  | { readonly state: 'rejected'; readonly by: string; readonly reason: string | undefined };

/** One rejection rejects; the same approver twice counts once. */
export function tally(_votes: readonly Vote[], _rules: QuorumRules): Outcome {
  throw new Error('to be written by h/approvals');
}
