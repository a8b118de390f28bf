// A store as a year leaves it: many writers, and requests that wait for people. Nothing is decided for it.
import { createHash } from 'node:crypto';
import type { HeldState, Waiting } from '../src/memory/held.js';
import { askedOf, hashOf } from '../src/memory/recall.js';
import { parseRequest } from '../src/protocol/request.js';
import { answerKey, counterKey, heldKey, waitingKey } from '../src/store/keys.js';
import type { DecisionRecord } from '../src/store/record.js';
import type { Put, Table } from '../src/store/table.js';
import { createWriter, emptyHead, extend, type Head, putHead } from '../src/store/chain.js';
import { showProgress } from './progress.js';
import { numberedPayload } from './traffic/recorded.js';

/** When the last record was written, Unix time in ms. */
export const LAST = Date.parse('2026-11-26T10:00:00Z');
export const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const EXPIRES = Math.ceil((LAST + 2 * YEAR_MS) / 1000);
const WRITERS = 40;
/** Writers that are at work at the same time. */
const PARALLEL = 4;
const BATCH = 95;
/** Writers whose records are written at the same time; a divisor of WRITERS. */
const AT_ONCE = 10;

export const POLICY = `version: 1
limits:
  all: { amount: tx.amount, window: 24h, max: "1000000000" }
  daily: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000" }
approvers:
  alice: { name: Alice, passkeys: [] }
holds:
  treasury: { of: [alice], quorum: 1, expires: 50m }
rules:
  - { id: small, for: transaction, when: 'tx.amount < decimal("100")', action: approve }
  - { id: large, for: transaction, when: 'tx.amount > decimal("1000")', action: hold, hold: treasury }
otherwise: reject
`;

export interface Written {
  /** When the first record was written, Unix time in ms. */
  readonly first: number;
  /** Ids of requests: of one that was answered, and of one that waits. */
  readonly story: string;
  readonly held: string;
}

/** The records of requests that wait are the last ones of the last writer. @throws {StoreError} */
export async function writeHistory(
  table: Table,
  { records, waiting }: { readonly records: number; readonly waiting: number },
): Promise<Written> {
  const first = LAST - YEAR_MS;
  const rest = records - waiting;
  const perWriter = Math.ceil(rest / WRITERS);
  const stretchOf = (writer: number): Stretch => {
    const from = writer * perWriter;
    // A few are at work at the same time, each for as long as they all are.
    const length = YEAR_MS / (WRITERS / PARALLEL);
    const begin = first + Math.floor(writer / PARALLEL) * length;
    return { from, count: Math.min(perWriter, rest - from), begin, length };
  };
  // Writes that wait for the disk at the same time wait for it once.
  for (let writer = 0; writer < WRITERS; writer += AT_ONCE) {
    showProgress(`${writer * perWriter} of ${records} records written`);
    const writers = Array.from({ length: AT_ONCE }, (_, place) => writer + place);
    await Promise.all(writers.map((each) => writeRecords(table, stretchOf(each))));
  }
  await writeWaiting(table, rest, waiting);
  return { first, story: idOf((WRITERS / 2) * perWriter), held: idOf(rest + 1) };
}

interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly begin: number;
  readonly length: number;
}

async function writeRecords(table: Table, { from, count, begin, length }: Stretch): Promise<void> {
  let head: Head = emptyHead(createWriter(begin), begin, EXPIRES);
  for (let done = 0; done < count; done += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, count - done) }, (_, place) => from + done + place);
    const timeAt = (number: number): number => Math.floor(begin + ((number - from) * length) / count);
    const bodies = numbers.map((number) => bodyOf(recordOf(number, timeAt(number))));
    const { records, head: next } = extend(head, bodies, timeAt(numbers.at(-1) ?? from));
    const answers = numbers.flatMap((number, place) =>
      // One of a batch has its answer, for the story.
      place === 0 ? [answerOf(number, { writer: head.writer, sequence: head.sequence + 1 })] : [],
    );
    await table.write([...records, ...answers, putHead(next, done === 0 ? 0 : Math.floor(done / BATCH))]);
    head = next;
  }
}

