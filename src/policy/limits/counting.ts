// Counts transactions in counters. Pure: a counter is never changed, and a new one is returned.
import { add, Decimal, subtract } from '../../protocol/decimal.js';
import { type Bucket, type Claim, type Counter, counterId, type Share } from './counter.js';
import type { Limit } from './limit.js';
import { bucketAt, keepFrom, type Period, windowStart } from './window.js';

/** What is remembered of counters: the part of a decision's memory that limits need. */
export interface Counted {
  /** Keyed by `counterId`; a counter that is absent has counted nothing. */
  readonly counters: ReadonlyMap<string, Counter>;
  /** What this transaction has in counters already. */
  readonly shares: readonly Share[];
}

/** What has become of the counters and shares. */
export interface Settled {
  /** The counters that have changed, keyed by `counterId`. */
  readonly counters: ReadonlyMap<string, Counter>;
  /** All shares of the transaction. */
  readonly shares: readonly Share[];
}

export const NOTHING: Counter = { buckets: [] };
const ZERO = new Decimal(0);

/** What counts at this time. Never too small; too large by what is in one bucket at most. */
export function spent({ buckets }: Counter, { window }: Pick<Limit, 'window'>, now: Date): Decimal {
  const start = windowStart(window, now.getTime());
  let total = ZERO;
  // Exact, because no sum of a bucket has more digits than `add` allows; their total is checked at the end.
  for (const { to, sum } of buckets) if (to > start) total = total.plus(sum);
  return add(total, ZERO);
}

/** What is in counters of the share that the transaction has for this limit and key. */
export function ownShare(
  { shares }: Pick<Counted, 'shares'>,
  { limit, key }: Pick<Claim, 'limit' | 'key'>,
): Share | undefined {
  return shares.find((share) => share.limit === limit && share.key === key);
}

/** The counter as if the transaction had not been counted. If the share's bucket is gone, the share is gone with it. */
export function withoutShare(counter: Counter, share: Share | undefined): Counter {
  if (share === undefined) return counter;
  const amount = new Decimal(share.amount);
  return {
    buckets: counter.buckets.flatMap((bucket) => {
      // A bucket that holds less than the share can't be the one: nothing is taken from it, so that no sum is too small.
      if (!isSame(bucket, share) || bucket.sum.lt(amount)) return [bucket];
      const sum = subtract(bucket.sum, amount);
      return sum.isZero() ? [] : [{ ...bucket, sum }];
    }),
  };
}

/** What a transaction counts from now on: never less than at its earlier stage. */
export function amountToCount({ amount }: Pick<Claim, 'amount'>, share: Share | undefined): Decimal {
  return share === undefined ? amount : Decimal.max(amount, share.amount);
}

/**
 * Counts an approved transaction. What it had been counted for before moves to now. Shares of limits that do not concern
 * it any more stay as they are.
 */
export function settle(
  limits: readonly Limit[],
  claims: readonly Claim[],
  counted: Counted,
  now: Date,
): Settled {
  const counters = new Map<string, Counter>();
  const shares = [...counted.shares];
  for (const claim of claims) {
    const limit = limits.find(({ name }) => name === claim.limit);
    if (limit === undefined) continue;
    const own = ownShare(counted, claim);
    const amount = amountToCount(claim, own);
    const at = bucketAt(limit.window, now.getTime());
    const id = counterId(claim);
    const before = withoutShare(counted.counters.get(id) ?? NOTHING, own);
    counters.set(id, kept(withAmount(before, at, amount), limit, now));
    const share = { limit: claim.limit, key: claim.key, amount: amount.toFixed(), from: at.from, to: at.to };
    if (own === undefined) shares.push(share);
    else shares[shares.indexOf(own)] = share;
  }
  return { counters, shares };
}

/**
 * Gives back what a transaction was counted for, once its signing is rejected for good.
 * @param counted counters that were not read are left as they are
 * @returns the counters that change; the transaction has no shares then
 */
export function giveBack({ counters, shares }: Counted): ReadonlyMap<string, Counter> {
  const changed = new Map<string, Counter>();
  for (const share of shares) {
    const id = counterId(share);
    const counter = changed.get(id) ?? counters.get(id);
    if (counter !== undefined) changed.set(id, withoutShare(counter, share));
  }
  return changed;
}

function withAmount({ buckets }: Counter, at: Period, amount: Decimal): Counter {
  if (amount.isZero()) return { buckets };
  const known = buckets.find((bucket) => isSame(bucket, at));
  const bucket: Bucket = {
    from: at.from,
    to: at.to,
    sum: known === undefined ? amount : add(known.sum, amount),
  };
  const others = buckets.filter((each) => each !== known);
  return { buckets: [...others, bucket].sort((a, b) => a.from - b.from || a.to - b.to) };
}

function kept({ buckets }: Counter, { window }: Limit, now: Date): Counter {
  const start = keepFrom(window, now.getTime());
  return { buckets: buckets.filter(({ to }) => to > start) };
}

function isSame(a: Period, b: Period): boolean {
  return a.from === b.from && a.to === b.to;
}
