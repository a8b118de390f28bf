// Durations on the command line, such as 15m.
import { UsageError } from './command.js';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_NAMES: Readonly<Record<string, string>> = { s: 'second', m: 'minute', h: 'hour', d: 'day' };

/** @throws {UsageError} */
export function parseDuration(given: string): { readonly ms: number; readonly name: string } {
  const [, digits = '', unit = ''] = /^(\d{1,4})([smhd])$/.exec(given) ?? [];
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined) throw new UsageError(`--since takes a duration such as 15m, not "${given}"`);
  const count = Number(digits);
  const name = UNIT_NAMES[unit] ?? '';
  return { ms: count * unitMs, name: count === 1 ? name : `${count} ${name}s` };
}
