// Compares sealed heads with the records: what was cut off with its head item, or replaced as a whole, shows only here.
import type { Head } from '../../../src/store/chain.js';
import { type Acceptance, isAccepted } from '../../../src/store/heads.js';
import type { Digests } from './digests.js';
import type { Problem } from './problem.js';

/** What was found of a writer. */
export interface Extent {
  /** Sequence of the first record; `undefined` without any. */
  readonly first: number | undefined;
  readonly last: number;
  /** Where they should end: at the head. */
  readonly end: number;
}

export class SealedHeads {
  readonly #acceptances: readonly Acceptance[];
  readonly #now: number;
  /** Writers whose records end before a sealed head: named once. */
  readonly #cut = new Set<string>();
  readonly #accepted = new Set<string>();
  #count = 0;

  /** @param now Unix time in ms */
  constructor(acceptances: readonly Acceptance[], now: number) {
    this.#acceptances = acceptances;
    this.#now = now;
  }

  get count(): number {
    return this.#count;
  }

  /** The writers of which records are missing that an operator has accepted as lost. */
  get accepted(): readonly string[] {
    return [...this.#accepted].sort();
  }

  /** @param hashes of the records that were found */
  compare(head: Head, { first, last, end }: Extent, hashes: Digests): readonly Problem[] {
    const { writer, sequence, hash } = head;
    this.#count++;
    const found = hashes.compare(writer, sequence, hash);
    if (found === 'same' || head.expires * 1000 <= this.#now) return [];
    if (isAccepted(head, this.#acceptances)) {
      this.#accepted.add(writer);
      return [];
    }
    if (sequence > last) {
      // Their chain has named it already.
      if (end > last || this.#cut.has(writer)) return [];
      this.#cut.add(writer);
      const message = `the records end before it, but record ${sequence} was sealed`;
      return [{ writer, sequence: last + 1, what: 'removed', message }];
    }
    if (found === 'other') {
      return [{ writer, sequence, what: 'altered', message: 'another hash was sealed' }];
    }
    // What is missing between records was found by their chain.
    const isBefore = first !== undefined && sequence < first;
    const message = 'it was sealed, and is missing, though it has not expired';
    return isBefore ? [{ writer, sequence, what: 'removed', message }] : [];
  }
}