async function writeWaiting(table: Table, from: number, count: number): Promise<void> {
  const begin = LAST - 3_000_000;
  let head: Head = emptyHead(createWriter(begin), begin, EXPIRES);
  const size = 30;
  for (let done = 0; done < count; done += size) {
    const numbers = Array.from({ length: Math.min(size, count - done) }, (_, place) => from + done + place);
    const times = numbers.map((number) => begin + (number - from) * 2000);
    const records = numbers.map((number, place) => heldRecord(number, times[place] ?? begin));
    const extended = extend(head, records.map(bodyOf), times.at(-1) ?? begin);
    const held = records.flatMap((record, place) =>
      heldWrites(record, times[place] ?? begin, { writer: head.writer, sequence: head.sequence + 1 + place }),
    );
    await table.write([...extended.records, ...held, putHead(extended.head, done / size)]);
    head = extended.head;
  }
  const buckets = [[LAST - 1000, LAST, '12345']];
  const keys = ['', ...Array.from({ length: 98 }, (_, place) => String(place))];
  const data = JSON.stringify({ buckets });
  await table.write(
    keys.map((key): Put => ({ type: 'put', ...counterKey(key === '' ? 'all' : 'daily', key), data })),
  );
}

function bodyOf(record: DecisionRecord): { readonly json: string; readonly expires: number } {
  return { json: JSON.stringify(record), expires: EXPIRES };
}

function idOf(number: number): string {
  return String(numberedPayload(number)['requestId']);
}

function recordOf(number: number, at: number): DecisionRecord {
  const payload = numberedPayload(number);
  const request = JSON.stringify(payload);
  const requestId = String(payload['requestId']);
  const amount = String(payload['amountStr']);
  const source = String(payload['sourceId']);
  const [action, rule] = number % 10 < 8 ? ['APPROVE', 'small'] : ['REJECT', 'otherwise'];
  const report = { amount, spent: '123.45', max: '1000', remaining: '876.55' };
  const share = { limit: 'daily', key: source, amount, from: at, to: at + 900_000 };
  return {
    ...{ type: 'decision', at: new Date(at).toISOString(), kind: 'transaction', requestId },
    ...{ stage: 'approval', txId: requestId, content: sha256(request), request },
    ...{
      answer: JSON.stringify({ action, requestId }),
      auth: 'json',
      callbackKey: sha256('key'),
      action,
      rule,
    },
    ...{ policy: sha256(POLICY), limits: { all: { key: '', ...report }, daily: { key: source, ...report } } },
    memory: { counters: { [`daily#${source}`]: { buckets: [[at, at + 900_000, '123.45']] } }, shares: [] },
    shares: [share, { ...share, limit: 'all', key: '' }],
  };
}

function heldRecord(number: number, at: number): DecisionRecord {
  const record = { ...recordOf(number, at), limits: undefined, shares: undefined };
  const hold = { name: 'treasury', state: 'waiting', quorum: 1, approvals: [] };
  const expires = new Date(at + 3_000_000).toISOString();
  return { ...record, action: 'RETRY', rule: 'large', hold: { ...hold, since: record.at, expires } };
}

function heldWrites(record: DecisionRecord, since: number, place: HeldState['record']): readonly Put[] {
  const { kind, requestId } = record;
  const hash = hashOf(askedOf(parseRequest(JSON.parse(record.request))));
  const held: HeldState = { since, hold: 'treasury', rule: 'large', tries: 1, lastTry: since, record: place };
  const waiting: Waiting = { kind, requestId, hash };
  return [
    { type: 'put', ...heldKey(kind, requestId, hash), data: JSON.stringify(held) },
    { type: 'put', ...waitingKey(since, hash), data: JSON.stringify(waiting) },
  ];
}

function answerOf(number: number, record: HeldState['record']): Put {
  const { kind, requestId, stage, content, answer, action } = recordOf(number, LAST);
  const data = JSON.stringify({ action, answer, auth: 'json', mac: '', record });
  return { type: 'put', ...answerKey(kind, requestId, stage, content), data };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
