// The store in a directory, for one machine: LMDB, which several processes may have open at the same time.
import { checkKey, checkKeys, checkWrites } from './check.js';
import { type Database, type OpenDatabase, openDatabase } from './embedded-database.js';
import type { WriteGate } from './embedded-gate.js';
import {
  AFTER_UTF8,
  conditionHolds,
  decodeItem,
  encodeItems,
  type Header,
  headerOf,
  isExpired,
  keyIn,
  keyPrefix,
  lmdbKey,
} from './embedded-item.js';
import { cannot, reasonOf } from './embedded-error.js';
import { StoreError } from './error.js';
import type { Item, Key, Query, Table, Write } from './table.js';
import { type Clock, inSeconds, TimeLimit } from './time.js';

/** How long a write may wait for other processes, in ms. */
const WRITE_TIMEOUT_MS = 3000;
/** How often expired items are looked for, and how long that may take each time, in ms. */
const SWEEP_INTERVAL_MS = 10_000;
const SWEEP_MS = 2;
/** How much a query reads before it gives way to others. */
const PAGE_ITEMS = 100;
const PAGE_BYTES = 1024 * 1024;

const FIRST_KEY = Buffer.from([0]);

/** Keys from the first to the end, both inclusive. */
interface Range {
  readonly first: Buffer;
  readonly end: Buffer;
  readonly reverse: boolean;
}

export interface EmbeddedOptions {
  readonly now?: Clock;
  readonly writeTimeoutMs?: number;
}

/**
 * Opens the store in a directory, which is created if it does not exist. Open it once a process.
 * @throws {StoreError} if it can't be opened
 */
export async function openEmbedded(directory: string, options: EmbeddedOptions = {}): Promise<EmbeddedTable> {
  const { database, gate } = await openDatabase(directory);
  return new EmbeddedTable(directory, { database, gate }, options);
}

export class EmbeddedTable implements Table {
  readonly name: string;
  readonly #directory: string;
  readonly #database: Database;
  readonly #gate: WriteGate;
  readonly #now: Clock;
  readonly #writeTimeoutMs: number;
  readonly #sweeping: NodeJS.Timeout;
  readonly #writing = new Set<Promise<unknown>>();
  /** Where the search for expired items goes on. */
  #sweepFrom: Buffer = FIRST_KEY;
  #closed: Promise<void> | undefined;

