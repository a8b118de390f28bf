// Where a page of the history ends, as the link to the next page has it.
import { startOf } from '../../store/chain.js';

/**
 * What was looked at is newer than the time. For writers whose records were looked at, it says where to go on, so that
 * no page depends on what is written meanwhile; all others are found by the time.
 */
export interface Cursor {
  /** Unix time in ms, exclusive but for writers that sort before `writer`. */
  readonly time: number;
  /** Of the last record that was looked at; empty: none was. */
  readonly writer: string;
  /** The highest sequence that was not looked at, keyed by writer; 0: nothing is left. */
  readonly places: ReadonlyMap<string, number>;
}

/** Before the newest record. */
export const NEWEST: Cursor = { time: Infinity, writer: '', places: new Map() };

/** How far times in one writer's records, and the clocks of two, may differ, in ms. */
export const MARGIN_MS = 60_000;

const FORM = /^\d{1,15}~[0-9TZa-f-]{0,40}(?:~[0-9TZa-f-]{1,40}:\d{1,12})*$/;

/** @returns text for an address, without characters that have to be encoded */
export function cursorText({ time, writer, places }: Cursor): string {
  return [time, writer, ...[...places].map(([name, place]) => `${name}:${place}`)].join('~');
}

/** @returns `undefined` if it is none */
export function parseCursor(text: string): Cursor | undefined {
  if (!FORM.test(text)) return undefined;
  const [time = '', writer = '', ...rest] = text.split('~');
  const places = new Map<string, number>();
  for (const each of rest) {
    const [name = '', place = ''] = each.split(':');
    if (startOf(name) === undefined) return undefined;
    places.set(name, Number(place));
  }
  return { time: Number(time), writer, places };
}

/** Whether a record of this time and writer comes after the cursor. */
export function isAfter({ time, writer: last }: Cursor, at: number, writer: string): boolean {
  return at < time || (at === time && writer < last);
}
