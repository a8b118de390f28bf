// A limit's window, as a policy writes it.
import type { Window } from '../../../src/policy/limits/window.js';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** @returns such as `24h`, or `day in Europe/Berlin` */
export function windowText(window: Window): string {
  if (window.type === 'calendar') return `${window.calendar} in ${window.zone}`;
  // 24h stays 24h; days only from two on.
  const [unit, ms] =
    UNITS.find(([name, length]) => window.ms % length === 0 && (name !== 'd' || window.ms > length)) ??
    UNITS[2];
  return `${window.ms / ms}${unit}`;
}
