// Where a page of the history ends and the next one begins: one parameter of its address.
import { startOf } from '../../store/chain.js';

/**
 * Exact, whatever is written meanwhile and however clocks differ: each writer's records are read in the order of their
 * sequences, and the cursor has the place in each.
 */
export interface Cursor {
  /** The earliest time that was reached, Unix time in ms. Of writers without a place, records until then follow. */
  readonly time: number;
  /** The sequence of the record that follows, keyed by writer; 0: none does. */
  readonly places: ReadonlyMap<string, number>;
}

/** So that an address stays below 10 KB. Of more writers at one time, some records would be shown twice. */
const MAX_PLACES = 200;
const SEPARATOR = '_';

/** Before everything. @param time Unix time in ms; records after it are not shown */
export function cursorAt(time: number): Cursor {
  return { time, places: new Map() };
}

export function cursorToText({ time, places }: Cursor): string {
  const parts = [...places]
    // A writer that has no more records, and started later, is not looked at anyway.
    .filter(([writer, sequence]) => sequence > 0 || (startOf(writer) ?? 0) <= time)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_PLACES)
    .map(([writer, sequence]) => `${writer}.${sequence}`);
  return [time, ...parts].join(SEPARATOR);
}

/** @returns `undefined` if it is no cursor */
export function cursorFromText(text: string): Cursor | undefined {
  const [time = '', ...parts] = text.split(SEPARATOR);
  if (!/^\d{1,15}$/.test(time) || parts.length > MAX_PLACES) return undefined;
  const places = new Map<string, number>();
  for (const part of parts) {
    const [writer = '', sequence = ''] = part.split('.');
    if (startOf(writer) === undefined || !/^\d{1,12}$/.test(sequence)) return undefined;
    places.set(writer, Number(sequence));
  }
  return { time: Number(time), places };
}
