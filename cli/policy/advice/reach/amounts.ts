// Amounts that add up: of the destinations of a transaction, in units of its asset and in US dollars.
import { DEFAULT_OPERATION } from '../../../../src/protocol/request.js';
import { Decimal } from '../../../../src/protocol/decimal.js';
import {
  addIntervals,
  amountIn,
  areApart,
  hull,
  type Interval,
  isInterval,
  isPoint,
  pointAt,
} from './interval.js';
import { MAX_ENTRIES } from './mentions.js';
import type { Propagator } from './solve.js';
import type { State } from './state.js';
import type { Variable, Variables } from './variables.js';

/** Variables whose amounts must fit together in the end. */
export function amountVariables({ all }: Variables): readonly number[] {
  const patterns = [
    'tx.amount',
    'tx.requestedAmount',
    'tx.amountUsd',
    'tx.fee',
    'tx.operation',
    'tx.destinations',
  ];
  const related = all.filter(
    ({ pattern }) => patterns.includes(pattern) || /^tx\.destinations\[\]\.amount(?:Usd)?$/.test(pattern),
  );
  return related.map(({ id }) => id);
}

export function amountPropagators(variables: Variables): readonly Propagator[] {
  const list = variables.find('tx.destinations');
  if (list === undefined) return [];
  const usd = variables.find('tx.amountUsd');
  const amount = variables.find('tx.amount');
  return [
    ...(usd === undefined ? [] : [sumOf(usd, list, variables, 'amountUsd', false)]),
    ...(amount === undefined ? [] : [sumOf(amount, list, variables, 'amount', true)]),
  ];
}

/** @param isLimit whether the total is at least the sum, for a transfer; otherwise, it is the sum */
function sumOf(
  total: Variable,
  list: Variable,
  variables: Variables,
  fact: string,
  isLimit: boolean,
): Propagator {
  const operation = variables.find('tx.operation');
  return (state) => {
    const [count] = state.isSingle(list.id) ? state.valuesOf(list.id) : [];
    if (typeof count !== 'number' || !areAllPresent(state, [total.id])) return true;
    const parts = partsOf(variables, fact, count);
    if (parts === undefined || !areAllPresent(state, parts)) return true;
    if (isLimit && !isTransfer(state, operation)) return true;
    const sum = withMore(sumOfHulls(state, parts), count);
    const whole = atLeast(hullOf(state, total.id), isLimit);
    if (sum === undefined || whole === undefined) return true;
    const fits = (value: unknown): boolean =>
      isInterval(value) && !areApart(atLeast(value, isLimit) ?? value, sum);
    return (
      state.keep(total.id, fits) &&
      parts.every((part) => {
        const rest = parts.filter((other) => other !== part);
        const others = withMore(sumOfHulls(state, rest), count);
        return state.keep(part, (value) => {
          if (!isInterval(value)) return false;
          return !areApart(others === undefined ? value : addIntervals(value, others), whole);
        });
      })
    );
  };
}

/** So many destinations stand for more as well. */
function withMore(sum: Interval | undefined, count: number): Interval | undefined {
  if (sum === undefined || count < MAX_ENTRIES || sum.high.isZero()) return sum;
  return { ...sum, high: new Decimal(Infinity), isHighOpen: true };
}

function partsOf(variables: Variables, fact: string, count: number): readonly number[] | undefined {
  const parts = Array.from(
    { length: count },
    (_, index) => variables.find(`tx.destinations[${index}].${fact}`)?.id,
  );
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function isTransfer(state: State, operation: Variable | undefined): boolean {
  return (
    operation !== undefined && state.valuesOf(operation.id).every((value) => value === DEFAULT_OPERATION)
  );
}

function areAllPresent(state: State, variables: readonly number[]): boolean {
  return variables.every((id) => !state.valuesOf(id).includes(undefined));
}

/** All that does not exceed it. */
function atLeast(interval: Interval | undefined, isLimit: boolean): Interval | undefined {
  if (interval === undefined || !isLimit) return interval;
  return { ...interval, low: interval.low.times(0), isLowOpen: false };
}

function hullOf(state: State, variable: number): Interval | undefined {
  return hull(state.valuesOf(variable).filter(isInterval));
}

function sumOfHulls(state: State, variables: readonly number[]): Interval | undefined {
  return variables.reduce<Interval | undefined>((sum, id) => {
    const next = hullOf(state, id);
    return sum === undefined || next === undefined ? next : addIntervals(sum, next);
  }, undefined);
}

/**
 * Chooses an amount in each range so that they add up to an amount in another.
 * @returns the amounts and their sum; `undefined` if there are none
 */
export function distribute(
  total: Interval,
  parts: readonly Interval[],
): { readonly sum: Decimal; readonly amounts: readonly Decimal[] } | undefined {
  const likely = parts.map((part) => amountIn(part));
  if (contains(total, sumAll(likely))) return { sum: sumAll(likely), amounts: likely };
  const all = parts.reduce(addIntervals);
  const target = commonIn(total, all);
  if (target === undefined) return undefined;
  const lows = sumAll(parts.map(({ low }) => low));
  const highs = parts.map(({ low, high }) => (high.isFinite() ? high : target.plus(low).plus(1)));
  const range = sumAll(highs).minus(lows);
  const share = range.isZero() ? range : target.minus(lows).div(range);
  const amounts = parts.map(({ low }, index) =>
    low.plus((highs[index] ?? low).minus(low).times(share).toSignificantDigits(20)),
  );
  const flexible = parts.findIndex((part) => !isPoint(part));
  if (flexible >= 0) {
    const rest = sumAll(amounts.filter((_, index) => index !== flexible));
    amounts[flexible] = target.minus(rest);
  }
  const isRight =
    contains(total, sumAll(amounts)) &&
    parts.every((part, index) => contains(part, amounts[index] ?? part.low));
  return isRight ? { sum: sumAll(amounts), amounts } : undefined;
}

function sumAll(amounts: readonly Decimal[]): Decimal {
  return amounts.reduce((sum, amount) => sum.plus(amount), new Decimal(0));
}

function contains(interval: Interval, amount: Decimal): boolean {
  return !areApart(interval, pointAt(amount));
}

function commonIn(one: Interval, other: Interval): Decimal | undefined {
  if (areApart(one, other)) return undefined;
  const lower = one.low.gt(other.low) || (one.low.eq(other.low) && one.isLowOpen) ? one : other;
  const upper = one.high.lt(other.high) || (one.high.eq(other.high) && one.isHighOpen) ? one : other;
  return amountIn({ ...lower, high: upper.high, isHighOpen: upper.isHighOpen });
}
