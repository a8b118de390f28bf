// Chooses where blobs are kept, and remembers what is kept already.
import type { Blobs } from './blobs.js';
import { MARGIN_SECONDS } from './stored-blobs.js';
import type { Clock } from './time.js';

/** Larger blobs go to the archive. */
const MAX_IN_TABLE_BYTES = 300 * 1024;
/** For how long a blob counts as kept without looking, in ms: a lost store gets it again after this time. */
const REMEMBER_MS = 60 * 60 * 1000;
/** Large records are blobs too, each of them once. */
const MAX_REMEMBERED = 1000;

/** Keeps large blobs in the archive, others in the table. */
export class SplitBlobs implements Blobs {
  readonly #small: Blobs;
  readonly #large: Blobs;

  constructor(small: Blobs, large: Blobs) {
    this.#small = small;
    this.#large = large;
  }

  put(sha256: string, bytes: Buffer, expires: number): Promise<void> {
    return (bytes.length > MAX_IN_TABLE_BYTES ? this.#large : this.#small).put(sha256, bytes, expires);
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    return (await this.#small.get(sha256)) ?? this.#large.get(sha256);
  }
}

/** Does not look again, for every decision, whether the same key and policy are kept. */
export class RememberedBlobs implements Blobs {
  readonly #blobs: Blobs;
  readonly #now: Clock;
  readonly #kept = new Map<string, { readonly untilMs: number; readonly expires: number }>();

  constructor(blobs: Blobs, now: Clock) {
    this.#blobs = blobs;
    this.#now = now;
  }

  async put(sha256: string, bytes: Buffer, expires: number): Promise<void> {
    const kept = this.#kept.get(sha256);
    if (kept !== undefined && this.#now() < kept.untilMs && expires <= kept.expires) return;
    await this.#blobs.put(sha256, bytes, expires);
    if (this.#kept.size >= MAX_REMEMBERED) this.#kept.clear();
    this.#kept.set(sha256, { untilMs: this.#now() + REMEMBER_MS, expires: expires + MARGIN_SECONDS });
  }

  get(sha256: string): Promise<Buffer | undefined> {
    return this.#blobs.get(sha256);
  }
}
