// Reads the list of requests that wait for people.
import { LISTED_AFTER_SECONDS } from '../../memory/held-writes.js';
import { WAITING, waitingKey } from '../../store/keys.js';
import type { Item, Query, Table } from '../../store/table.js';

/** How many requests are looked at together. */
export const MAX_WAITING = 1000;
const MINUTE_MS = 60_000;
/** Alarms are about requests that wait longer. */
const LONG_MS = 10 * MINUTE_MS;

/** For metrics. */
export interface Counts {
  /** At most MAX_WAITING. */
  readonly waiting: number;
  /** How long the oldest of them has been waiting, in minutes; 0 if there is none. */
  readonly oldestMinutes: number;
  /** How many have been waiting for more than ten minutes; at most MAX_WAITING. */
  readonly overTen: number;
}

/** When a listed request was first held, Unix time in ms. */
export function sinceOf({ sort }: Pick<Item, 'sort'>): number {
  return Number(sort.split('#')[0]);
}

/** Until when people can decide about a listed request, Unix time in ms, by the policy that held it. */
export function holdExpiryOf({ expires }: Pick<Item, 'expires'>): number | undefined {
  return expires === undefined ? undefined : (expires - LISTED_AFTER_SECONDS) * 1000;
}

/** Whether people can still decide. What expired stays in the list until the Co-signer asks again, or for a day. */
export function isOpen(item: Item, now: number): boolean {
  return now < (holdExpiryOf(item) ?? Infinity);
}

/** @param now Unix time in ms @throws {StoreError} */
export async function countWaiting(table: Pick<Table, 'query'>, now: number): Promise<Counts> {
  const newest = await openIn(table, { limit: MAX_WAITING }, now);
  const longAgo = now - LONG_MS;
  // If there are more, those that wait long are not among the newest.
  const isBounded = newest.length >= MAX_WAITING;
  const long = isBounded
    ? await openIn(table, { limit: MAX_WAITING, to: waitingKey(longAgo, '').sort }, now)
    : newest.filter((item) => sinceOf(item) < longAgo);
  const oldest = Math.min(now, ...[...newest.slice(-1), ...long.slice(-1)].map(sinceOf));
  return {
    waiting: newest.length,
    oldestMinutes: Math.floor((now - oldest) / MINUTE_MS),
    overTen: long.length,
  };
}

/** @returns newest first */
async function openIn(table: Pick<Table, 'query'>, query: Query, now: number): Promise<readonly Item[]> {
  const items: Item[] = [];
  for await (const item of table.query(WAITING, { ...query, reverse: true })) {
    if (isOpen(item, now)) items.push(item);
  }
  return items;
}
