// Follows one writer's chain, record by record, and names the record that is wrong: a broken link alone does not say
// which of its two records was altered.
import { type Head, hashOf, NO_RECORD } from '../../../src/store/chain.js';
import { sequenceSort } from '../../../src/store/keys.js';
import type { Item } from '../../../src/store/table.js';
import { parseRecord } from '../store.js';
import type { Problem, What } from './problem.js';

/** A record that the next one is compared with. */
interface Linked {
  readonly sequence: number;
  readonly text: string;
  readonly hash: string;
  readonly previous: string;
}

/** A record that does not name the hash of the one before it. */
interface Break {
  readonly before: Pick<Linked, 'sequence' | 'hash'>;
  readonly after: Linked;
}

export class ChainCheck {
  readonly #writer: string;
  readonly #problems: Problem[] = [];
  /** The first record's place; `undefined` without any. */
  #first: number | undefined;
  #last = 0;
  /** `undefined` after a record that can't be compared with its neighbours. */
  #linked: Linked | undefined = { sequence: 0, text: '', hash: NO_RECORD, previous: '' };
  #break: Break | undefined;
  /** Places whose records say that they are others: which. */
  readonly #elsewhere = new Map<number, number>();

  constructor(writer: string) {
    this.#writer = writer;
  }

  get first(): number | undefined {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  /** @returns the place of the item; `undefined` if it is at none */
  add({ sort, data: text }: Item): number | undefined {
    const place = Number(sort);
    if (!Number.isSafeInteger(place) || place < 1 || sequenceSort(place) !== sort) {
      this.#found(
        this.#last + 1,
        'added',
        `an item that is no record is after record ${this.#last}: ${sort}`,
      );
      return undefined;
    }
    this.#checkPlace(place);
    const record = parseRecord(text);
    if (record?.writer !== this.#writer) {
      this.#found(place, 'altered', record === undefined ? 'it is no record' : 'it names another writer');
      this.#unlink();
    } else if (record.sequence !== place) {
      this.#elsewhere.set(place, record.sequence);
      this.#unlink();
    } else this.#link({ sequence: place, text, hash: hashOf(text), previous: record.previous });
    return place;
  }

  /**
   * @param before the head item as it was before the records were read
   * @param after as it was afterwards: records may have been added meanwhile
   */
  end(before: Head | undefined, after: Head | undefined): readonly Problem[] {
    this.#compareHead(before, after);
    if (this.#break !== undefined) this.#blame(this.#break.before.sequence);
    for (const [place, said] of this.#elsewhere) {
      const isSwapped = this.#elsewhere.get(said) === place;
      if (isSwapped) this.#found(place, 'swapped', `record ${said} is in its place`);
      else this.#found(place, 'altered', `it says that it is record ${said}`);
    }
    return this.#problems;
  }

  #checkPlace(place: number): void {
    if (this.#first === undefined) {
      this.#first = place;
      // What is missing before the first one may have expired: see beginning.ts.
      if (place > 1) this.#linked = undefined;
    } else if (place > this.#last + 1) {
      const [from, to] = [this.#last + 1, place - 1];
      this.#found(from, 'removed', from === to ? 'it is missing' : `records ${from} to ${to} are missing`);
      this.#unlink();
    }
    this.#last = place;
  }

  #link(record: Linked): void {
    const before = this.#linked;
    this.#linked = record;
    if (before === undefined) return;
    const isWhole = record.previous === before.hash;
    const earlier = this.#break;
    this.#break = undefined;
    if (earlier !== undefined && !isWhole && isAlone(earlier, record.previous)) {
      this.#blame(earlier.after.sequence);
      return;
    }
    if (earlier !== undefined) this.#blame(earlier.before.sequence);
    if (!isWhole) this.#break = { before, after: record };
  }

  #unlink(): void {
    if (this.#break !== undefined) this.#blame(this.#break.before.sequence);
    this.#break = undefined;
    this.#linked = undefined;
  }

  #compareHead(before: Head | undefined, head: Head | undefined): void {
    const last = this.#last;
    if (head === undefined) {
      if (last > 0) this.#found(last, 'head', 'the head item of its writer is missing');
      return;
    }
    if (head.sequence < last) {
      this.#found(head.sequence + 1, 'added', `it is after the last record of its writer, ${head.sequence}`);
    } else if (head.sequence === last && this.#linked !== undefined) {
      const end = { sequence: last + 1, text: '', hash: '', previous: head.hash };
      this.#link(end);
    } else if (head.sequence > last && (before?.sequence ?? 0) > last) {
      const from = last + 1;
      this.#found(
        from,
        'removed',
        from === head.sequence ? 'it is missing' : `records ${from} to ${head.sequence} are missing`,
      );
    }
  }

  #blame(sequence: number): void {
    this.#found(Math.max(1, sequence), 'altered', 'the record after it, or the head, names another hash');
  }

  #found(sequence: number, what: What, message: string): void {
    this.#problems.push({ writer: this.#writer, sequence, what, message });
  }
}

/** Whether the record after a break was altered, and only where it names the one before it. */
function isAlone({ before, after }: Break, expected: string): boolean {
  const place = after.text.indexOf(after.previous);
  const restored = `${after.text.slice(0, place)}${before.hash}${after.text.slice(place + after.previous.length)}`;
  return hashOf(restored) === expected;
}
