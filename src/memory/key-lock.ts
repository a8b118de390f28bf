// Requests of this process that concern the same items wait for each other: if they did not, all but one would find a
// conflict, read again and decide anew.

export class KeyLock {
  /** The last one in each queue. */
  readonly #last = new Map<string, Promise<void>>();

  /** Runs a task when no earlier task with one of the keys is running. */
  async run<Result>(keys: Iterable<string>, task: () => Promise<Result>): Promise<Result> {
    const own = [...new Set(keys)];
    const earlier = own.flatMap((key) => this.#last.get(key) ?? []);
    let release = (): void => undefined;
    const done = new Promise<void>((resolve) => (release = resolve));
    // All queues are joined at once, so that two tasks can't wait for each other.
    for (const key of own) this.#last.set(key, done);
    try {
      await Promise.all(earlier);
      return await task();
    } finally {
      release();
      for (const key of own) if (this.#last.get(key) === done) this.#last.delete(key);
    }
  }
}
