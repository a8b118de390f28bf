// A table in memory with the semantics of the real ones, whose clock, delays and faults tests control.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../../src/store/error.js';
import {
  type Item,
  type Key,
  MAX_DATA_BYTES,
  MAX_WRITE_BYTES,
  MAX_WRITES,
  type Query,
  type Table,
  type Write,
} from '../../src/store/table.js';

/**
 * - `refused`: nothing is done
 * - `lost`: it is done, but the response is lost
 * - `late`: the response is lost, and it is done later, if its conditions hold then
 * - `busy`: another writer is busy with one of the items
 */
export type Fault = 'refused' | 'throttled' | 'lost' | 'late' | 'busy';

export interface MemoryTableOptions {
  /** Unix time in ms. @default the real time */
  readonly now?: () => number;
  /** How long the next operation takes, in ms; a write, before and after it is done. @default none */
  readonly delayMs?: () => number;
  /** What goes wrong with the next operation. A read can only be refused. @default nothing */
  readonly fault?: (operation: 'read' | 'write' | 'query') => Fault | undefined;
  /** How long after its response a late write is done, in ms. @default 5 */
  readonly lateMs?: () => number;
}

/** Sorts as the real tables do. */
const compare = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export class MemoryTable implements Table {
  readonly name = 'memory';
  /** Partition, then sort key. */
  partitions = new Map<string, Map<string, Item>>();
  /** The number of writes of each transaction that was done, and the number of calls of each operation. */
  readonly transactions: number[] = [];
  readonly calls = { read: 0, write: 0, query: 0 };
  /** The keys of each read. */
  readonly keysRead: (readonly Key[])[] = [];
  readonly #options: MemoryTableOptions;
  /** Late writes that are not done yet. */
  readonly #late = new Set<Promise<void>>();

  constructor(options: MemoryTableOptions = {}) {
    this.#options = options;
  }

  async read(
    keys: readonly Key[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly (Item | undefined)[]> {
    if (keys.length > MAX_WRITES || hasDuplicates(keys)) throw new TypeError('invalid keys');
    await this.#operation('read', signal);
    this.keysRead.push(keys);
    return keys.map((key) => this.#find(key));
  }

  async write(
    writes: readonly Write[],
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<readonly number[]> {
    assertWrites(writes);
    const fault = await this.#operation('write', signal);
    if (fault === 'busy') return [Math.floor(Math.random() * writes.length)];
    if (fault === 'late') {
      const late = sleep(this.#options.lateMs?.() ?? 5).then(() => void this.#commit(writes));
      this.#late.add(late);
      void late.then(() => this.#late.delete(late));
    }
    const failed = fault === 'late' ? [] : this.#commit(writes);
    await this.#delay();
    if (fault !== undefined) {
      throw new StoreError(`${this.name} did not answer`, { mayBeWritten: true });
    }
    return failed;
  }

  async *query(
    partition: string,
    { from = '', to, reverse = false, limit = Infinity }: Query = {},
  ): AsyncGenerator<Item> {
    await this.#operation('query');
    const items = [...(this.partitions.get(partition)?.values() ?? [])]
      .filter((item) => this.#isLive(item))
      .filter(({ sort }) => compare(sort, from) >= 0 && (to === undefined || compare(sort, to) <= 0))
      .sort((a, b) => compare(a.sort, b.sort));
    yield* (reverse ? items.reverse() : items).slice(0, limit);
  }

  async *scan(prefix: string): AsyncGenerator<Item> {
    await this.#operation('query');
    yield* this.all().filter((item) => item.partition.startsWith(prefix) && this.#isLive(item));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits until all late writes are done. */
  async settle(): Promise<void> {
    await Promise.all(this.#late);
  }

  /** Every item, expired ones included, in the order of their keys. */
  all(): readonly Item[] {
    return [...this.partitions.keys()]
      .sort(compare)
      .flatMap((partition) =>
        [...(this.partitions.get(partition)?.values() ?? [])].sort((a, b) => compare(a.sort, b.sort)),
      );
  }

  /** A copy, as a backup takes it. */
  snapshot(): Map<string, Map<string, Item>> {
    return new Map([...this.partitions].map(([partition, items]) => [partition, new Map(items)]));
  }

  /** Changes an item, as only somebody with other tools can: `undefined` removes it. */
  tamper({ partition, sort }: Key, item: Item | undefined): void {
    if (item === undefined) this.partitions.get(partition)?.delete(sort);
    else this.#set({ ...item, partition, sort });
  }

  async #operation(operation: 'read' | 'write' | 'query', signal?: AbortSignal): Promise<Fault | undefined> {
    this.calls[operation]++;
    try {
      await this.#delay(signal);
      signal?.throwIfAborted();
    } catch (cause) {
      // Whoever gives up waiting doesn't stop what is under way.
      if (operation === 'write') return 'late';
      throw new StoreError(`${this.name} did not answer in time`, { cause });
    }
    const fault = this.#options.fault?.(operation);
    if (fault === 'refused' || (fault !== undefined && operation !== 'write')) {
      throw new StoreError(`${this.name} refuses`);
    }
    if (fault === 'throttled') throw new StoreError(`${this.name} throttles`, { throttled: true });
    return fault;
  }

  async #delay(signal?: AbortSignal): Promise<void> {
    const ms = this.#options.delayMs?.() ?? 0;
    if (ms > 0) await sleep(ms, undefined, signal === undefined ? {} : { signal });
  }

  #commit(writes: readonly Write[]): readonly number[] {
    const failed = writes.flatMap((write, place) =>
      write.seen === undefined || write.seen === (this.#find(write)?.version ?? 0) ? [] : [place],
    );
    if (failed.length > 0) return failed;
    this.transactions.push(writes.length);
    for (const write of writes) {
      const { partition, sort } = write;
      if (write.type === 'remove') this.partitions.get(partition)?.delete(sort);
      else if (write.type === 'put') {
        const version = (this.#find(write)?.version ?? 0) + 1;
        const { data, expires } = write;
        this.#set({ partition, sort, data, version, ...(expires !== undefined && { expires }) });
      }
    }
    return [];
  }

  #set(item: Item): void {
    const items = this.partitions.get(item.partition) ?? new Map<string, Item>();
    items.set(item.sort, item);
    this.partitions.set(item.partition, items);
  }

  #find({ partition, sort }: Key): Item | undefined {
    const item = this.partitions.get(partition)?.get(sort);
    return item !== undefined && this.#isLive(item) ? item : undefined;
  }

  #isLive({ expires = Infinity }: Item): boolean {
    return expires * 1000 > (this.#options.now?.() ?? Date.now());
  }
}

/** @throws {TypeError} for what no real table takes */
function assertWrites(writes: readonly Write[]): void {
  const sizes = writes.map((write) => (write.type === 'put' ? Buffer.byteLength(write.data) : 0));
  const isValid =
    writes.length > 0 &&
    writes.length <= MAX_WRITES &&
    !hasDuplicates(writes) &&
    writes.every(({ sort }) => sort !== '') &&
    sizes.every((size) => size <= MAX_DATA_BYTES) &&
    sizes.reduce((sum, size) => sum + size, 0) <= MAX_WRITE_BYTES;
  if (!isValid) throw new TypeError('invalid writes');
}

function hasDuplicates(keys: readonly Key[]): boolean {
  return new Set(keys.map(({ partition, sort }) => JSON.stringify([partition, sort]))).size < keys.length;
}
