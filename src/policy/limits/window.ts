// The time that a limit looks back on, and the buckets that it is counted in.
import { type Calendar, periodOf } from './calendar-period.js';

/** A sliding window, or the day, week or month of a time zone. */
export type Window =
  | { readonly type: 'sliding'; readonly ms: number }
  | { readonly type: 'calendar'; readonly calendar: Calendar; readonly zone: string };

/** From a time, inclusive, to a time, exclusive: Unix time in ms. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

/**
 * Number of buckets in a sliding window. A bucket that overlaps the window counts whole, so that a sum is never too
 * small, and too large by what one bucket holds at most.
 */
export const BUCKETS = 96;

/** How far the clocks of two tasks may differ until one removes what the other still counts, in ms. */
const CLOCK_DIFFERENCE_MS = 60_000;

/** The bucket of what is counted at this time. Buckets of a sliding window begin at multiples of their length. */
export function bucketAt(window: Window, now: number): Period {
  if (window.type === 'calendar') return periodOf(window.calendar, window.zone, now);
  const length = window.ms / BUCKETS;
  const from = Math.floor(now / length) * length;
  return { from, to: from + length };
}

/**
 * Where the window begins. A bucket that ends later counts, also if it is in the future: the clock of the task that
 * wrote it is ahead of ours.
 */
export function windowStart(window: Window, now: number): number {
  return window.type === 'sliding' ? now - window.ms : bucketAt(window, now).from;
}

/** Buckets that end by this time are removed: they are older than the window by one bucket, and no clock counts them. */
export function keepFrom(window: Window, now: number): number {
  const { from, to } = bucketAt(window, now);
  return windowStart(window, now) - (to - from) - CLOCK_DIFFERENCE_MS;
}
