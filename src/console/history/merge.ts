// The records of all writers, newest first: a merge of their chains. A writer is opened only when it is its turn.
import { createWriter, type Head, readHead, startOf } from '../../store/chain.js';
import { HEADS } from '../../store/keys.js';
import type { RecordStore } from '../records.js';
import { type Cursor } from './cursor.js';
import { seek } from './seek.js';
import { type Budget, type HistoryRecord, WriterStream } from './stream.js';

/** How many starts of a process are looked at: those that were last before the time that is read. */
const MAX_HEADS = 10_000;
/** A record is written some seconds after its decision at most, and clocks differ. In ms. */
export const MARGIN_MS = 10_000;

/** The last second whose year has four digits. */
const MAX_TIME = Date.parse('9999-12-31T23:59:59Z');

/** A writer that is not opened yet. */
interface Closed {
  readonly head: Head;
  /** When it wrote last, Unix time in ms. */
  readonly at: number;
}

/** A writer, and the sequence of the record that follows. */
type Place = readonly [Head, number];

export class Merge {
  readonly #store: RecordStore;
  readonly #budget: Budget;
  readonly #from: number;
  #time: number;
  #open: WriterStream[] = [];
  /** The one that wrote last comes first. */
  #closed: Closed[] = [];
  /** The places of writers that have no more records in the period. */
  readonly #ended = new Map<string, number>();

  /** @param from what is earlier need not be read, Unix time in ms */
  constructor(store: RecordStore, budget: Budget, cursor: Cursor, from: number) {
    this.#store = store;
    this.#budget = budget;
    this.#from = from - MARGIN_MS;
    this.#time = cursor.time;
  }

  /** @param margin by how much later records may be than the cursor's time, in ms @throws {StoreError} */
  static async start(
    store: RecordStore,
    budget: Budget,
    cursor: Cursor,
    { from, margin }: { readonly from: number; readonly margin: number },
  ): Promise<Merge> {
    const merge = new Merge(store, budget, cursor, from);
    const heads = await readHeads(store, cursor.time);
    const placed = heads.flatMap((head): Place[] => {
      const place = cursor.places.get(head.writer);
      return place === undefined ? [] : [[head, Math.min(place, head.sequence)]];
    });
    const others = heads.filter(
      ({ writer, at }) =>
        !cursor.places.has(writer) &&
        Date.parse(at) >= merge.#from &&
        (startOf(writer) ?? 0) <= cursor.time + margin,
    );
    // Those that have written later than where the page begins.
    const later = others.filter(({ at }) => Date.parse(at) > cursor.time);
    const found = await seek(store, later, cursor.time + margin);
    await merge.#openAll([...placed, ...found]);
    merge.#closed = others
      .filter(({ at }) => Date.parse(at) <= cursor.time)
      .map((head) => ({ head, at: Date.parse(head.at) }))
      .sort((a, b) => b.at - a.at);
    return merge;
  }

  /** The record that follows, which stays the next one until `advance` is called. @throws {StoreError} */
  async peek(): Promise<HistoryRecord | undefined> {
    for (;;) {
      const first = this.#first?.next;
      const [closed] = this.#closed;
      if (closed === undefined || (first !== undefined && first.at > closed.at)) return first;
      this.#closed.shift();
      await this.#openAll([[closed.head, closed.head.sequence]]);
    }
  }

  /** Goes past the record that `peek` gave. @throws {StoreError} */
  async advance(): Promise<void> {
    const first = this.#first;
    if (first?.next === undefined) return;
    this.#time = Math.min(this.#time, first.next.at);
    const { sequence } = first.next;
    await first.advance();
    this.#close(first, sequence - 1);
  }

  /** Where the next page begins. */
  get cursor(): Cursor {
    const places = new Map(this.#ended);
    for (const { writer, next } of this.#open) if (next !== undefined) places.set(writer, next.sequence);
    return { time: this.#time, places };
  }

  get #first(): WriterStream | undefined {
    let first: WriterStream | undefined;
    for (const stream of this.#open) {
      if (first === undefined || compare(stream.next, first.next) > 0) first = stream;
    }
    return first;
  }

  async #openAll(places: readonly Place[]): Promise<void> {
    const opening = places.map(async ([{ writer, at }, sequence]) => {
      if (sequence < 1) return void this.#ended.set(writer, 0);
      const time = Math.min(this.#time, Date.parse(at));
      const stream = new WriterStream(this.#store, { writer, sequence }, time, this.#budget);
      await stream.advance();
      this.#open.push(stream);
      this.#close(stream, sequence);
    });
    await Promise.all(opening);
  }

  /** Closes a stream that has no more records in the period. @param place where it would go on */
  #close(stream: WriterStream, place: number): void {
    const { next, writer } = stream;
    if (next !== undefined && next.at >= this.#from) return;
    this.#open = this.#open.filter((other) => other !== stream);
    this.#ended.set(writer, next === undefined ? 0 : place);
  }
}

function compare(a: HistoryRecord | undefined, b: HistoryRecord | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  return a.at - b.at || (a.writer < b.writer ? -1 : 1);
}

/** @param time only writers that have started by then or soon after, Unix time in ms */
async function readHeads({ table }: RecordStore, time: number): Promise<readonly Head[]> {
  const heads: Head[] = [];
  const to = { to: createWriter(Math.min(time + MARGIN_MS, MAX_TIME)) };
  for await (const item of table.query(HEADS, { reverse: true, limit: MAX_HEADS, ...to })) {
    const head = readHead(item);
    // The first record says only that the writer has started.
    if (head !== undefined && head.sequence > 1) heads.push(head);
  }
  return heads;
}
