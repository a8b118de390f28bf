// Watches the list of waiting requests: notifies people of each new one, and counts them for metrics. The console does
// this, so that the process with the private key calls nobody.
import type { Logger } from 'pino';
import { WAITING } from '../../store/keys.js';
import type { Item } from '../../store/table.js';
import type { RecordStore } from '../records.js';
import type { Channel } from './channel.js';
import { Notifier } from './notifier.js';
import { countWaiting, isOpen, MAX_WAITING, sinceOf } from './waiting-list.js';

export interface WatchOptions {
  readonly store: RecordStore;
  /** Empty: nobody is notified, and requests are only counted. */
  readonly channels: readonly Channel[];
  /** Of the console, such as `https://callback.internal:8443`. */
  readonly origin: string;
  readonly log: Logger;
  /** @default the real time */
  readonly now?: () => Date;
}

export interface Watch {
  /** Begins nothing any more, and waits for what is under way. */
  stop(): Promise<void>;
}

const LOOK_MS = 5000;
const COUNT_MS = 60_000;
/** An entry may appear this much later than newer ones, in ms: a decision takes a while, and clocks differ. */
const LATE_MS = 60_000;
/** Most looks find little that is new. */
const FIRST_LOOK = 25;
/** How many notifications are sent at once: each may take seconds. */
const AT_ONCE = 8;
/** How often the same failure is logged, in ms. */
const REPEAT_MS = 60_000;

/** Looks at once, and then regularly. Its timers don't keep the process alive. */
export function startWatch(options: WatchOptions): Watch {
  const watch = new HoldWatch(options);
  const stops = [
    ...(options.channels.length === 0 ? [] : [repeat(() => watch.look(), LOOK_MS)]),
    repeat(() => watch.count(), COUNT_MS),
  ];
  return {
    async stop() {
      watch.stop();
      await Promise.all(stops.map((stop) => stop()));
    },
  };
}

export class HoldWatch {
  readonly #options: WatchOptions;
  readonly #notifier: Notifier;
  readonly #now: () => number;
  /** Entries that need nothing any more: `done`. Others are looked at again at a time, Unix time in ms. */
  #known = new Map<string, 'done' | { readonly item: Item; readonly again: number }>();
  #stopped = false;
  /** When failures were logged, by their reason. */
  readonly #logged = new Map<string, number>();

  constructor(options: WatchOptions) {
    this.#options = options;
    const now = options.now ?? (() => new Date());
    this.#now = () => now().getTime();
    this.#notifier = new Notifier({ ...options, now });
  }

  stop(): void {
    this.#stopped = true;
  }

  /** Notifies people of what is new, and of what they could not be notified of before. Never throws. */
  async look(): Promise<void> {
    try {
      await this.#notifyAll([...(await this.#newEntries()), ...this.#due()]);
      this.#forget();
    } catch (error) {
      this.#failed('the waiting requests can’t be read', error);
    }
  }

  /** Logs how many requests wait. Never throws. */
  async count(): Promise<void> {
    try {
      const counts = await countWaiting(this.#options.store.table, this.#now());
      const message = `${counts.waiting} requests wait for people`;
      this.#options.log.info({ event: 'holds_waiting', ...counts }, message);
    } catch (error) {
      this.#failed('the waiting requests can’t be counted', error);
    }
  }

  /** From the newest to those that were seen. @throws {StoreError} */
  async #newEntries(): Promise<readonly Item[]> {
    for (const limit of [FIRST_LOOK, MAX_WAITING]) {
      const found: Item[] = [];
      let [looked, isEnd] = [0, false];
      for await (const item of this.#options.store.table.query(WAITING, { reverse: true, limit })) {
        looked++;
        if (!this.#known.has(idOf(item))) found.push(item);
        else if (sinceOf(item) < this.#now() - LATE_MS) {
          isEnd = true;
          break;
        }
      }
      if (isEnd || looked < limit || limit === MAX_WAITING) return found;
    }
    return [];
  }

  #due(): readonly Item[] {
    const now = this.#now();
    return [...this.#known.values()].flatMap((known) =>
      known !== 'done' && known.again <= now ? [known.item] : [],
    );
  }

  async #notifyAll(items: readonly Item[]): Promise<void> {
    const queue = items.values();
    const work = async (): Promise<void> => {
      for (const item of queue) {
        if (this.#stopped) return;
        const again = await this.#notify(item);
        this.#known.set(idOf(item), again === undefined ? 'done' : { item, again });
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #notify(item: Item): Promise<number | undefined> {
    if (!isOpen(item, this.#now())) return undefined;
    try {
      return await this.#notifier.notify(item);
    } catch (error) {
      this.#failed('people can’t be notified of a waiting request', error);
      return this.#now();
    }
  }

  /** What is older than the newest ones, and needs nothing, is not met again. */
  #forget(): void {
    const surplus = this.#known.size - 2 * MAX_WAITING;
    if (surplus <= 0) return;
    const done = [...this.#known].flatMap(([id, known]) => (known === 'done' ? [id] : [])).sort();
    for (const id of done.slice(0, surplus)) this.#known.delete(id);
  }

  #failed(what: string, error: unknown): void {
    const now = this.#now();
    if (now - (this.#logged.get(what) ?? -Infinity) < REPEAT_MS) return;
    this.#logged.set(what, now);
    this.#options.log.error({ event: 'notify_failed', err: error }, what);
  }
}

/** An entry that is listed again, for other people, is another one. */
function idOf({ sort, version }: Item): string {
  return `${sort}@${version}`;
}

/** Runs a task again and again, never twice at once. @returns stops it, and waits for its end */
function repeat(task: () => Promise<void>, pauseMs: number): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running = Promise.resolve();
  const run = (): void => {
    running = task().then(() => {
      if (!stopped) timer = setTimeout(run, pauseMs).unref();
    });
  };
  run();
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
}
