// Group commit: entries that wait while a write is under way are written together in the next one.
import { type Body, keyText } from './chain.js';
import type { StoreError } from './error.js';
import type { Entry, RecordPlace } from './journal.js';
import { MAX_DATA_BYTES, MAX_WRITE_BYTES, MAX_WRITES, type Write } from './table.js';

/** What a record has besides its body, and the head, in bytes: more than both need. */
export const LINK_BYTES = 1000;
/** Larger bodies are kept as blobs. */
export const MAX_BODY_BYTES = MAX_DATA_BYTES - LINK_BYTES;

/** The start record and the head. */
const OWN_WRITES = 2;

type Outcome = 'written' | 'conflict';

/** An entry that waits for its outcome. */
export class Pending {
  readonly writes: readonly Write[];
  readonly #placed: Entry['placed'];
  /** `undefined`: the start record alone. */
  readonly body: Body | undefined;
  readonly keys: readonly string[];
  readonly bytes: number;
  readonly outcome: Promise<Outcome>;
  #isDone = false;
  #resolve!: (outcome: Outcome) => void;
  #reject!: (error: unknown) => void;

  constructor({ writes, placed }: Pick<Entry, 'writes' | 'placed'>, body?: Body) {
    this.writes = writes;
    this.#placed = placed;
    this.body = body;
    const keys = placed === undefined ? writes : [...writes, placed.key];
    this.keys = keys.map(keyText);
    this.bytes = writes.reduce(
      (sum, write) => sum + dataBytes(write),
      Buffer.byteLength(body?.json ?? '') + LINK_BYTES + (placed?.bytes ?? 0),
    );
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  writesAt(place: RecordPlace): readonly Write[] {
    return this.#placed === undefined ? this.writes : [...this.writes, this.#placed.put(place)];
  }

  /** Whether its caller knows the outcome. */
  get isDone(): boolean {
    return this.#isDone;
  }

  resolve(outcome: Outcome): void {
    this.#isDone = true;
    this.#resolve(outcome);
  }

  reject(error: StoreError | Error): void {
    this.#isDone = true;
    this.#reject(error);
  }

  /** Why it can never be written; `undefined` if it can. */
  get problem(): string | undefined {
    if (new Set(this.keys).size < this.keys.length) return 'two of its writes have the same key';
    if (this.keys.length + 1 + OWN_WRITES > MAX_WRITES) return `it has ${this.keys.length} writes`;
    if (this.bytes + OWN_WRITES * LINK_BYTES > MAX_WRITE_BYTES) return `it has ${this.bytes} bytes`;
    return undefined;
  }
}

function dataBytes(write: Write): number {
  return write.type === 'put' ? Buffer.byteLength(write.data) : 0;
}

/** Entries in the order in which they came. */
export class Queue {
  #waiting: Pending[] = [];

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(pending: Pending): void {
    this.#waiting.push(pending);
  }

  /** Puts entries back that were taken first. */
  putBack(entries: readonly Pending[]): void {
    this.#waiting = [...entries, ...this.#waiting];
  }

  takeAll(): readonly Pending[] {
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  /** @returns whether it was waiting */
  remove(pending: Pending): boolean {
    const place = this.#waiting.indexOf(pending);
    if (place >= 0) this.#waiting.splice(place, 1);
    return place >= 0;
  }

  /**
   * Takes what can be written together. Of entries that touch the same item, only the first: a transaction can have
   * each item once, and the second one's condition must look at what the first one wrote.
   */
  takeGroup(): readonly Pending[] {
    const group: Pending[] = [];
    const left: Pending[] = [];
    const touched = new Set<string>();
    let writes = OWN_WRITES;
    let bytes = OWN_WRITES * LINK_BYTES;
    for (const pending of this.#waiting) {
      const fits =
        writes + pending.keys.length + 1 <= MAX_WRITES &&
        bytes + pending.bytes <= MAX_WRITE_BYTES &&
        !pending.keys.some((key) => touched.has(key));
      pending.keys.forEach((key) => touched.add(key));
      if (fits) {
        group.push(pending);
        writes += pending.keys.length + 1;
        bytes += pending.bytes;
      } else left.push(pending);
    }
    this.#waiting = left;
    return group;
  }

  /** Takes the entries whose conditions can't hold any more, because a group was written. */
  takeOutdated(written: readonly Pending[]): readonly Pending[] {
    if (this.#waiting.length === 0) return [];
    const versions = new Map<string, number>();
    for (const { writes } of written) {
      for (const write of writes) {
        if (write.type === 'put' && write.seen !== undefined) versions.set(keyText(write), write.seen + 1);
      }
    }
    const isOutdated = ({ writes }: Pending): boolean =>
      writes.some((write) => (write.seen ?? Infinity) < (versions.get(keyText(write)) ?? 0));
    const outdated = this.#waiting.filter(isOutdated);
    if (outdated.length > 0) this.#waiting = this.#waiting.filter((pending) => !isOutdated(pending));
    return outdated;
  }
}

/** How long a write waits for entries that were announced, in ms. */
const GATHER_MS = 4;

/**
 * Entries that were announced and have not come yet. A write waits for them a moment: without it, the first of several
 * requests that are decided at the same time would be written alone, and all others would wait for that write.
 */
export class Announced {
  #count = 0;
  #onNone: (() => void) | undefined;

  /** @returns to be called once it has come, or will not come */
  announce(): () => void {
    let isComing = true;
    this.#count++;
    return () => {
      if (isComing && --this.#count === 0) this.#onNone?.();
      isComing = false;
    };
  }

  /** Resolves when none is left, or a moment has passed. */
  async wait(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.#onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onNone = undefined;
  }
}
