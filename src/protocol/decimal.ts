// Exact decimal numbers for amounts, because floating-point numbers would round them.
import { Decimal as DecimalJs } from 'decimal.js';
import { BaseError } from './error.js';

/** Maximum number of digits of a result, before and after the decimal point. No chain has longer amounts. */
const MAX_DIGITS = 1000;
/** Maximum length of a number in a request or rule, in characters. */
const MAX_LENGTH = 200;

/** Precise enough that no sum, difference or product of two numbers within MAX_DIGITS is rounded. */
export const Decimal = DecimalJs.clone({ defaults: true, precision: 3 * MAX_DIGITS });
export type Decimal = DecimalJs;

/** An amount as programs write it: `0.010000000000000001`, `.5`, `5.`, `1e-8`. */
const AMOUNT = /^(?:\d+\.?\d*|\.\d+)(?:e([+-]?\d+))?$/i;
const SIGNED = /^-?\d+(\.\d+)?$/;

/**
 * Reads an amount exactly.
 * @returns `undefined` unless the string is digits with an optional decimal point and an optional exponent (no sign,
 *   spaces or separators), and the number has at most MAX_DIGITS digits before and after the decimal point
 */
export function parseAmount(text: string): Decimal | undefined {
  const match = text.length <= MAX_LENGTH ? AMOUNT.exec(text) : null;
  // Checked first, because decimal.js rounds a number with an enormous exponent to zero or infinity.
  if (match === null || Math.abs(Number(match[1] ?? 0)) > MAX_DIGITS) return undefined;
  const amount = new Decimal(text);
  return hasTooManyDigits(amount) ? undefined : amount;
}

/** Parses a number in a rule, which may be negative. */
export function parseDecimal(text: string): Decimal | undefined {
  return SIGNED.test(text) && text.length <= MAX_LENGTH ? new Decimal(text) : undefined;
}

/** Converts a JSON number via its shortest decimal form, which is the form that was sent. */
export function fromNumber(value: number): Decimal | undefined {
  return Number.isFinite(value) && value >= 0 ? new Decimal(value).abs() : undefined;
}

type Operation = (left: Decimal, right: Decimal) => Decimal;

/** A result has more than MAX_DIGITS digits, so it may not be exact. */
export class DigitsError extends BaseError<'NUMBER_TOO_LONG'> {
  constructor() {
    super('NUMBER_TOO_LONG', `a number has more than ${MAX_DIGITS} digits`);
  }
}

/** Exact arithmetic. @throws {DigitsError} */
export const add: Operation = (left, right) => checkDigits(left.plus(right));
export const subtract: Operation = (left, right) => checkDigits(left.minus(right));
export const multiply: Operation = (left, right) => checkDigits(left.times(right));

function checkDigits(result: Decimal): Decimal {
  if (hasTooManyDigits(result)) throw new DigitsError();
  return result;
}

function hasTooManyDigits(value: Decimal): boolean {
  return value.precision(true) > MAX_DIGITS || value.decimalPlaces() > MAX_DIGITS;
}
