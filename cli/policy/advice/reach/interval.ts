// Ranges of amounts. Amounts between two limits that a policy mentions are all alike to its rules.
import { Decimal } from '../../../../src/protocol/decimal.js';

export interface Interval {
  readonly low: Decimal;
  readonly high: Decimal;
  /** Whether `low` itself does not belong to it. */
  readonly isLowOpen: boolean;
  readonly isHighOpen: boolean;
}

const INFINITY = new Decimal(Infinity);

export function isInterval(value: unknown): value is Interval {
  return typeof value === 'object' && value !== null && 'isLowOpen' in value;
}

export function pointAt(value: Decimal): Interval {
  return { low: value, high: value, isLowOpen: false, isHighOpen: false };
}

export function isPoint({ low, high }: Interval): boolean {
  return low === high || low.eq(high);
}

/**
 * Divides all amounts from 0 into the limits, and the ranges between them.
 * @param limits in any order
 * @param pointsBetween if given, so many single amounts stand for each range, so that facts can be compared with
 *   each other
 */
export function divide(limits: readonly Decimal[], pointsBetween = 0): readonly Interval[] {
  const zero = new Decimal(0);
  const sorted = [zero, ...limits.filter((limit) => limit.gt(0))]
    .sort((a, b) => a.cmp(b))
    .filter((limit, index, all) => index === 0 || !limit.eq(all[index - 1] ?? zero));
  return sorted.flatMap((limit, index) => {
    const next = sorted[index + 1];
    const between = { low: limit, high: next ?? INFINITY, isLowOpen: true, isHighOpen: true };
    const points = Array.from({ length: pointsBetween }, (_, place) =>
      pointAt(amountIn(between, place, pointsBetween)),
    );
    return [pointAt(limit), ...(pointsBetween === 0 ? [between] : points)];
  });
}

/** An amount in a range, with few digits: the one at `place` of `count`. */
export function amountIn({ low, high }: Interval, place = 0, count = 1): Decimal {
  if (low.eq(high)) return low;
  if (!high.isFinite()) return low.plus(low.lt(1) ? 1 : low.times(place + 1)).plus(place);
  return low.plus(
    high
      .minus(low)
      .times(place + 1)
      .div(count + 1)
      .toSignificantDigits(20),
  );
}

export function addIntervals(one: Interval, other: Interval): Interval {
  return {
    low: one.low.plus(other.low),
    high: one.high.plus(other.high),
    isLowOpen: one.isLowOpen || other.isLowOpen,
    isHighOpen: one.isHighOpen || other.isHighOpen,
  };
}

export function negative({ low, high, isLowOpen, isHighOpen }: Interval): Interval {
  return { low: high.neg(), high: low.neg(), isLowOpen: isHighOpen, isHighOpen: isLowOpen };
}

/** @returns `undefined` unless both are without negative numbers, or one is a single number */
export function multiplyIntervals(one: Interval, other: Interval): Interval | undefined {
  if (isPoint(other)) return scale(one, other.low);
  if (isPoint(one)) return scale(other, one.low);
  if (one.low.lt(0) || other.low.lt(0)) return undefined;
  return {
    low: one.low.times(other.low),
    high: one.high.times(other.high),
    isLowOpen: one.isLowOpen || other.isLowOpen,
    isHighOpen: one.isHighOpen || other.isHighOpen,
  };
}

function scale(interval: Interval, factor: Decimal): Interval {
  if (factor.isZero()) return pointAt(factor);
  if (factor.lt(0)) return negative(scale(interval, factor.neg()));
  return { ...interval, low: interval.low.times(factor), high: interval.high.times(factor) };
}

/** @returns -1 if all of the first is less, 0 if both are the same number, 1 if more, `undefined` if it depends */
export function compareIntervals(one: Interval, other: Interval): -1 | 0 | 1 | undefined {
  if (isBelow(one, other)) return -1;
  if (isBelow(other, one)) return 1;
  return isPoint(one) && isPoint(other) ? 0 : undefined;
}

function isBelow(one: Interval, other: Interval): boolean {
  // Comparing decimals creates one, which is most of the work of a large policy. Rounding keeps their order.
  const [high, low] = [numberOf(one.high), numberOf(other.low)];
  if (high !== low) return high < low;
  return one.high.lt(other.low) || (one.high.eq(other.low) && (one.isHighOpen || other.isLowOpen));
}

const numbers = new WeakMap<Decimal, number>();

function numberOf(decimal: Decimal): number {
  const known = numbers.get(decimal);
  if (known !== undefined) return known;
  const number = decimal.toNumber();
  numbers.set(decimal, number);
  return number;
}

/** Whether they are certain to have no number in common. */
export function areApart(one: Interval, other: Interval): boolean {
  return isBelow(one, other) || isBelow(other, one);
}

/** The smallest range that contains all of them. */
export function hull(intervals: readonly Interval[]): Interval | undefined {
  return intervals.reduce<Interval | undefined>((sum, next) => {
    if (sum === undefined) return next;
    const lower = sum.low.cmp(next.low);
    const higher = sum.high.cmp(next.high);
    return {
      low: lower <= 0 ? sum.low : next.low,
      isLowOpen: lower < 0 ? sum.isLowOpen : lower > 0 ? next.isLowOpen : sum.isLowOpen && next.isLowOpen,
      high: higher >= 0 ? sum.high : next.high,
      isHighOpen:
        higher > 0 ? sum.isHighOpen : higher < 0 ? next.isHighOpen : sum.isHighOpen && next.isHighOpen,
    };
  }, undefined);
}
