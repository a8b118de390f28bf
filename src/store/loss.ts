// Notices a table that was lost, emptied or restored: it lacks records whose heads are sealed in the second place.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Head, hashOf, readHead } from './chain.js';
import { type Acceptance, type HeadStore, isAccepted } from './heads.js';
import { headKey, recordKey } from './keys.js';
import type { Table } from './table.js';

/** A sealed head that the table lacks. */
export interface Loss {
  readonly head: Head;
  /** What the table has instead, such as `its last record is 7`. */
  readonly found: string;
}

/** A head is not missed if it expires within this time, in ms. */
const MARGIN_MS = 60_000;
/** Records that are read at once: each can be large. */
const RECORDS_AT_ONCE = 10;

/**
 * Compares the newest sealed heads with the table.
 * @param now Unix time in ms
 * @returns what the table lacks and nobody has accepted, newest first
 * @throws {StoreError}
 */
export async function findLosses(
  table: Table,
  headStore: HeadStore,
  now = Date.now(),
): Promise<readonly Loss[]> {
  const [sealed, acceptances] = await Promise.all([headStore.sealed(), headStore.acceptances()]);
  return lossesAmong(table, sealed, acceptances, now);
}

/** @param sealed at most 100 */
async function lossesAmong(
  table: Table,
  sealed: readonly Head[],
  acceptances: readonly Acceptance[],
  now: number,
): Promise<readonly Loss[]> {
  const missed = sealed.filter(
    (head) => head.expires * 1000 > now + MARGIN_MS && !isAccepted(head, acceptances),
  );
  if (missed.length === 0) return [];
  const items = await table.read(missed.map(({ writer }) => headKey(writer)));
  const losses = new Map<Head, string>();
  missed.forEach((head, place) => {
    const item = items[place];
    const last = item === undefined ? undefined : readHead(item);
    if (last === undefined) losses.set(head, 'no record');
    else if (last.sequence < head.sequence) losses.set(head, `its last record is ${last.sequence}`);
  });
  const others = missed.filter((head) => !losses.has(head));
  for (let start = 0; start < others.length; start += RECORDS_AT_ONCE) {
    const heads = others.slice(start, start + RECORDS_AT_ONCE);
    const records = await table.read(heads.map(({ writer, sequence }) => recordKey(writer, sequence)));
    heads.forEach((head, place) => {
      const record = records[place];
      if (record === undefined) losses.set(head, 'the record is missing');
      else if (hashOf(record.data) !== head.hash) losses.set(head, 'another record');
    });
  }
  return missed.flatMap((head) => {
    const found = losses.get(head);
    return found === undefined ? [] : [{ head, found }];
  });
}

export interface LossWatchOptions {
  readonly table: Table;
  readonly headStore: HeadStore;
  /** This process's journal. It goes on as a new writer after a loss. */
  readonly journal: { readonly head: Head | undefined; restart(): void };
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** How often to look while the store counts as lost, in ms. @default 5 s */
  readonly everyMs?: number;
  /** Unix time in ms. @default the real time */
  readonly now?: () => number;
}

const EVERY_MS = 5000;

/** Knows whether the store counts as lost. It does until the first check has found that it is not. */
export class LossWatch {
  readonly #options: LossWatchOptions;
  readonly #stopped = new AbortController();
  #isLost = true;
  /** What is lost, as far as it was found. */
  #losses: readonly Loss[] = [];
  /** Whether this process knows of a record that the table lacks. */
  #isReported = false;
  #isWatching = false;
  #looking: Promise<void> | undefined;

  constructor(options: LossWatchOptions) {
    this.#options = options;
  }

  /** While it is, every answer is RETRY. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * Looks whether anything is lost, and goes on looking for as long as it is, or is not known. To be called once at
   * startup; a failure is logged, not thrown.
   */
  async check(): Promise<void> {
    await this.#look();
    if (!this.#isLost || this.#isWatching) return;
    this.#isWatching = true;
    void this.#watch();
  }

  /** For a head of this process's journal that the table lacks: see `HeadCheck`. */
  report(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#isLost = true;
    void this.check();
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #watch(): Promise<void> {
    const { everyMs = EVERY_MS } = this.#options;
    const { signal } = this.#stopped;
    while (this.#isLost) {
      try {
        await sleep(everyMs, undefined, { ref: false, signal });
      } catch {
        return;
      }
      await this.#look();
    }
    this.#isWatching = false;
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const { table, headStore, journal, log } = this.#options;
    const isReported = this.#isReported;
    try {
      // What this process knows must be known to those who accept it.
      if (isReported && journal.head !== undefined) await headStore.seal([journal.head]);
      if (await this.#isStillLost()) return;
      const losses = await findLosses(table, headStore, this.#options.now?.());
      if (losses.length > 0) {
        this.#losses = losses;
        this.#logLosses();
        return;
      }
    } catch (err) {
      log.error(
        { event: 'loss_check_failed', err },
        'can’t check whether the store lost records: answering RETRY',
      );
      return;
    }
    // What was reported meanwhile was not looked at.
    if (this.#isReported !== isReported) return;
    if (this.#losses.length > 0 || isReported) {
      journal.restart();
      log.info({ event: 'store_accepted' }, 'what the store lost is accepted or back');
    }
    this.#losses = [];
    this.#isReported = false;
    this.#isLost = false;
  }

  /** Looks at what is known to be lost: less work than looking at everything again. */
  async #isStillLost(): Promise<boolean> {
    const { table, headStore, now = Date.now } = this.#options;
    if (this.#losses.length === 0) return false;
    const heads = this.#losses.map(({ head }) => head);
    return (await lossesAmong(table, heads, await headStore.acceptances(), now())).length > 0;
  }

  #logLosses(): void {
    const { log, table, headStore } = this.#options;
    const writers = this.#losses.map(({ head }) => ({ writer: head.writer, sequence: head.sequence }));
    log.error(
      { event: 'store_lost', table: table.name, losses: this.#losses.length, writers: writers.slice(0, 10) },
      `${table.name} lacks records that are sealed in ${headStore.name}: answering RETRY until \`npm run store -- accept\``,
    );
  }
}
