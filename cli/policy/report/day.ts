// The day of a logged time, in UTC or in another time zone.
import { UsageError } from '../../command.js';

/** @returns such as `2026-03-02`; `undefined` if it is no time in ISO form and UTC, as the service logs it */
export type DayOf = (time: string) => string | undefined;

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** @throws {UsageError} for an unknown time zone */
export function dayIn(zone: string): DayOf {
  if (zone === 'UTC') return (time) => (TIME.test(time) ? time.slice(0, 10) : undefined);
  const formatter = formatterFor(zone);
  // Logs are mostly in order, and formatting takes 5 µs: the day changes at full minutes only.
  let minute = '';
  let day: string | undefined;
  return (time) => {
    const next = time.slice(0, 16);
    if (next === minute) return day;
    const ms = TIME.test(time) ? Date.parse(time) : NaN;
    minute = next;
    day = Number.isNaN(ms) ? undefined : formatter.format(ms);
    return day;
  };
}

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  try {
    // The Swedish format is that of ISO 8601.
    return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
  } catch {
    throw new UsageError(`unknown time zone "${timeZone}": use a name such as Europe/Berlin or UTC`);
  }
}