  constructor(
    directory: string,
    { database, gate }: OpenDatabase,
    { now = Date.now, writeTimeoutMs = WRITE_TIMEOUT_MS }: EmbeddedOptions,
  ) {
    this.name = `store ${directory}`;
    this.#directory = directory;
    this.#database = database;
    this.#gate = gate;
    this.#now = now;
    this.#writeTimeoutMs = writeTimeoutMs;
    this.#sweeping = setInterval(() => void this.sweep().catch(() => undefined), SWEEP_INTERVAL_MS).unref();
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- LMDB reads from mapped memory
  async read(
    keys: readonly Key[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (Item | undefined)[]> {
    checkKeys(keys);
    this.#checkOpen(signal);
    const now = inSeconds(this.#now);
    return this.#reading(() =>
      keys.map((key) => {
        const value = this.#database.get(lmdbKey(key));
        return value === undefined || isExpired(headerOf(value), now) ? undefined : decodeItem(key, value);
      }),
    );
  }

  async write(
    writes: readonly Write[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly number[]> {
    checkWrites(writes);
    this.#checkOpen(signal);
    if (writes.length === 0) return [];
    const prepared = writes.map((write) => ({ write, key: lmdbKey(write) }));
    return this.#transaction(() => {
      const now = inSeconds(this.#now);
      const found = prepared.map(({ key }) => this.#headerAt(key));
      const failed = writes.flatMap((write, place) =>
        conditionHolds(write, found[place], now) ? [] : [place],
      );
      if (failed.length > 0) return failed;
      const puts = prepared.flatMap(({ write, key }, place) => {
        if (write.type !== 'put') return [];
        const { data, expires, seen = found[place]?.version ?? 0 } = write;
        return [{ key, data, expires, version: seen + 1 }];
      });
      for (const [place, bytes] of encodeItems(puts).entries()) {
        this.#database.putSync(puts[place]?.key ?? FIRST_KEY, bytes);
      }
      for (const { write, key } of prepared) if (write.type === 'remove') this.#database.removeSync(key);
      return [];
    }, signal);
  }

  async *query(partition: string, query: Query = {}): AsyncIterable<Item> {
    const { from, to, reverse = false, limit = Infinity } = query;
    checkKey({ partition, sort: from ?? to ?? '-' });
    const prefix = keyPrefix(partition);
    const first = from === undefined ? prefix : lmdbKey({ partition, sort: from });
    const end = to === undefined ? Buffer.concat([prefix, AFTER_UTF8]) : lmdbKey({ partition, sort: to });
    yield* this.#readPages({ first, end, reverse }, limit);
  }

  async *scan(prefix: string): AsyncIterable<Item> {
    const first = Buffer.from(prefix);
    yield* this.#readPages({ first, end: Buffer.concat([keyPrefix(prefix), AFTER_UTF8]), reverse: false });
  }

  async *#readPages(range: Range, limit = Infinity): AsyncIterable<Item> {
    let remaining = limit;
    for (let after: Buffer | undefined; remaining > 0;) {
      this.#checkOpen();
      const { items, last } = this.#reading(() => this.#readPage(range, remaining, after));
      yield* items;
      if (last === undefined) return;
      remaining -= items.length;
      after = last;
      await new Promise(setImmediate);
    }
  }

  /** Removes expired items that a short search finds. The next search goes on where this one ended. */
  async sweep(): Promise<void> {
    this.#checkOpen();
    const expired = this.#reading(() => this.#findExpired());
    if (expired.length === 0) return;
    await this.#transaction(() => {
      const now = inSeconds(this.#now);
      for (const key of expired) {
        const header = this.#headerAt(key);
        if (header !== undefined && isExpired(header, now)) this.#database.removeSync(key);
      }
    });
  }

  close(): Promise<void> {
    this.#closed ??= (async () => {
      clearInterval(this.#sweeping);
      await Promise.allSettled(this.#writing);
      await this.#database.close();
      this.#gate.close();
    })();
    return this.#closed;
  }

  #headerAt(key: Buffer): Header | undefined {
    const value = this.#database.get(key);
    return value === undefined ? undefined : headerOf(value);
  }

  /** @returns the items, and the key after which the next page starts, if there may be one */
  #readPage(
    { first, end, reverse }: Range,
    limit: number,
    after: Buffer | undefined,
  ): { items: Item[]; last?: Buffer } {
    const now = inSeconds(this.#now);
    const items: Item[] = [];
    let bytes = 0;
    for (const { key: bare, value } of this.#database.getRange({
      start: after ?? (reverse ? end : first),
      reverse,
    })) {
      const key = Buffer.from(bare);
      if (after !== undefined && key.equals(after)) continue;
      if (key.compare(first) < 0 || key.compare(end) > 0) break;
      bytes += key.length + value.length;
      if (!isExpired(headerOf(value), now)) {
        items.push(decodeItem(keyIn(key), value));
      }
      if (items.length >= Math.min(limit, PAGE_ITEMS) || bytes > PAGE_BYTES) return { items, last: key };
    }
    return { items };
  }

  #findExpired(): readonly Buffer[] {
    const now = inSeconds(this.#now);
    const end = performance.now() + SWEEP_MS;
    const expired: Buffer[] = [];
    for (const { key, value } of this.#database.getRange({ start: this.#sweepFrom })) {
      if (isExpired(headerOf(value), now)) expired.push(Buffer.from(key));
      this.#sweepFrom = Buffer.from(key);
      if (performance.now() > end) return expired;
    }
    this.#sweepFrom = FIRST_KEY;
    return expired;
  }

  /** Reads one snapshot: what had been committed last, by this or another process. */
  #reading<Result>(read: () => Result): Result {
    try {
      // Otherwise, the snapshot of an earlier read may be used again.
      this.#database.resetReadTxn();
      return read();
    } catch (error) {
      throw cannot('be read', this.#directory, error);
    }
  }

  /** Runs an action in a transaction, and waits until it is on the disk. @throws {StoreError} */
  async #transaction<Result>(action: () => Result, signal?: AbortSignal): Promise<Result> {
    let state: 'waiting' | 'abandoned' | 'done' = 'waiting';
    const limit = new TimeLimit(this.#writeTimeoutMs, signal);
    // Unlike a transaction, a child transaction is undone if the action fails.
    const written = this.#gate.run(() =>
      this.#database.childTransaction(() => {
        if (state === 'abandoned') return undefined;
        const result = action();
        state = 'done';
        return { result };
      }),
    );
    this.#writing.add(written);
    void written.catch(() => undefined).finally(() => this.#writing.delete(written));
    try {
      const outcome = await limit.race(written);
      if (outcome === undefined) throw new Error('abandoned');
      return outcome.result;
    } catch (error) {
      const mayBeWritten = (state as string) === 'done';
      state = 'abandoned';
      throw cannot('be written', this.#directory, await reasonOf(error), mayBeWritten);
    } finally {
      limit.end();
    }
  }

  #checkOpen(signal?: AbortSignal): void {
    if (this.#closed !== undefined) throw new StoreError(`${this.name} is closed`);
    if (signal?.aborted === true) throw new StoreError(`${this.name} can't be used: the time for it is over`);
  }
}
