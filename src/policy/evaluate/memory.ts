// What a decision may know of earlier ones: one consistent snapshot of the store, read before the decision.
import type { Counter, Share } from '../limits/counter.js';

export interface Memory {
  /** Keyed by `counterId`; a counter that is absent has counted nothing. */
  readonly counters: ReadonlyMap<string, Counter>;
  /** What this transaction has in counters already. */
  readonly shares: readonly Share[];
  /** The announced transactions under its `externalTxId` and `txId`, as stored: JSON. */
  readonly expected: readonly StoredExpected[];
  /** The transaction that used the initiator's proof in this request; `undefined`: none has. */
  readonly proofUsedBy: string | undefined;
  /** An essential that differs from what was approved for this transaction: REJECT by rule `changed`. */
  readonly changed: string | undefined;
  /** The id of this transaction, as proofs and announced transactions are bound to it. */
  readonly subject: string;
}

export interface StoredExpected {
  /** The id it is stored under. */
  readonly id: string;
  /** JSON, written by the customer's own systems: anything. */
  readonly data: string;
  /** The transaction that it was approved for; `undefined`: none yet. */
  readonly usedBy: string | undefined;
}

/** Without earlier decisions. */
export const NO_MEMORY: Memory = {
  counters: new Map(),
  shares: [],
  expected: [],
  proofUsedBy: undefined,
  changed: undefined,
  subject: '',
};
