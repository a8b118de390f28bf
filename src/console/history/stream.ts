// One writer's records, from a place back to the first one, a few in memory at once.
import type { RecordPlace } from '../../store/journal.js';
import { recordPartition, sequenceSort } from '../../store/keys.js';
import type { RecordBody } from '../../store/record.js';
import type { Item } from '../../store/table.js';
import { bodyIn, type RecordStore } from '../records.js';

/** A record, and where it is. */
export interface HistoryRecord {
  readonly writer: string;
  readonly sequence: number;
  /** Unix time in ms. */
  readonly at: number;
  /** `undefined` if it can't be read: it is malformed, or its blob is gone. */
  readonly body: RecordBody | undefined;
}

/** How much a page may look at. */
export class Budget {
  records: number;
  /** Of records as JSON, in characters. */
  characters: number;

  constructor(records: number, characters: number) {
    this.records = records;
    this.characters = characters;
  }

  get isSpent(): boolean {
    return this.records <= 0 || this.characters <= 0;
  }
}

/** How many records are read first, and at most, at once. */
const FIRST_READ = 4;
const MAX_READ = 100;

export class WriterStream {
  readonly writer: string;
  readonly #store: RecordStore;
  readonly #budget: Budget;
  #items: Item[] = [];
  /** Of the last record that was read. */
  #read: number;
  #sizeOfRead = FIRST_READ;
  #next: HistoryRecord | undefined;
  /** The earliest time so far: that of a record which can't be read. */
  #time: number;

  /**
   * @param sequence of the first record to yield; what is not there is skipped
   * @param time when the writer wrote it or a later one, Unix time in ms
   */
  constructor(store: RecordStore, { writer, sequence }: RecordPlace, time: number, budget: Budget) {
    this.writer = writer;
    this.#store = store;
    this.#budget = budget;
    this.#read = sequence + 1;
    this.#time = time;
  }

  /** The record that follows; `undefined` after the last one, and before `advance` was called. */
  get next(): HistoryRecord | undefined {
    return this.#next;
  }

  /** Goes on to the record that follows. @throws {StoreError} */
  async advance(): Promise<void> {
    if (this.#items.length === 0) await this.#readMore();
    const item = this.#items.shift();
    this.#next = item && (await this.#recordIn(item));
  }

  async #readMore(): Promise<void> {
    if (this.#read <= 1) return;
    const limit = Math.max(1, Math.min(this.#sizeOfRead, this.#budget.records + 1));
    this.#sizeOfRead = Math.min(this.#sizeOfRead * 2, MAX_READ);
    const query = { reverse: true, limit, to: sequenceSort(this.#read - 1) };
    for await (const item of this.#store.table.query(recordPartition(this.writer), query)) {
      this.#items.push(item);
    }
    // The first of a writer's records to expire is its oldest: after a gap there are no more.
    this.#read = this.#items.length < limit ? 1 : Number(this.#items.at(-1)?.sort);
  }

  async #recordIn({ sort, data }: Item): Promise<HistoryRecord> {
    this.#budget.records--;
    this.#budget.characters -= data.length;
    const body = await readBody(this.#store, data);
    const time = Date.parse(body?.at ?? '');
    const at = Number.isNaN(time) ? this.#time : time;
    this.#time = Math.min(this.#time, at);
    return { writer: this.writer, sequence: Number(sort), at, body };
  }
}

/** @returns `undefined` if it is malformed, or its blob is gone @throws {StoreError} */
export async function readBody({ blobs }: RecordStore, data: string): Promise<RecordBody | undefined> {
  try {
    return await bodyIn(blobs, data);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}
