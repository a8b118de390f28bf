// Reads the counters of limits in a store.
import type { Counter } from '../../../src/policy/limits/counter.js';
import { counterFromJson } from '../../../src/policy/limits/counter-json.js';
import { spent } from '../../../src/policy/limits/counting.js';
import type { Limit } from '../../../src/policy/limits/limit.js';
import type { Decimal } from '../../../src/protocol/decimal.js';
import { COUNTER_PREFIX } from '../../../src/store/keys.js';
import type { Table } from '../../../src/store/table.js';
import { windowText } from './window-text.js';

/** A counter, and how much of its limit is spent. */
export interface CounterRow {
  readonly limit: string;
  /** The values of `per` as one text; empty if there are none. */
  readonly key: string;
  /** What counts now; `undefined` if the policy has no such limit. */
  readonly spent: Decimal | undefined;
  /** `undefined` also if the limit has no maximum for this key. */
  readonly max: Decimal | undefined;
  readonly window: string | undefined;
}

/**
 * All counters, of the policy's limits in their order and the fullest first; then those of other limits.
 * @throws {StoreError} @throws {CounterError}
 */
export async function readCounters(
  table: Table,
  limits: readonly Limit[],
  now: Date,
): Promise<readonly CounterRow[]> {
  const rows: CounterRow[] = [];
  for await (const { partition, data } of table.scan(COUNTER_PREFIX)) {
    const [, name = '', key = ''] = /^L#([^#]*)#(.*)$/s.exec(partition) ?? [];
    rows.push(rowOf(name, key, counterFromJson(JSON.parse(data)), limits, now));
  }
  const placeOf = ({ limit }: CounterRow): number => {
    const place = limits.findIndex(({ name }) => name === limit);
    return place === -1 ? limits.length : place;
  };
  return rows.sort(
    (a, b) =>
      placeOf(a) - placeOf(b) ||
      compare(a.limit, b.limit) ||
      shareOf(b) - shareOf(a) ||
      compare(a.key, b.key),
  );
}

function rowOf(name: string, key: string, counter: Counter, limits: readonly Limit[], now: Date): CounterRow {
  const limit = limits.find((each) => each.name === name);
  if (limit === undefined) return { limit: name, key, spent: undefined, max: undefined, window: undefined };
  return {
    ...{ limit: name, key, spent: spent(counter, limit, now), max: maxOf(limit, key) },
    window: windowText(limit.window),
  };
}

/** Without the request, an address in the key is compared only apart from the case of its letters. */
function maxOf({ max: { byKey, otherwise } }: Limit, key: string): Decimal | undefined {
  const entry =
    byKey.get(key) ?? [...byKey].find(([other]) => other.toLowerCase() === key.toLowerCase())?.[1];
  return entry?.max ?? otherwise;
}

/** @returns how much of the maximum is spent, from 0 on; more than 1 if the maximum was lowered */
export function shareOf({ spent, max }: CounterRow): number {
  if (spent === undefined || max === undefined || spent.isZero()) return 0;
  return max.isZero() ? 1 : spent.div(max).toDecimalPlaces(6).toNumber();
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
