// When a limit has room again.
import type { Counter } from '../../policy/limits/counter.js';
import type { Limit } from '../../policy/limits/limit.js';
import { bucketAt, windowStart } from '../../policy/limits/window.js';
import type { Decimal } from '../../protocol/decimal.js';

export interface Freeing {
  /** Unix time in ms. */
  readonly at: number;
  /** What no longer counts from then on. */
  readonly amount: Decimal;
}

/** @returns when something that counts now stops counting; `undefined` if nothing counts */
export function nextFree(
  { buckets }: Counter,
  { window }: Pick<Limit, 'window'>,
  now: Date,
): Freeing | undefined {
  const time = now.getTime();
  const start = windowStart(window, time);
  const [first, ...others] = buckets.filter(({ to, sum }) => to > start && !sum.isZero());
  if (first === undefined) return undefined;
  if (window.type === 'sliding') return { at: Math.ceil(first.to + window.ms), amount: first.sum };
  const amount = others.reduce((total, { sum }) => total.plus(sum), first.sum);
  return { at: bucketAt(window, time).to, amount };
}
