// Loads again on requests what is loaded again by timers elsewhere: while no request is under way, Lambda freezes the
// environment, and timers stand still.
import type { Schedule } from '../sources/load.js';

/** How long requests wait for a load, in ms. After that, they are decided by what was loaded before. */
const WAIT_MS = 5_000;
/** After a load that took longer, how long to wait before the next one, in ms. */
const PAUSE_AFTER_HANG_MS = 30_000;

/** A clock in ms that goes on while the environment is frozen, even if one of the two clocks does not. */
export function clock(): number {
  return Math.max(performance.now(), Date.now() - performance.timeOrigin);
}

export interface RequestScheduleOptions {
  readonly waitMs?: number;
  readonly pauseAfterHangMs?: number;
  /** In ms. */
  readonly now?: () => number;
}

/** Requests that arrive together share each load. */
export class RequestSchedule {
  readonly #loads = new Set<Load>();
  readonly #options: Required<RequestScheduleOptions>;

  constructor({
    waitMs = WAIT_MS,
    pauseAfterHangMs = PAUSE_AFTER_HANG_MS,
    now = clock,
  }: RequestScheduleOptions = {}) {
    this.#options = { waitMs, pauseAfterHangMs, now };
  }

  readonly add: Schedule = (load, pauseMs) => {
    const added = new Load(load, pauseMs, this.#options);
    this.#loads.add(added);
    return () => this.#loads.delete(added);
  };

  /** Loads all that is due, side by side, and waits for it within the limit. Never rejects. */
  async refresh(): Promise<void> {
    const waiting = [...this.#loads].flatMap((load) => load.refresh() ?? []);
    if (waiting.length > 0) await Promise.all(waiting);
  }
}

class Load {
  readonly #load: () => Promise<void>;
  readonly #pauseMs: () => number;
  readonly #options: Required<RequestScheduleOptions>;
  #dueAt: number;
  #startedAt = -Infinity;
  /** The load that was begun last; `undefined` once it has ended. */
  #running: Promise<void> | undefined;

  constructor(load: () => Promise<void>, pauseMs: () => number, options: Required<RequestScheduleOptions>) {
    this.#load = load;
    this.#pauseMs = pauseMs;
    this.#options = options;
    this.#dueAt = options.now() + pauseMs();
  }

  /** @returns what to wait for; `undefined` if there is nothing to wait for */
  refresh(): Promise<void> | undefined {
    const { now, waitMs, pauseAfterHangMs } = this.#options;
    const at = now();
    if (at >= this.#dueAt) {
      this.#startedAt = at;
      // Until it is known how long it takes.
      this.#dueAt = at + pauseAfterHangMs;
      // A load that hung before a freeze may end with what it read then, so it is followed by another one.
      this.#running = (this.#running ?? Promise.resolve()).then(() => this.#load()).then(() => this.#end(at));
    }
    const leftMs = this.#startedAt + waitMs - at;
    return this.#running === undefined || leftMs <= 0 ? undefined : atMost(leftMs, this.#running);
  }

  /** @param startedAt of the load that has ended */
  #end(startedAt: number): void {
    // Another one was begun meanwhile.
    if (startedAt !== this.#startedAt) return;
    const { now, waitMs, pauseAfterHangMs } = this.#options;
    const pauseMs = this.#pauseMs();
    const hung = now() - startedAt > waitMs;
    this.#dueAt = startedAt + (hung ? Math.max(pauseMs, pauseAfterHangMs) : pauseMs);
    this.#running = undefined;
  }
}

/** Waits for work, but not longer than a limit. @param work never rejects */
export async function atMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)));
  await Promise.race([work, limit]);
  clearTimeout(timer);
}
