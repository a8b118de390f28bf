// What the tests of the stores share.
import type { Test } from 'tap';
import type { Item, Table } from '../../src/store/table.js';
import type { Clock } from '../../src/store/time.js';

/** Opens an empty store. @param now by default, the real time */
export type Open = (t: Test, now?: Clock) => Promise<Table>;

export async function collect(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}
