// Exact decimal numbers for amounts: no floats near money.
import { BaseError } from '../../protocol/error.js';
import { Decimal as DecimalJs } from 'decimal.js';

/** Digits a number may have, before and behind the point: what is longer is no amount of any chain. */
const MAX_DIGITS = 1000;
/** Digits an amount may have as it is written. */
const MAX_WRITTEN = 200;

/** Precise enough that no sum, difference or product of two numbers within MAX_DIGITS is ever rounded. */
export const Decimal = DecimalJs.clone({ defaults: true, precision: 3 * MAX_DIGITS });
export type Decimal = DecimalJs;

/** An amount as the protocol writes it (`0.010000000000000001`): digits, perhaps a point and digits. */
const UNSIGNED = /^\d+(\.\d+)?$/;
const SIGNED = /^-?\d+(\.\d+)?$/;

/** @returns `undefined` for anything but digits with a point: no sign, no exponent, no spaces */
export function parseAmount(text: string): Decimal | undefined {
  return UNSIGNED.test(text) && text.length <= MAX_WRITTEN ? new Decimal(text) : undefined;
}

/** A number in a rule, which may be negative. */
export function parseDecimal(text: string): Decimal | undefined {
  return SIGNED.test(text) && text.length <= MAX_WRITTEN ? new Decimal(text) : undefined;
}

/** A JSON number at its shortest decimal form, which is how it was published. */
export function fromNumber(value: number): Decimal | undefined {
  return Number.isFinite(value) && value >= 0 ? new Decimal(value).abs() : undefined;
}

type Operation = (left: Decimal, right: Decimal) => Decimal;

/** The result has too many digits to stay exact. */
export class DigitsError extends BaseError<'NUMBER_TOO_LONG'> {
  constructor() {
    super('NUMBER_TOO_LONG', `a number has more than ${MAX_DIGITS} digits`);
  }
}

/** Exact arithmetic. @throws {DigitsError} */
export const add: Operation = (left, right) => exact(left.plus(right));
export const subtract: Operation = (left, right) => exact(left.minus(right));
export const multiply: Operation = (left, right) => exact(left.times(right));

function exact(result: Decimal): Decimal {
  if (result.precision(true) > MAX_DIGITS || result.decimalPlaces() > MAX_DIGITS) {
    throw new DigitsError();
  }
  return result;
}
