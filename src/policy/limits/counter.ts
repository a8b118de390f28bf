// A limit's counter: sums in buckets of time. Pure: what is read and written is elsewhere.
import type { Decimal } from '../../protocol/decimal.js';

/** What was counted from one time to another. */
export interface Bucket {
  /** Unix time in ms, inclusive. */
  readonly from: number;
  /** Unix time in ms, exclusive. */
  readonly to: number;
  readonly sum: Decimal;
}

export interface Counter {
  /** In the order of `from`. */
  readonly buckets: readonly Bucket[];
}

/** What one transaction has in a counter. */
export interface Share {
  readonly limit: string;
  /** The values of the limit's `per`, as one text. */
  readonly key: string;
  /** A decimal. */
  readonly amount: string;
  /** The bucket's times. */
  readonly from: number;
  readonly to: number;
}

/** What a request asks of one limit. */
export interface Claim {
  readonly limit: string;
  readonly key: string;
  readonly amount: Decimal;
  readonly max: Decimal;
}

/** The id of a counter, as in `Memory.counters`. */
export function counterId({ limit, key }: { readonly limit: string; readonly key: string }): string {
  return `${limit}#${key}`;
}
