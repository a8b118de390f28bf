// A limit of the policy: what it counts, for how long, and how much of it is allowed.
import { Decimal } from '../../protocol/decimal.js';
import { Address } from '../facts/address.js';
import { FactError } from '../facts/fact.js';
import type { Facts } from '../facts/facts.js';
import type { Compiled } from '../language/language.js';
import { keyOf, type KeyValue } from './key.js';
import type { Window } from './window.js';

/** An expression of a limit. */
export interface Expression extends Compiled {
  /** As written. */
  readonly source: string;
}

export interface Limit {
  readonly name: string;
  /** Which transactions count; `undefined`: all. */
  readonly when: Expression | undefined;
  /** What a transaction adds; `undefined`: 1. */
  readonly amount: Expression | undefined;
  /** There is a counter for each combination of their values. */
  readonly per: readonly Expression[];
  readonly window: Window;
  readonly max: Max;
  /** What happens to a transaction that does not fit. */
  readonly over: 'REJECT' | 'RETRY';
}

export interface Max {
  /** Keyed by `keyOf` the values. */
  readonly byKey: ReadonlyMap<string, MaxEntry>;
  /** For all other keys; `undefined`: the limit can't be evaluated for them. */
  readonly otherwise: Decimal | undefined;
}

export interface MaxEntry {
  /** What the policy writes for each value of `per`. */
  readonly written: readonly string[];
  readonly max: Decimal;
}

/** All expressions of a limit. */
export function expressionsOf({ when, amount, per }: Limit): readonly Expression[] {
  return [when, amount, ...per].filter((expression) => expression !== undefined);
}

/** Stands in for a rule's id if a limit decides. Ids of rules never begin like this. */
export const LIMIT_PREFIX = 'limits.';

/** What a request asks of one limit. */
export interface Asked {
  readonly key: string;
  readonly amount: Decimal;
  readonly max: Decimal;
}

const ONE = new Decimal(1);

/**
 * @returns `undefined` if the limit does not concern the request
 * @throws any error if it can't be evaluated; `explainError` explains it
 */
export function askedOf({ when, amount, per, max }: Limit, facts: Facts): Asked | undefined {
  if (when !== undefined && !isTrue(when.evaluate(facts))) return undefined;
  const values = per.map((expression) => toKeyValue(expression.evaluate(facts), expression));
  return {
    key: keyOf(values),
    amount: amount === undefined ? ONE : toAmount(amount.evaluate(facts)),
    max: maxFor(max, values),
  };
}

function isTrue(value: unknown): boolean {
  if (typeof value !== 'boolean') throw new FactError('the result of when is neither true nor false');
  return value;
}

function toAmount(value: unknown): Decimal {
  if (!(value instanceof Decimal)) throw new FactError('the result of amount is not an amount');
  if (value.lt(0)) throw new FactError('the amount is negative');
  return value;
}

function toKeyValue(value: unknown, { source }: Expression): KeyValue {
  if (typeof value === 'string' || value instanceof Address || value instanceof Decimal) return value;
  throw new FactError(`${source} in per is neither a string nor an address nor an amount`);
}

function maxFor({ byKey, otherwise }: Max, values: readonly KeyValue[]): Decimal {
  if (byKey.size > 0) {
    const max = byKey.get(keyOf(values)) ?? entryFor(byKey, values);
    if (max !== undefined) return max.max;
  }
  if (otherwise === undefined) throw new FactError('max has no entry for the values of per, and no default');
  return otherwise;
}

/** Addresses may be written in another way than their chain's canonical one. */
function entryFor(byKey: Max['byKey'], values: readonly KeyValue[]): MaxEntry | undefined {
  if (!values.some((value) => value instanceof Address)) return undefined;
  return [...byKey.values()].find(({ written }) =>
    values.every((value, place) => {
      const text = written[place] ?? '';
      return value instanceof Address ? value.equals(text) : keyOf([value]) === text;
    }),
  );
}
