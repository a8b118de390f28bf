// The records of one writer, the last one first, read in small chunks.
import { recordPartition, sequenceSort } from '../../store/keys.js';
import type { RecordBody } from '../../store/record.js';
import type { Item } from '../../store/table.js';
import { bodyIn, type RecordStore } from '../records.js';

/** A record in the order of the history. */
export interface Entry {
  readonly writer: string;
  readonly sequence: number;
  /** Its place in the order, Unix time in ms: no later than that of the records that were written after it. */
  readonly time: number;
  /** `undefined` if it was kept apart, and is gone. */
  readonly body: RecordBody | undefined;
  /** What reading it costs: 1 for a usual record, more for a large one. */
  readonly cost: number;
}

/** Records that are read at once, at first and at most. */
const FIRST_CHUNK = 16;
const MAX_CHUNK = 128;
/** What a record of cost 1 has at most, in characters. */
const COST_UNIT = 16_384;
/** What it costs to read what is kept apart. */
const APART_COST = 20;

export class WriterStream {
  readonly writer: string;
  readonly #store: RecordStore;
  #items: AsyncIterator<Item> | undefined;
  #chunk = FIRST_CHUNK;
  /** What is left of the chunk. */
  #left = 0;
  #place: number;
  #time: number;
  #top: Entry | undefined;

  /**
   * @param place the first sequence to read
   * @param time no record's place in the order is later, Unix time in ms
   */
  constructor(store: RecordStore, writer: string, place: number, time: number) {
    this.writer = writer;
    this.#store = store;
    this.#place = place;
    this.#time = time;
  }

  /** The next record; `undefined` at the end. */
  get top(): Entry | undefined {
    return this.#top;
  }

  /** The highest sequence that was not taken yet; 0 at the end. */
  get place(): number {
    return this.#top?.sequence ?? 0;
  }

  /** Goes to the next record. @throws {StoreError} */
  async advance(): Promise<void> {
    const item = await this.#next();
    this.#top = item && (await this.#entryOf(item));
  }

  /** Nothing more is read. */
  async close(): Promise<void> {
    await this.#items?.return?.();
    this.#items = undefined;
  }

  async #next(): Promise<Item | undefined> {
    for (;;) {
      if (this.#place < 1) return undefined;
      this.#items ??= this.#read();
      const next = await this.#items.next();
      if (next.done !== true) {
        this.#left--;
        this.#place = Number(next.value.sort) - 1;
        return next.value;
      }
      this.#items = undefined;
      // A chunk that was not full was the last one.
      if (this.#left > 0) this.#place = 0;
    }
  }

  #read(): AsyncIterator<Item> {
    const limit = this.#chunk;
    this.#chunk = Math.min(MAX_CHUNK, 4 * limit);
    this.#left = limit;
    const query = { to: sequenceSort(this.#place), reverse: true, limit };
    return this.#store.table.query(recordPartition(this.writer), query)[Symbol.asyncIterator]();
  }

  async #entryOf({ sort, data }: Item): Promise<Entry> {
    const body = await bodyIn(this.#store.blobs, data);
    const at = Date.parse(body?.at ?? '');
    if (at < this.#time) this.#time = at;
    const isApart = data.length < 500 && data.includes('"body":{"sha256":');
    const size = body?.type === 'decision' ? body.request.length : 0;
    const cost = Math.ceil(Math.max(data.length, size) / COST_UNIT) + (isApart ? APART_COST : 0);
    return { writer: this.writer, sequence: Number(sort), time: this.#time, body, cost };
  }
}
