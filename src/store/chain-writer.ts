// Writes one writer's chain: one write at a time, each on top of the one before. The chain can't fork, because every
// write demands the version of the head that the one before left.
import { setTimeout as sleep } from 'node:timers/promises';
import { emptyHead, extend, type Body, type Head, putHead, readHead } from './chain.js';
import { StoreError } from './error.js';
import { type Announced, type Pending, Queue } from './group-commit.js';
import { headKey } from './keys.js';
import type { Item, Table, Write } from './table.js';

/** How long to wait before the store is asked again what was written, in ms: the first time, and at most. */
const FIRST_PAUSE_MS = 20;
const MAX_PAUSE_MS = 2000;

export interface ChainWriterOptions {
  readonly table: Table;
  readonly writer: string;
  /** The start record; written with the first entry. */
  readonly start: Body;
  /** Unix time in ms. */
  readonly now: () => number;
  /** How long an entry waits, in ms. */
  readonly patienceMs: number;
  /** Entries that will be added soon. */
  readonly announced: Pick<Announced, 'wait'>;
}

/** What is known to be written. */
interface Known {
  readonly head: Head;
  /** Version of the head item; 0: there is none. */
  readonly version: number;
}

/** A write, and what the head is if it is done. */
interface Attempt {
  readonly writes: readonly Write[];
  readonly head: Head;
  /** The entry that each write belongs to; `undefined`: a record or the head. */
  readonly owners: readonly (Pending | undefined)[];
}

export class ChainWriter {
  readonly writer: string;
  readonly #options: ChainWriterOptions;
  readonly #queue = new Queue();
  #known: Known;
  #running: Promise<void> | undefined;
  /** The data of the head that is being written. */
  #underWay: string | undefined;
  /** Why nothing can be written any more. */
  #broken: StoreError | undefined;

  constructor(options: ChainWriterOptions) {
    this.#options = options;
    this.writer = options.writer;
    this.#known = { head: emptyHead(options.writer, options.now(), options.start.expires), version: 0 };
  }

  /** As it is known to be written. */
  get known(): Known {
    return this.#known;
  }

  /** Whether this is the head that is being written: it may be in the store already. */
  isUnderWay({ data }: Item): boolean {
    return data === this.#underWay;
  }

  /** Whether the store has another head than this writer wrote: records were lost. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  add(pending: Pending): void {
    if (this.#broken !== undefined) {
      pending.reject(this.#broken);
      return;
    }
    this.#queue.add(pending);
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** For an entry that has waited long enough. */
  giveUp(pending: Pending): void {
    if (pending.isDone) return;
    const mayBeWritten = !this.#queue.remove(pending);
    const { table, patienceMs } = this.#options;
    pending.reject(new StoreError(`${table.name} did not write within ${patienceMs} ms`, { mayBeWritten }));
  }

