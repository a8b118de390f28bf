// Time in the store: the clock that expiry is measured with, and limits on how long a call may take.

/** Unix time in ms. */
export type Clock = () => number;

/** Unix time in seconds, as items have it. */
export function inSeconds(now: Clock): number {
  return Math.floor(now() / 1000);
}

/** A limit for work that may ignore its signal. Its timer keeps the process alive, so that a start that hangs fails. */
export class TimeLimit {
  /** Aborted at the limit, or with the caller's signal. Its reason is an Error. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #given: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#controller.abort(new Error('the time for it is over'));
  #isOver = false;

  constructor(ms: number, given?: AbortSignal) {
    this.signal = this.#controller.signal;
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      this.#controller.abort(new Error(`no response within ${ms / 1000} s`));
    }, ms);
    this.#given = given;
    given?.addEventListener('abort', this.#onAbort, { once: true });
    if (given?.aborted === true) this.#onAbort();
  }

  /** Whether the limit itself was reached. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the limit was reached, or the caller's signal was aborted. */
  hasEnded(): boolean {
    return this.signal.aborted;
  }

  /** Waits for work, but not longer than the limit. Its later result is ignored. */
  async race<Result>(work: Promise<Result>): Promise<Result> {
    const { signal } = this;
    let stop: (() => void) | undefined;
    const over = new Promise<never>((_resolve, reject) => {
      stop = () => reject(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
    });
    try {
      return await Promise.race([work, over]);
    } finally {
      if (stop !== undefined) signal.removeEventListener('abort', stop);
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#given?.removeEventListener('abort', this.#onAbort);
  }
}
