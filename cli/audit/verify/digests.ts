// Remembers something of every record in 8 bytes, so that a million of them fit into 8 MB.
import { createHmac, randomBytes } from 'node:crypto';

const FIRST_SIZE = 256;
/** More than a float of 64 bits can hold exactly is not used. */
const DIGEST_BYTES = 6;
/** A larger sequence is of no record. */
const MAX_SEQUENCE = 1e9;

export class Digests {
  /** Nobody who wrote the store knows it, so nobody can have looked for two texts with the same digest. */
  readonly #key = randomBytes(32);
  readonly #byWriter = new Map<string, Float64Array>();

  set(writer: string, sequence: number, text: string): void {
    if (sequence > MAX_SEQUENCE) return;
    let digests = this.#byWriter.get(writer) ?? new Float64Array(FIRST_SIZE);
    if (sequence >= digests.length) {
      const larger = new Float64Array(Math.max(2 * digests.length, sequence + 1));
      larger.set(digests);
      digests = larger;
    }
    digests[sequence] = this.#digest(text);
    this.#byWriter.set(writer, digests);
  }

  compare(writer: string, sequence: number, text: string): 'same' | 'other' | 'absent' {
    const digest = this.#byWriter.get(writer)?.[sequence] ?? 0;
    if (digest === 0) return 'absent';
    return digest === this.#digest(text) ? 'same' : 'other';
  }

  /** Not 0. */
  #digest(text: string): number {
    const digest = createHmac('sha256', this.#key).update(text).digest().readUIntBE(0, DIGEST_BYTES);
    return digest + 1;
  }
}
