// What facts read of the memory: see `Memory` in evaluate/memory.ts.

export interface Remembered {
  /** The announced transactions under its `externalTxId` and `txId`, as stored: JSON. */
  readonly expected: readonly StoredExpected[];
  /** The transaction that used the initiator's proof in this request; `undefined`: none has. */
  readonly proofUsedBy: string | undefined;
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
