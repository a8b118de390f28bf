// Pages of the history: decisions, newest first, with bounded work for each page.
import type { DecisionRecord } from '../../store/record.js';
import type { RecordStore } from '../records.js';
import { type Cursor, MARGIN_MS, NEWEST } from './cursor.js';
import { type Filter, fits, periodOf } from './filter.js';
import { Merge } from './merge.js';
import type { Entry } from './stream.js';

/** A decision, and where its record is. */
export interface Decided {
  readonly writer: string;
  readonly sequence: number;
  readonly record: DecisionRecord;
}

export interface HistoryPage {
  readonly decisions: readonly Decided[];
  /** Where the next page begins; absent on the last one. */
  readonly next: Cursor | undefined;
  /** Whether the page is full; otherwise, it ends because so much was looked at, or there is no more. */
  readonly isFull: boolean;
}

/** How many decisions a page shows, and how many records are looked at for it; large ones count more than once. */
export const PAGE_SIZE = 50;
export const MAX_LOOKS = 1000;

/**
 * @param filter must have no problem, see `filterProblem`
 * @param from where the page before ended
 * @throws {StoreError}
 */
export async function historyPage(
  store: RecordStore,
  filter: Filter,
  from?: Cursor,
  { size = PAGE_SIZE, looks = MAX_LOOKS }: { readonly size?: number; readonly looks?: number } = {},
): Promise<HistoryPage> {
  const decisions: Decided[] = [];
  const walk = await Walk.begin(store, filter, from);
  try {
    for (let left = looks; left > 0;) {
      const entry = await walk.next();
      if (entry === undefined) return { decisions, next: undefined, isFull: false };
      left -= entry.cost;
      const decided = decidedIn(entry, filter);
      if (decided !== undefined) decisions.push(decided);
      if (decisions.length === size) return { decisions, next: walk.cursor, isFull: true };
    }
    return { decisions, next: walk.cursor, isFull: false };
  } finally {
    await walk.close();
  }
}

/** All decisions that a filter asks for, however many. @throws {StoreError} */
export async function* allDecisions(store: RecordStore, filter: Filter): AsyncGenerator<Decided> {
  const walk = await Walk.begin(store, filter, undefined);
  try {
    for (let entry = await walk.next(); entry !== undefined; entry = await walk.next()) {
      const decided = decidedIn(entry, filter);
      if (decided !== undefined) yield decided;
    }
  } finally {
    await walk.close();
  }
}

function decidedIn({ writer, sequence, body }: Entry, filter: Filter): Decided | undefined {
  if (body?.type !== 'decision' || !fits(filter, body)) return undefined;
  return { writer, sequence, record: body };
}

/** A merge that ends with the filter's day. */
class Walk {
  readonly #merge: Merge;
  /** Unix time in ms. */
  readonly #end: number;

  private constructor(merge: Merge, end: number) {
    this.#merge = merge;
    this.#end = end;
  }

  static async begin(store: RecordStore, { day }: Filter, from: Cursor | undefined): Promise<Walk> {
    const period = day === undefined ? undefined : periodOf(day);
    // The order may differ from that of the times by a little.
    const start = period === undefined ? NEWEST : { ...NEWEST, time: period.to + MARGIN_MS };
    const merge = await Merge.open(store, from === undefined || from.time > start.time ? start : from);
    return new Walk(merge, period === undefined ? -Infinity : period.from - MARGIN_MS);
  }

  get cursor(): Cursor {
    return this.#merge.cursor;
  }

  async next(): Promise<Entry | undefined> {
    const entry = await this.#merge.next();
    return entry !== undefined && entry.time < this.#end ? undefined : entry;
  }

  close(): Promise<void> {
    return this.#merge.close();
  }
}
