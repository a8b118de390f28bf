// Seals heads regularly in the second place: this process's own, and those of writers that have stopped.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Head, readHead } from './chain.js';
import { type HeadStore, MAX_WRITERS } from './heads.js';
import { HEADS } from './keys.js';
import type { Table } from './table.js';

export interface SealingOptions {
  readonly table: Table;
  readonly headStore: HeadStore;
  /** This process's journal. */
  readonly journal: { readonly head: Head | undefined };
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** @default 60 s */
  readonly everyMs?: number;
  /** Whether a timer seals; without it, `sealDue` does. @default true */
  readonly onTimer?: boolean;
  /** Unix time in ms. @default the real time */
  readonly now?: () => number;
}

export interface Sealing {
  /** Seals what has changed. A failure is logged, not thrown. */
  seal(): Promise<void>;
  /** Seals this process's last head, and every `everyMs` those of others: for a process that may stand still now. */
  sealDue(): Promise<void>;
  /** Seals this process's last head, once the journal is idle, and ends. */
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** A writer whose last head is as old as this, in ms, and not sealed, has stopped: others seal theirs every minute. */
const STOPPED_AFTER_MS = 120_000;

/** The first time is at random within the interval, so that processes that start together don't do the same work. */
export function startSealing({ everyMs = EVERY_MS, onTimer = true, ...options }: SealingOptions): Sealing {
  const { now = Date.now } = options;
  const sealer = new Sealer(options);
  const ended = new AbortController();
  let begunAt = -Infinity;
  let underWay: Promise<void> = Promise.resolve();
  const seal = (): Promise<void> => (underWay = underWay.then(() => sealer.seal()));
  const sealOwn = (): Promise<void> => (underWay = underWay.then(() => sealer.sealOwn()));
  const repeat = async (): Promise<void> => {
    const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false, signal: ended.signal });
    for (let ms = Math.random() * everyMs; ; ms = everyMs) {
      await wait(ms);
      await seal();
    }
  };
  // Ends by being aborted.
  if (onTimer) repeat().catch(() => undefined);
  return {
    seal,
    async sealDue() {
      if (now() - begunAt < everyMs) return sealOwn();
      begunAt = now();
      return seal();
    },
    async stop() {
      ended.abort();
      await sealOwn();
    },
  };
}

class Sealer {
  readonly #options: Omit<SealingOptions, 'everyMs' | 'onTimer'>;
  /** The sequence that is sealed, keyed by writer; `undefined` until the second place was looked at. */
  #sealed: Map<string, number> | undefined;
  /** The sequence at the last look, keyed by writer: those that move on seal their own heads. */
  #seen = new Map<string, number>();

  constructor(options: Omit<SealingOptions, 'everyMs' | 'onTimer'>) {
    this.#options = options;
  }

  async seal(): Promise<void> {
    const { headStore, journal } = this.#options;
    await this.#logged(async () => {
      this.#sealed ??= new Map((await headStore.sealed()).map(({ writer, sequence }) => [writer, sequence]));
      const others = (await this.#lastHeads()).filter(({ writer }) => writer !== journal.head?.writer);
      const { now = Date.now } = this.#options;
      const longAgo = new Date(now() - STOPPED_AFTER_MS).toISOString();
      const stopped = others.filter(
        ({ writer, sequence, at }) => this.#seen.get(writer) === sequence || at < longAgo,
      );
      this.#seen = new Map(others.map(({ writer, sequence }) => [writer, sequence]));
      return stopped;
    });
  }

  async sealOwn(): Promise<void> {
    await this.#logged(() => Promise.resolve([]));
  }

  /** Seals this process's head and others, so far as they are not sealed. */
  async #logged(findOthers: () => Promise<readonly Head[]>): Promise<void> {
    const { headStore, journal, log } = this.#options;
    try {
      const others = await findOthers();
      const own = journal.head === undefined ? [] : [journal.head];
      const changed = [...own, ...others].filter(
        ({ writer, sequence }) => sequence > (this.#sealed?.get(writer) ?? 0),
      );
      if (changed.length === 0) return;
      await headStore.seal(changed);
      changed.forEach(({ writer, sequence }) => this.#sealed?.set(writer, sequence));
      const stopped = changed.filter(({ writer }) => writer !== journal.head?.writer).length;
      log.info(
        { event: 'sealed', heads: changed.length, stopped },
        `sealed the last record of ${changed.length === 1 ? '1 writer' : `${changed.length} writers`}`,
      );
    } catch (err) {
      log.error({ event: 'seal_failed', err }, `the last records can't be sealed in ${headStore.name}`);
    }
  }

  async #lastHeads(): Promise<readonly Head[]> {
    const { table, now = Date.now } = this.#options;
    const heads: Head[] = [];
    for await (const item of table.query(HEADS, { reverse: true, limit: MAX_WRITERS })) {
      const head = readHead(item);
      if (head !== undefined && head.sequence > 0 && head.expires * 1000 > now()) heads.push(head);
    }
    return heads;
  }
}
