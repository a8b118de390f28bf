// How much of each limit is spent, without a scan: of the counters whose keys are known.
import { counterFromJson } from '../../policy/limits/counter-json.js';
import type { Counter } from '../../policy/limits/counter.js';
import { NOTHING, spent } from '../../policy/limits/counting.js';
import type { Limit } from '../../policy/limits/limit.js';
import { Decimal, subtract } from '../../protocol/decimal.js';
import { isObject } from '../../protocol/request.js';
import { counterKey } from '../../store/keys.js';
import { type Item, MAX_KEYS, type Table } from '../../store/table.js';
import { historyPage } from '../history/read.js';
import type { RecordStore } from '../records.js';
import { type Freeing, nextFree } from './next-free.js';

/** One counter of a limit. */
export interface Spent {
  /** The values of `per` as one text; empty if there are none. */
  readonly key: string;
  /** What counts now; `undefined` if what is stored can't be read. */
  readonly spent: Decimal | undefined;
  /** `undefined` if the limit has no maximum for this key. */
  readonly max: Decimal | undefined;
  /** At least 0. */
  readonly remaining: Decimal | undefined;
  /** How much of the maximum is spent: from 0 to 1, or more if the maximum was lowered. */
  readonly share: number;
  /** When something that counts now stops counting; `undefined` if nothing counts. */
  readonly frees: Freeing | undefined;
}

export interface LimitRows {
  readonly limit: Limit;
  /** The fullest first. */
  readonly rows: readonly Spent[];
  /** Whether there are known keys that are not among the rows. */
  readonly isCut: boolean;
}

/** A key that somebody asked for. */
export interface Lookup {
  readonly limit: string;
  readonly key: string;
}

/** Of each limit, at most so many counters are read. */
export const MAX_ROWS = 100;
/** How many of the newest decisions say which keys are in use. */
const NEWEST = 200;

/**
 * Counters of limits with `per` are those in the table of `max`, those that the newest decisions have looked at, and the
 * one that was asked for.
 * @throws {StoreError}
 */
export async function limitRows(
  store: RecordStore,
  limits: readonly Limit[],
  now: Date,
  lookup?: Lookup,
): Promise<readonly LimitRows[]> {
  const isUsed = limits.some(({ per }) => per.length > 0);
  const used = isUsed ? await usedKeys(store) : new Map<string, Set<string>>();
  return Promise.all(
    limits.map(async (limit) => {
      const asked = lookup?.limit === limit.name && limit.per.length > 0 ? [lookup.key] : [];
      const recent = used.get(limit.name) ?? [];
      const known = limit.per.length === 0 ? [''] : [...asked, ...recent, ...limit.max.byKey.keys()];
      const keys = [...new Set(known)];
      const rows = await rowsOf(store.table, limit, keys.slice(0, MAX_ROWS), now);
      return { limit, rows, isCut: keys.length > MAX_ROWS };
    }),
  );
}

/** @returns keys in use, by name of the limit */
async function usedKeys(store: RecordStore): Promise<Map<string, Set<string>>> {
  const keys = new Map<string, Set<string>>();
  const { decisions } = await historyPage(store, {}, undefined, { size: NEWEST });
  for (const { record } of decisions) {
    if (!isObject(record.limits)) continue;
    for (const [name, report] of Object.entries(record.limits)) {
      const key = isObject(report) ? report['key'] : undefined;
      if (typeof key !== 'string') continue;
      keys.set(name, (keys.get(name) ?? new Set()).add(key));
    }
  }
  return keys;
}

async function rowsOf(
  table: Table,
  limit: Limit,
  keys: readonly string[],
  now: Date,
): Promise<readonly Spent[]> {
  const rows: Spent[] = [];
  for (let first = 0; first < keys.length; first += MAX_KEYS) {
    const some = keys.slice(first, first + MAX_KEYS);
    const items = await table.read(some.map((key) => counterKey(limit.name, key)));
    rows.push(...some.map((key, place) => rowOf(limit, key, items[place], now)));
  }
  return rows.sort((a, b) => b.share - a.share);
}

function rowOf(limit: Limit, key: string, item: Item | undefined, now: Date): Spent {
  const max = maxOf(limit, key);
  const counter = counterIn(item);
  const sum = counter && spent(counter, limit, now);
  const remaining = sum && max && Decimal.max(0, subtract(max, sum));
  const frees = counter && nextFree(counter, limit, now);
  return { key, spent: sum, max, remaining, share: shareOf(sum, max), frees };
}

/** @returns `undefined` if what is stored can't be read */
function counterIn(item: Item | undefined): Counter | undefined {
  try {
    return item === undefined ? NOTHING : counterFromJson(JSON.parse(item.data));
  } catch {
    return undefined;
  }
}

/** Without the request, an address in the key is compared only apart from the case of its letters. */
function maxOf({ max: { byKey, otherwise } }: Limit, key: string): Decimal | undefined {
  const entry =
    byKey.get(key) ?? [...byKey].find(([other]) => other.toLowerCase() === key.toLowerCase())?.[1];
  return entry?.max ?? otherwise;
}

function shareOf(sum: Decimal | undefined, max: Decimal | undefined): number {
  if (sum === undefined || max === undefined || sum.isZero()) return 0;
  return max.isZero() ? 1 : sum.div(max).toDecimalPlaces(6).toNumber();
}
