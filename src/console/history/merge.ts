// The records of all writers, newest first, without an index: a merge, which reads a writer once its turn comes.
import { type Head, readHead, startOf } from '../../store/chain.js';
import { HEADS } from '../../store/keys.js';
import type { Table } from '../../store/table.js';
import type { RecordStore } from '../records.js';
import { type Cursor, MARGIN_MS } from './cursor.js';
import { seek } from './seek.js';
import { type Entry, WriterStream } from './stream.js';

export class Merge {
  readonly #store: RecordStore;
  readonly #from: Cursor;
  readonly #open: WriterStream[] = [];
  readonly #ended: string[] = [];
  /** Those whose last record may be older than what was looked at, newest first. */
  #waiting: readonly Head[] = [];
  #last: { readonly time: number; readonly writer: string };

  private constructor(store: RecordStore, from: Cursor) {
    this.#store = store;
    this.#from = from;
    this.#last = from;
  }

  /** @param from what is newer is not read @throws {StoreError} */
  static async open(store: RecordStore, from: Cursor): Promise<Merge> {
    const merge = new Merge(store, from);
    await merge.#begin(await headsOf(store.table));
    return merge;
  }

  /** Where the next page goes on. */
  get cursor(): Cursor {
    const { time, writer } = this.#last;
    // Older than its start, a writer has no record.
    const ended = this.#ended.filter((name) => time >= (startOf(name) ?? Infinity) - MARGIN_MS);
    const places = [
      ...this.#open.map((stream) => [stream.writer, stream.place] as const),
      ...ended.map((name) => [name, 0] as const),
    ];
    return { time, writer, places: new Map(places) };
  }

  /** @returns `undefined` at the end @throws {StoreError} */
  async next(): Promise<Entry | undefined> {
    const stream = await this.#newest();
    const entry = stream?.top;
    if (stream === undefined || entry === undefined) return undefined;
    this.#last = entry;
    await stream.advance();
    this.#dropEnded();
    return entry;
  }

  /** Nothing more is read. */
  async close(): Promise<void> {
    await Promise.all(this.#open.map((stream) => stream.close()));
  }

  async #begin(heads: readonly Head[]): Promise<void> {
    const { time, places } = this.#from;
    this.#ended.push(...[...places].filter(([, place]) => place === 0).map(([writer]) => writer));
    const others = heads.filter(
      ({ writer }) => !places.has(writer) && (startOf(writer) ?? 0) - MARGIN_MS <= time,
    );
    const isOlder = ({ at }: Head): boolean => Date.parse(at) < time;
    this.#waiting = others.filter(isOlder).sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    const found = await seek(
      this.#store,
      others.filter((head) => !isOlder(head)),
      this.#from,
    );
    await this.#openAll([...places, ...found].filter(([, place]) => place > 0));
  }

  /** @returns the writer whose turn it is, once no other can have a newer record */
  async #newest(): Promise<WriterStream | undefined> {
    for (;;) {
      const newest = this.#open.reduce<WriterStream | undefined>(newer, undefined);
      const time = newest?.top?.time ?? Date.parse(this.#waiting[0]?.at ?? '');
      const due = this.#waiting.filter(({ at }) => Date.parse(at) >= time);
      if (due.length === 0) return newest;
      this.#waiting = this.#waiting.slice(due.length);
      await this.#openAll(due.map(({ writer, sequence }) => [writer, sequence]));
    }
  }

  async #openAll(places: readonly (readonly [string, number])[]): Promise<void> {
    const streams = places.map(
      ([writer, place]) => new WriterStream(this.#store, writer, place, this.#last.time),
    );
    await Promise.all(streams.map((stream) => stream.advance()));
    this.#open.push(...streams);
    this.#dropEnded();
  }

  #dropEnded(): void {
    for (const stream of this.#open.filter(({ top }) => top === undefined)) {
      this.#ended.push(stream.writer);
      this.#open.splice(this.#open.indexOf(stream), 1);
    }
  }
}

function newer(a: WriterStream | undefined, b: WriterStream): WriterStream {
  const [time, other] = [a?.top?.time ?? -Infinity, b.top?.time ?? -Infinity];
  if (a === undefined || other > time) return b;
  return other === time && b.writer > a.writer ? b : a;
}

async function headsOf(table: Table): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for await (const item of table.query(HEADS)) {
    const head = readHead(item);
    if (head !== undefined) heads.push(head);
  }
  return heads;
}
