// Reads pages of the history, newest first, with bounded work for each.
import type { DecisionRecord, NoteRecord } from '../../store/record.js';
import type { RecordStore } from '../records.js';
import { type Cursor, cursorAt } from './cursor.js';
import { MARGIN_MS, Merge } from './merge.js';
import { Budget, type HistoryRecord } from './stream.js';

/** A decision, or what an operator did. */
export interface HistoryEntry {
  readonly writer: string;
  readonly sequence: number;
  /** Unix time in ms. */
  readonly at: number;
  /** `undefined` if the record can't be read. */
  readonly body: DecisionRecord | NoteRecord | undefined;
}

export interface HistoryQuery {
  /** Unix times in ms: the first, inclusive, and the last, exclusive. Absent: all. */
  readonly period?: { readonly from: number; readonly to: number } | undefined;
  /** Where the page begins; absent: with the newest. */
  readonly cursor?: Cursor | undefined;
  /** Which entries are wanted. @default all */
  readonly matches?: ((body: DecisionRecord | NoteRecord) => boolean) | undefined;
  /** At most so many entries. @default 50 */
  readonly limit?: number;
  /** At most so many records are looked at. @default 1,000 */
  readonly maxRecords?: number;
}

export interface HistoryPage {
  /** Newest first. Records of tasks that ran at the same time are in the order of their times, as far as each kept it. */
  readonly entries: readonly HistoryEntry[];
  /** Where the next page begins; absent on the last one. */
  readonly next?: Cursor;
  /** If the page ended because it had looked at enough: the time that it reached, Unix time in ms. */
  readonly lookedUntil?: number;
}

const PAGE_SIZE = 50;
const MAX_RECORDS = 1000;
/** Records of typical size are 1.5 KB; the largest, 380 KB. */
const MAX_CHARACTERS = 8_000_000;
/** After every time in a record. */
const FOREVER = 999_999_999_999_999;

/** @throws {StoreError} */
export async function historyPage(store: RecordStore, query: HistoryQuery): Promise<HistoryPage> {
  const { period, matches, limit = PAGE_SIZE, maxRecords = MAX_RECORDS } = query;
  const cursor = query.cursor ?? cursorAt(period === undefined ? FOREVER : period.to - 1);
  const budget = new Budget(maxRecords, MAX_CHARACTERS);
  const merge = await Merge.start(store, budget, cursor, {
    from: period?.from ?? -Infinity,
    margin: query.cursor === undefined ? MARGIN_MS : 0,
  });
  const entries: HistoryEntry[] = [];
  for (;;) {
    const record = await merge.peek();
    if (record === undefined) return { entries };
    if (entries.length === limit) return { entries, next: merge.cursor };
    const entry = isWithin(record, period) ? entryOf(record) : undefined;
    if (entry !== undefined && isWanted(entry, matches)) entries.push(entry);
    await merge.advance();
    if (budget.isSpent && entries.length < limit && (await merge.peek()) !== undefined) {
      const { cursor: next } = merge;
      return { entries, next, lookedUntil: next.time };
    }
  }
}

function isWithin({ at }: HistoryRecord, period: HistoryQuery['period']): boolean {
  return period === undefined || (at >= period.from && at < period.to);
}

/** @returns `undefined` for the start of a process */
function entryOf({ writer, sequence, at, body }: HistoryRecord): HistoryEntry | undefined {
  if (body?.type === 'start') return undefined;
  return { writer, sequence, at, body };
}

/** One that can't be read is only shown if everything is. */
function isWanted({ body }: HistoryEntry, matches: HistoryQuery['matches']): boolean {
  return matches === undefined || (body !== undefined && matches(body));
}
