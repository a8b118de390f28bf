// Amounts in units of an asset (`0.01` ETH) and in its smallest units (10^16 wei), converted exactly.
import { Decimal, parseAmount } from '../protocol/decimal.js';
import type { Asset } from './catalog.js';

/** @returns `undefined` for a string that is no amount, or has more decimal places than the asset */
export function toUnits(amount: string, decimals: number): bigint | undefined {
  const parsed = parseAmount(amount);
  if (parsed === undefined) return undefined;
  const units = parsed.times(Decimal.pow(10, decimals));
  return units.isInteger() ? BigInt(units.toFixed()) : undefined;
}

export function toAmount(units: bigint, decimals: number): Decimal {
  return new Decimal(units.toString()).dividedBy(Decimal.pow(10, decimals));
}

/** @returns such as `0.001 BTC` */
export function showAmount(units: bigint, { id, decimals }: Asset): string {
  return `${toAmount(units, decimals).toFixed()} ${id}`;
}

/** An integer as a decimal number, for facts. */
export function toInteger(value: bigint | number): Decimal {
  return new Decimal(value.toString());
}
