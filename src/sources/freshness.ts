// Detects when keys, policy or emergency stop have not been confirmed by their source for too long.
import type { Logger } from 'pino';

/** What is read regularly. */
export type Refreshed = 'keys' | 'policy' | 'stop';

interface FreshnessOptions {
  /** What to watch. It counts as confirmed when the object is created, because the service loads it before it listens. */
  readonly watched: readonly Refreshed[];
  /** Maximum age of a confirmation, in ms; `undefined` turns the check off. */
  readonly maxMs: number | undefined;
  readonly log: Logger;
  /** A monotonic clock, in ms. */
  readonly now?: (() => number) | undefined;
}

/** How often to look for something stale, in ms. */
const CHECK_MS = 1000;
/** How often to repeat the log line while something is stale, in ms, so that an alarm can count the lines. */
const REPEAT_MS = 30_000;

export class Freshness {
  readonly #maxMs: number;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #confirmedAt: Map<Refreshed, number>;
  /** What must be confirmed again, however recently it was. */
  readonly #expired = new Set<Refreshed>();
  /** When each stale value was last logged. */
  readonly #loggedAt = new Map<Refreshed, number>();

  constructor({ watched, maxMs = Infinity, log, now = () => performance.now() }: FreshnessOptions) {
    this.#maxMs = maxMs;
    this.#log = log;
    this.#now = now;
    this.#confirmedAt = new Map(watched.map((which) => [which, now()]));
  }

  /** What is stale now. Empty in normal operation, and if the check is off and nothing has expired. */
  get stale(): readonly Refreshed[] {
    const oldest = this.#now() - this.#maxMs;
    const stale: Refreshed[] = [];
    for (const [which, confirmedAt] of this.#confirmedAt) {
      if (confirmedAt < oldest || this.#expired.has(which)) stale.push(which);
    }
    return stale;
  }

  /** Records that a read succeeded, and that the value in force is the stored one. */
  confirm(which: Refreshed): void {
    this.#confirmedAt.set(which, this.#now());
    this.#expired.delete(which);
    if (this.#loggedAt.delete(which))
      this.#log.info({ event: 'fresh_again', which }, `${which} refreshed again`);
  }

  /** Everything is stale until it is confirmed: for a process that has stood still. */
  expire(): void {
    for (const which of this.#confirmedAt.keys()) this.#expired.add(which);
  }

  /** Logs everything that is stale, now and then every half minute. */
  report(): void {
    const now = this.#now();
    for (const which of this.stale) {
      if (now - (this.#loggedAt.get(which) ?? -Infinity) < REPEAT_MS) continue;
      this.#loggedAt.set(which, now);
      const seconds = Math.floor((now - (this.#confirmedAt.get(which) ?? now)) / 1000);
      const limit = this.#expired.has(which)
        ? 'since before this environment stood still'
        : 'longer than MAX_STALENESS_SECONDS';
      this.#log.error(
        { event: 'stale', which, seconds },
        `every decision is RETRY: ${which} not refreshed for ${seconds} s, ${limit}`,
      );
    }
  }

  /**
   * Reports regularly. The timer is independent of the refreshes, which may hang, and does not keep the process alive.
   * @returns a function that stops it
   */
  watch(): () => void {
    if (this.#maxMs === Infinity) return () => undefined;
    const timer = setInterval(() => this.report(), CHECK_MS).unref();
    return () => clearInterval(timer);
  }
}
