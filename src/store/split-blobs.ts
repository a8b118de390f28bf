// Chooses where blobs are kept.
import type { Blobs } from './blobs.js';

/** Larger blobs go to the archive. */
const MAX_IN_TABLE_BYTES = 300 * 1024;
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
