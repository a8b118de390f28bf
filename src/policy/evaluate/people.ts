// People in a policy: who may approve, and what a rule holds a request for.
import type { Vote } from '../../approvals/quorum.js';
import type { Passkey } from '../../approvals/passkey.js';

export interface Person {
  readonly name: string;
  readonly passkeys: readonly Passkey[];
}

export interface Hold {
  readonly name: string;
  /** Keys of approvers. */
  readonly of: readonly string[];
  readonly quorum: number;
  readonly expiresMs: number;
  readonly onExpiry: 'REJECT' | 'RETRY';
  /** Approvers who may not approve what they initiated themselves, by the verified `tx.initiator` only. */
  readonly notInitiator: readonly string[];
}

/** How the workspace's Co-signer retries. */
export interface Retries {
  readonly everyMs: number;
  readonly forMs: number;
}

/** What is known of people's decisions about a request: verified under the policy in force. */
export interface People {
  /** When the request was first held, Unix time in ms; absent: it was not held before. */
  readonly since?: number | undefined;
  readonly votes: readonly Vote[];
  /** Votes that were counted when this transaction's approval was approved; they count for its signing as well. */
  readonly carried: readonly Vote[];
}

export const NO_PEOPLE: People = { votes: [], carried: [] };

/** Where a held request stands; in decisions, log lines and records. */
export interface HoldReport {
  readonly name: string;
  readonly state: 'waiting' | 'approved' | 'rejected' | 'expired';
  readonly quorum: number;
  /** Keys of those whose approvals count. */
  readonly approvals: readonly string[];
  readonly rejectedBy?: string;
  /** Who may not approve this request. Absent: nobody. */
  readonly excluded?: readonly string[];
  /** Whether the approval of the transaction was approved by people, and nobody had to decide again. */
  readonly carried?: boolean;
  /** ISO 8601 in UTC. */
  readonly since: string;
  readonly expires: string;
}
