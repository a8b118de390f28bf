// The key of a counter: the values of a limit's `per` as one text.
import { createHash } from 'node:crypto';
import type { Decimal } from '../../protocol/decimal.js';
import { Address } from '../facts/address.js';

export type KeyValue = string | Address | Decimal;

export const SEPARATOR = ' / ';

/** Longer values are replaced by their SHA-256, because requests may hold texts of megabytes. */
const MAX_VALUE = 200;

/** @returns such as `12 / USDC`; empty without values */
export function keyOf(values: readonly KeyValue[]): string {
  const [only] = values;
  if (values.length === 1 && only !== undefined) return textOf(only);
  // Otherwise, `a / b` and `c` would have the key of `a` and `b / c`.
  return values.map((value) => textOf(value).replaceAll(/[\\/]/g, '\\$&')).join(SEPARATOR);
}

/** @param count number of values @returns the values of a key as a policy writes it; another number if it is wrong */
export function valuesIn(key: string, count: number): readonly string[] {
  if (count === 1) return [key];
  return key.split(SEPARATOR).map((value) => value.replaceAll(/\\([\\/])/g, '$1'));
}

function textOf(value: KeyValue): string {
  const text =
    typeof value === 'string' ? value : value instanceof Address ? value.normalized : value.toFixed();
  if (text.length <= MAX_VALUE) return text;
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
