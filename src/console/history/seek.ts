// Finds where in writers' records a time is: by halves, because records are in the order of time.
import type { Head } from '../../store/chain.js';
import { recordKey } from '../../store/keys.js';
import type { Item } from '../../store/table.js';
import { bodyIn, type RecordStore } from '../records.js';
import { type Cursor, isAfter } from './cursor.js';

/** Records that are read at once. */
const BATCH = 25;

interface Search {
  readonly writer: string;
  /** This record comes after the cursor; 0: before the first record. */
  low: number;
  /** This one does not. */
  high: number;
}

/**
 * All writers are searched together, about 20 reads each.
 * @returns the highest sequence that comes after the cursor, keyed by writer; 0: none does
 * @throws {StoreError}
 */
export async function seek(
  store: RecordStore,
  heads: readonly Head[],
  cursor: Cursor,
): Promise<ReadonlyMap<string, number>> {
  const searches = heads.map(({ writer, sequence }): Search => ({ writer, low: 0, high: sequence + 1 }));
  for (;;) {
    const open = searches.filter(({ low, high }) => high - low > 1);
    if (open.length === 0) return new Map(searches.map(({ writer, low }) => [writer, low]));
    for (let first = 0; first < open.length; first += BATCH) {
      await halve(store, open.slice(first, first + BATCH), cursor);
    }
  }
}

async function halve(store: RecordStore, searches: readonly Search[], cursor: Cursor): Promise<void> {
  const middles = searches.map(({ low, high }) => Math.floor((low + high) / 2));
  const keys = searches.map(({ writer }, place) => recordKey(writer, middles[place] ?? 0));
  const items = await store.table.read(keys);
  for (const [place, search] of searches.entries()) {
    const at = await timeOf(store, items[place]);
    // What has no time was removed, because it is too old.
    const isOlder = Number.isNaN(at) || isAfter(cursor, at, search.writer);
    if (isOlder) search.low = middles[place] ?? 0;
    else search.high = middles[place] ?? 0;
  }
}

async function timeOf({ blobs }: RecordStore, item: Item | undefined): Promise<number> {
  const body = item && (await bodyIn(blobs, item.data));
  return Date.parse(body?.at ?? '');
}
