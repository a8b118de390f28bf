// Exact decimal numbers for amounts, because floating-point numbers would round them.
import { Decimal as DecimalJs } from 'decimal.js';
import { BaseError } from '../../protocol/error.js';

/** Maximum number of digits of a result, before and after the decimal point. No chain has longer amounts. */
const MAX_DIGITS = 1000;
/** Maximum length of a number in a request or rule, in characters. */
const MAX_LENGTH = 200;

/** Precise enough that no sum, difference or product of two numbers within MAX_DIGITS is rounded. */
export const Decimal = DecimalJs.clone({ defaults: true, precision: 3 * MAX_DIGITS });
export type Decimal = DecimalJs;

/** An amount as the protocol writes it, such as `0.010000000000000001`. */
const UNSIGNED = /^\d+(\.\d+)?$/;
const SIGNED = /^-?\d+(\.\d+)?$/;

/** @returns `undefined` unless the string is digits with an optional decimal point: no sign, exponent or spaces */
export function parseAmount(text: string): Decimal | undefined {
  return UNSIGNED.test(text) && text.length <= MAX_LENGTH ? new Decimal(text) : undefined;
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
  if (result.precision(true) > MAX_DIGITS || result.decimalPlaces() > MAX_DIGITS) throw new DigitsError();
  return result;
}
