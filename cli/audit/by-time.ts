// Yields the records of all writers in the order of their times, a few in memory at once.
import { hashOf, startOf } from '../../src/store/chain.js';
import type { RecordBody } from '../../src/store/record.js';
import { type AuditedStore, bodyOf, headsOf, parseRecord, recordsOf } from './store.js';

export interface AuditRecord {
  readonly writer: string;
  readonly sequence: number;
  /** SHA-256 of the record as stored. */
  readonly hash: string;
  readonly body: RecordBody;
}

/** Unix times in ms: the first, inclusive, and the last, exclusive. */
export interface Period {
  readonly from: number;
  readonly to: number;
}

export const ALWAYS: Period = { from: -Infinity, to: Infinity };

interface Stream {
  readonly records: AsyncGenerator<AuditRecord>;
  next: AuditRecord;
}

/** A writer's id has the second in which it started; clocks of two tasks may differ by a few. */
const MARGIN_MS = 60_000;

/** @throws {StoreError} */
export async function* recordsByTime(
  store: AuditedStore,
  period: Period = ALWAYS,
): AsyncGenerator<AuditRecord> {
  const waiting = (await headsOf(store)).filter(
    ({ writer, at }) =>
      Date.parse(at) + MARGIN_MS >= period.from && (startOf(writer) ?? 0) - MARGIN_MS < period.to,
  );
  const open: Stream[] = [];
  for (;;) {
    const first = earliest(open);
    const writer = waiting[0]?.writer;
    // A writer has no record from before it started.
    const isDue =
      (startOf(writer ?? '') ?? 0) - MARGIN_MS <= (first === undefined ? Infinity : timeOf(first.next));
    if (writer !== undefined && isDue) {
      waiting.shift();
      const records = recordsIn(store, writer, period);
      const next = await records.next();
      if (next.done !== true) open.push({ records, next: next.value });
      continue;
    }
    if (first === undefined) return;
    yield first.next;
    const next = await first.records.next();
    if (next.done === true) open.splice(open.indexOf(first), 1);
    else first.next = next.value;
  }
}

async function* recordsIn(
  store: AuditedStore,
  writer: string,
  { from, to }: Period,
): AsyncGenerator<AuditRecord> {
  for await (const items of recordsOf(store, writer)) {
    for (const { data } of items) {
      const record = parseRecord(data);
      const body = record && (await bodyOf(store, record));
      if (record === undefined || body === undefined) continue;
      const time = Date.parse(body.at);
      if (time >= from && time < to) yield { writer, sequence: record.sequence, hash: hashOf(data), body };
    }
  }
}

function earliest(open: readonly Stream[]): Stream | undefined {
  let first: Stream | undefined;
  for (const stream of open)
    if (first === undefined || timeOf(stream.next) < timeOf(first.next)) first = stream;
  return first;
}

function timeOf({ body }: AuditRecord): number {
  return Date.parse(body.at);
}