  /** Resolves once nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Entries of the same turn are written together.
    await Promise.resolve();
    while (!this.#queue.isEmpty) {
      await this.#options.announced.wait();
      const group = this.#queue.takeGroup();
      try {
        await this.#writeGroup(group);
      } catch (error) {
        this.#break(error, group);
      }
    }
    this.#running = undefined;
  }

  async #writeGroup(group: readonly Pending[]): Promise<void> {
    const { table, patienceMs } = this.#options;
    let entries = group;
    while (entries.length > 0) {
      const attempt = this.#attempt(entries);
      let failed: readonly number[];
      try {
        failed = await table.write(attempt.writes, { signal: AbortSignal.timeout(patienceMs) });
      } catch (error) {
        await this.#afterError(error, attempt, entries);
        return;
      }
      if (failed.length === 0) {
        this.#finish({ head: attempt.head, version: this.#known.version + 1 }, entries);
        return;
      }
      const conflicts = new Set(failed.map((place) => attempt.owners[place]));
      if (conflicts.has(undefined)) {
        await this.#settle(attempt, entries);
        return;
      }
      resolveAll(conflicts, 'conflict');
      entries = entries.filter((pending) => !conflicts.has(pending));
    }
  }

  #attempt(entries: readonly Pending[]): Attempt {
    const { start, now } = this.#options;
    const { head: last, version } = this.#known;
    const bodies = entries.flatMap(({ body }) => body ?? []);
    const { records, head } = extend(last, last.sequence === 0 ? [start, ...bodies] : bodies, now());
    const headPut = putHead(head, version);
    this.#underWay = headPut.data;
    const own = [...records, headPut];
    const writes: Write[] = [...own];
    const owners: (Pending | undefined)[] = own.map(() => undefined);
    let sequence = head.sequence - bodies.length;
    for (const pending of entries) {
      if (pending.body !== undefined) sequence++;
      writes.push(...pending.writesAt({ writer: this.writer, sequence }));
      owners.push(...pending.keys.map(() => pending));
    }
    return { writes, head, owners };
  }

  async #afterError(error: unknown, attempt: Attempt, entries: readonly Pending[]): Promise<void> {
    if (error instanceof StoreError && error.mayBeWritten) {
      await this.#settle(attempt, entries);
      return;
    }
    // An error of another kind says nothing about what was written.
    const reason = error instanceof StoreError ? error : new StoreError('the write failed', { cause: error });
    if (reason !== error && (await this.#isWritten(attempt))) this.#finish(this.#known, entries);
    else entries.forEach((pending) => !pending.isDone && pending.reject(reason));
  }

  /** After a write with an unknown outcome. Entries that were not written wait for the next write. */
  async #settle(attempt: Attempt, entries: readonly Pending[]): Promise<void> {
    if (await this.#isWritten(attempt)) this.#finish(this.#known, entries);
    else this.#queue.putBack(entries.filter(({ isDone }) => !isDone));
  }

  #finish(known: Known, entries: readonly Pending[]): void {
    this.#known = known;
    resolveAll(entries, 'written');
    resolveAll(this.#queue.takeOutdated(entries), 'conflict');
  }

  /**
   * Finds out whether an attempt was done, however long that takes. A write whose response was lost may still be done
   * later, so it is not enough to look: the head is written again as it was. It then has another version than the
   * attempt demands. Either this succeeds, and the attempt can never be done, or the attempt was done before.
   * @throws {StoreError} if the head is another one
   */
  async #isWritten(attempt: Attempt): Promise<boolean> {
    const { table, patienceMs } = this.#options;
    const { head, version } = this.#known;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      const options = { signal: AbortSignal.timeout(patienceMs) };
      try {
        const failed = await table.write([putHead(head, version)], options);
        if (failed.length === 0) {
          this.#known = { head, version: version + 1 };
          return false;
        }
        const [item] = await table.read([headKey(this.writer)], options);
        const outcome = this.#compare(item, attempt);
        if (outcome !== undefined) return outcome;
      } catch (error) {
        if (!(error instanceof StoreError) || error === this.#broken) throw error;
      }
      await sleep(pause);
    }
  }

  /** @returns `undefined` if neither the attempt was done, nor the head was written again */
  #compare(item: Item | undefined, attempt: Attempt): boolean | undefined {
    const { head, version } = this.#known;
    const found = item === undefined ? undefined : readHead(item);
    if (item !== undefined && found?.hash === attempt.head.hash) {
      this.#known = { head: attempt.head, version: item.version };
      return true;
    }
    if (item !== undefined && found?.hash === head.hash && item.version > version) {
      this.#known = { head, version: item.version };
      return false;
    }
    // Somebody else is busy with the head: the write that is looked for.
    if ((item?.version ?? 0) === version && (found === undefined || found.hash === head.hash))
      return undefined;
    this.#broken = new StoreError(
      `${this.#options.table.name} has another head of ${this.writer} than was written: records were lost`,
    );
    throw this.#broken;
  }

  #break(error: unknown, group: readonly Pending[]): void {
    this.#broken ??= new StoreError(`${this.writer} can write no further records`, { cause: error });
    for (const pending of [...group, ...this.#queue.takeAll()]) {
      if (!pending.isDone) pending.reject(this.#broken);
    }
  }
}

function resolveAll(entries: Iterable<Pending | undefined>, outcome: 'written' | 'conflict'): void {
  for (const pending of entries) if (pending?.isDone === false) pending.resolve(outcome);
}
