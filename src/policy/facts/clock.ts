// `now`: the time of a decision, which rules can read in any time zone.

/**
 * Reused, because creating a formatter takes 250 µs and using it 5 µs; a signature takes 790 µs on the same machine.
 */
const formatters = new Map<string, Intl.DateTimeFormat>();

/**
 * Copies a date and replaces its `toLocaleString`, which cel-js calls for `now.getHours("Europe/Berlin")` and the like.
 */
export function clock(now: Date): Date {
  const time = new Date(now);
  time.toLocaleString = (_locale?: unknown, { timeZone = 'UTC' }: Intl.DateTimeFormatOptions = {}): string =>
    isoIn(timeZone, now);
  return time;
}

/** @returns local time such as `2026-03-08T02:30:00` @throws {RangeError} for an unknown time zone */
export function isoIn(timeZone: string, now: Date): string {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    // The Swedish format is that of ISO 8601, except for the space.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formatters.set(timeZone, formatter);
  }
  return formatter.format(now).replace(' ', 'T');
}
