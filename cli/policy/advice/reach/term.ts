// The values that parts of a condition have: those of facts, or sets of amounts; or none.
import { Decimal, parseAmount, parseDecimal } from '../../../../src/protocol/decimal.js';
import type { Value } from './condition.js';
import { type Interval, isInterval, pointAt } from './interval.js';

/** The term can't be evaluated, so that neither can its rule. */
export const FAILED = Symbol('failed');
/** The term's value is not known to the solver. */
export const UNKNOWN = Symbol('unknown');

export type ValueOf = (variable: number) => Value;

/** A destination that is looked up in a list with its tag. */
export interface DestinationValue {
  readonly destination: string;
  readonly tag: string | undefined;
}

export interface Term {
  readonly reads: readonly number[];
  readonly evaluate: (valueOf: ValueOf) => unknown;
  /** Pattern of the fact that it is. */
  readonly fact?: string;
  /** All values that it can have, if it is a constant or a value of a table. */
  readonly constants?: readonly unknown[];
  /** Whether its value may be unknown. */
  readonly isUncertain?: boolean;
}

export function constant(value: unknown): Term {
  return { reads: [], evaluate: () => value, constants: [value] };
}

/** A value of a table, which compares as a string and as a decimal. */
export interface TableText {
  readonly text: string;
}

export function isTableText(value: unknown): value is TableText {
  return typeof value === 'object' && value !== null && 'text' in value;
}

export function decimalOf(text: string): Decimal | undefined {
  return parseDecimal(text) ?? parseAmount(text);
}

/** A term that is not understood; it can't be evaluated if one of its parts can't. */
export function opaque(parts: readonly Term[]): Term {
  return {
    reads: parts.flatMap(({ reads }) => reads),
    evaluate: (valueOf) => (parts.some((part) => part.evaluate(valueOf) === FAILED) ? FAILED : UNKNOWN),
    isUncertain: true,
  };
}

export function toInterval(value: unknown): Interval | undefined {
  if (isInterval(value)) return value;
  if (value instanceof Decimal) return pointAt(value);
  const decimal = isTableText(value) ? decimalOf(value.text) : undefined;
  return decimal && pointAt(decimal);
}
