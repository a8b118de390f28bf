// The parts of a transaction request that say what is signed and what is displayed, read once for all checks.
import type { Asset, Catalog } from './catalog.js';

/** One signature of the transaction. */
export interface RawEntry {
  /** The unsigned transaction, preimage or message; absent if the request has none. */
  readonly rawTx?: Buffer;
  /** What will be signed. */
  readonly payload?: Buffer;
  /** Why one of them can't be read: it is not hex. */
  readonly problem?: string;
  /** Such as `[ 44, 60, 0, 0, 0 ]`. */
  readonly keyDerivationPath?: string;
}

/** A destination as displayed. */
export interface Recipient {
  /** As sent; `displayDstAddress` and `dstAddress` agree, or this is absent. */
  readonly address?: string;
  /** In the smallest units of the asset; absent without an amount, or if the asset's decimals are not known. */
  readonly units?: bigint;
}

/** The displayed request. Amounts are in the smallest units; each is absent if it is not displayed or not known. */
export interface Signing {
  readonly operation: string;
  /** The request's `asset`, if the catalog has it. */
  readonly asset?: Asset;
  readonly entries: readonly RawEntry[];
  readonly destinations: readonly Recipient[];
  readonly destAddress?: string;
  /** `amountStr`, in units of `asset`. */
  readonly units?: bigint;
  /** `requestedAmountStr`, in units of `asset`. */
  readonly requestedUnits?: bigint;
  /** `fee`, as displayed: a decimal number of the chain's own coin. */
  readonly fee?: string;
  readonly extraParameters: Readonly<Record<string, unknown>>;
  readonly catalog: Catalog;
}
