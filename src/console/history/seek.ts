// Finds where the records of writers pass a time, by binary search: no index is kept.
import type { Head } from '../../store/chain.js';
import { recordKey } from '../../store/keys.js';
import { type Item, MAX_KEYS } from '../../store/table.js';
import type { RecordStore } from '../records.js';
import { readBody } from './stream.js';

interface Search {
  readonly head: Head;
  /** The last sequence that is known to be early enough; 0 if none is. */
  early: number;
  /** The first sequence that is known to be too late. */
  late: number;
}

/**
 * Reads as many times as the longest of the writers has doubled, some 20 times for a million records.
 * @param time Unix time in ms
 * @returns each with the last sequence whose record is not after that time; 0 if there is none
 * @throws {StoreError}
 */
export async function seek(
  store: RecordStore,
  heads: readonly Head[],
  time: number,
): Promise<readonly (readonly [Head, number])[]> {
  const searches = heads.map((head): Search => ({ head, early: 0, late: head.sequence + 1 }));
  for (let open = searches; open.length > 0; open = open.filter(({ early, late }) => late - early > 1)) {
    const keys = open.map((search) => recordKey(search.head.writer, middleOf(search)));
    const items = await readAll(store, keys);
    for (const [place, search] of open.entries()) {
      const item = items[place];
      // What has expired is older than everything that has not.
      const isLate = item !== undefined && (await timeOf(store, item)) > time;
      if (isLate) search.late = middleOf(search);
      else search.early = middleOf(search);
    }
  }
  return searches.map(({ head, early }) => [head, early]);
}

function middleOf({ early, late }: Search): number {
  return Math.floor((early + late) / 2);
}

async function readAll(
  { table }: RecordStore,
  keys: readonly { partition: string; sort: string }[],
): Promise<readonly (Item | undefined)[]> {
  const parts = Array.from({ length: Math.ceil(keys.length / MAX_KEYS) }, (_, place) =>
    keys.slice(place * MAX_KEYS, (place + 1) * MAX_KEYS),
  );
  return (await Promise.all(parts.map((part) => table.read(part)))).flat();
}

/** One that can't be read counts as early, so that no record is lost. */
async function timeOf(store: RecordStore, { data }: Item): Promise<number> {
  const time = Date.parse((await readBody(store, data))?.at ?? '');
  return Number.isNaN(time) ? -Infinity : time;
}
