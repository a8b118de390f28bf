// The day, week or month of a time zone that a time is in, also where the clocks change.
import { isoIn } from '../facts/clock.js';

export const CALENDARS = ['day', 'week', 'month'] as const;
export type Calendar = (typeof CALENDARS)[number];

const HOUR_MS = 3_600_000;
/** Local midnight is at most so long before and after midnight in UTC. One zone has skipped a whole day. */
const EARLIEST_MS = -15 * HOUR_MS;
const LATEST_MS = 40 * HOUR_MS;

interface Found {
  readonly from: number;
  readonly to: number;
}

/** The last period by calendar and zone: finding one takes 200 µs, several times as long as a decision by rules. */
const last = new Map<string, Found>();

/**
 * @param zone IANA name
 * @param now Unix time in ms
 * @returns Unix times in ms: the first moment of the period, and of the next one. Weeks begin on Monday
 */
export function periodOf(calendar: Calendar, zone: string, now: number): Found {
  const key = `${calendar} ${zone}`;
  const known = last.get(key);
  if (known !== undefined && now >= known.from && now < known.to) return known;
  const date = new Date(`${localDate(zone, now)}T00:00:00Z`);
  const found = {
    from: startOf(firstDay(calendar, date, 0), zone),
    to: startOf(firstDay(calendar, date, 1), zone),
  };
  last.set(key, found);
  return found;
}

/** @param date midnight in UTC of a local date @param later 0: the first day of its period; 1: of the next period */
function firstDay(calendar: Calendar, date: Date, later: 0 | 1): Date {
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (calendar) {
    case 'day':
      return new Date(Date.UTC(year, month, day + later));
    case 'week': {
      const sinceMonday = (date.getUTCDay() + 6) % 7;
      return new Date(Date.UTC(year, month, day - sinceMonday + 7 * later));
    }
    case 'month':
      return new Date(Date.UTC(year, month + later, 1));
  }
}

/** The first second of a local day. It need not be 00:00: clocks are changed at midnight, too. */
function startOf(date: Date, zone: string): number {
  const day = date.toISOString().slice(0, 10);
  let before = (date.getTime() + EARLIEST_MS) / 1000;
  let after = (date.getTime() + LATEST_MS) / 1000;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (localDate(zone, middle * 1000) < day) before = middle;
    else after = middle;
  }
  return after * 1000;
}

function localDate(zone: string, time: number): string {
  return isoIn(zone, new Date(time)).slice(0, 10);
}
