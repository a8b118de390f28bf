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

/** One rejection rejects; the same approver twice counts once. Names are in the order of the rules. */
export function tally(votes: readonly Vote[], { of, quorum, excluded }: QuorumRules): Outcome {
  const people = [...new Set(of)];
  for (const person of people) {
    const rejection = votes.find(({ approver, verdict }) => approver === person && verdict === 'reject');
    if (rejection !== undefined) return { state: 'rejected', by: person, reason: rejection.reason };
  }
  const approvals = people.filter(
    (person) =>
      !excluded.includes(person) &&
      votes.some(({ approver, verdict }) => approver === person && verdict === 'approve'),
  );
  // A quorum of nobody would be none.
  return { state: quorum >= 1 && approvals.length >= quorum ? 'approved' : 'waiting', approvals };
}
