// Writes a store with a long history and many requests that wait for people, directly: no request is decided.
import { createHash } from 'node:crypto';
import { askedOf, hashOf, heldKeyOf } from '../../src/memory/recall.js';
import type { HeldState } from '../../src/memory/held.js';
import { subjectToData } from '../../src/memory/transaction-data.js';
import { counterToJson } from '../../src/policy/limits/counter-json.js';
import { bucketAt } from '../../src/policy/limits/window.js';
import { Decimal } from '../../src/protocol/decimal.js';
import { parseRequest } from '../../src/protocol/request.js';
import { createWriter, emptyHead, extend, putHead } from '../../src/store/chain.js';
import type { RecordPlace } from '../../src/store/journal.js';
import { answerKey, counterKey, subjectKey, waitingKey } from '../../src/store/keys.js';
import type { DecisionRecord } from '../../src/store/record.js';
import { MAX_WRITES, type Put, type Table } from '../../src/store/table.js';

/** So many writers run at the same time, and are replaced together. */
const TASKS = 4;
const WRITERS = 40;
/** From the first record to the last one. */
const HISTORY_MS = 300 * 86_400_000;
const WINDOW_MS = 86_400_000;
const EXPIRES = 4_000_000_000;
const HEADER = Buffer.from(JSON.stringify({ alg: 'RS256', typ: 'JWT' })).toString('base64url');
/** As long as real ones. */
const SIGNATURE = 'S'.repeat(342);
const ANSWER_SIGNATURE = 'S'.repeat(86);

export interface HistorySize {
  readonly records: number;
  readonly held: number;
  /** When the history ends, Unix time in ms. */
  readonly end: number;
}

/** The id of the request whose story is read. */
export const TOLD = idOf(7);

/** @param onProgress called now and then with the number of records that are written */
export async function writeHistory(
  table: Table,
  { records, held, end }: HistorySize,
  onProgress: (written: number) => void,
): Promise<void> {
  const each = Math.floor(records / WRITERS);
  const lifetime = HISTORY_MS / (WRITERS / TASKS);
  for (let first = 0; first < WRITERS; first += TASKS) {
    const start = end - HISTORY_MS + (first / TASKS) * lifetime;
    const tasks = Array.from({ length: TASKS }, (_, task) =>
      writeRecords(table, start, each, (place) => {
        const at = Math.floor(start + ((place + task / TASKS) * lifetime) / each);
        return decisionOf((first + task) * each + place, at);
      }),
    );
    await Promise.all(tasks);
    onProgress((first + TASKS) * each);
  }
  await writeHeld(table, held, end);
  await writeStory(table, end);
  await writeCounters(table, end);
}

/** One writer's records, as a task writes them. @returns its id */
async function writeRecords(
  table: Table,
  start: number,
  count: number,
  decisionAt: (place: number) => DecisionRecord,
): Promise<string> {
  const began = { type: 'start', at: new Date(start).toISOString(), version: '1.2.3', task: 'bench' };
  let head = emptyHead(createWriter(start), start, EXPIRES);
  for (let first = 0, seen = 0; first < count; first += MAX_WRITES - 2, seen++) {
    const length = Math.min(MAX_WRITES - 2, count - first);
    const decisions = Array.from({ length }, (_, place) => decisionAt(first + place));
    const bodies = [...(seen === 0 ? [began] : []), ...decisions];
    const texts = bodies.map((body) => ({ json: JSON.stringify(body), expires: EXPIRES }));
    const next = extend(head, texts, Date.parse(decisions.at(-1)?.at ?? ''));
    await table.write([...next.records, putHead(next.head, seen)]);
    head = next.head;
  }
  return head.writer;
}

/** Requests that wait, and the records of their first tries. */
async function writeHeld(table: Table, count: number, end: number): Promise<void> {
  const numbers = Array.from({ length: count }, (_, place) => -1 - place);
  const since = (place: number): number => end - (count - place) * 1000;
  const writer = await writeRecords(table, since(0), count, (place) => ({
    ...decisionOf(numbers[place] ?? 0, since(place)),
    ...{ action: 'RETRY', rule: 'large' },
  }));
  for (const [place, number] of numbers.entries()) {
    const asked = askedOf(parseRequest(payloadOf(number)));
    const hash = hashOf(asked);
    const state: HeldState = {
      ...{ since: since(place), hold: 'treasury', rule: 'large', tries: 1, lastTry: since(place) },
      record: { writer, sequence: place + 2 },
    };
    const { kind, requestId } = asked.request;
    await table.write([
      put(heldKeyOf(asked), state),
      put(waitingKey(state.since, hash), { kind, requestId, hash }),
    ]);
  }
}

/** A transaction that was approved and signed. */
async function writeStory(table: Table, end: number): Promise<void> {
  const at = end - 3_600_000;
  const stages = ['approval', 'signing'];
  const writer = await writeRecords(table, at, stages.length, (place) => ({
    ...decisionOf(7, at + place * 60_000),
    stage: stages[place] ?? '',
  }));
  for (const [place, stage] of stages.entries()) {
    const record: RecordPlace = { writer, sequence: place + 2 };
    const { answer, content } = decisionOf(7, at);
    const data = { action: 'APPROVE', answer, auth: 'jwt', mac: '', record };
    await table.write([put(answerKey('transaction', TOLD, stage, content), data)]);
  }
  const entry = { id: '', approvedAs: TOLD, signedAs: TOLD, essentials: {}, shares: [], at };
  await table.write([
    { type: 'put', ...subjectKey(`transaction:${TOLD}`), data: subjectToData({ entries: [entry] }) },
  ]);
}

/** Full counters of vaults. */
async function writeCounters(table: Table, end: number): Promise<void> {
  for (let vault = 0; vault < 100; vault++) {
    const buckets = Array.from({ length: 96 }, (_, place) => ({
      ...bucketAt({ type: 'sliding', ms: WINDOW_MS }, end - (95 - place) * (WINDOW_MS / 96)),
      sum: new Decimal(100 + vault),
    }));
    await table.write([put(counterKey('daily', String(vault)), counterToJson({ buckets }))]);
  }
}

function put(key: { readonly partition: string; readonly sort: string }, value: object): Put {
  return { type: 'put', ...key, data: JSON.stringify(value) };
}

function idOf(number: number): string {
  const hash = createHash('sha256').update(`request ${number}`).digest('hex');
  return hash.slice(0, 32).replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** A payment; of those with a negative number, a large one. */
function payloadOf(number: number): Record<string, unknown> {
  const id = idOf(number);
  const amount = number < 0 ? `${1_000_000 - number}` : `${1 + (Math.abs(number) % 90)}.25`;
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: number % 3 === 0 ? 'BTC' : 'USDC' },
    ...{ sourceType: 'VAULT', sourceId: String(Math.abs(number) % 100), sourceName: 'Treasury' },
    ...{ amountStr: amount, requestedAmountStr: amount, note: `invoice ${number}`, signerId: 'signer' },
    ...{ destType: 'ONE_TIME_ADDRESS', destId: '', players: ['21926ecc-4a8a-4614-bbac-7c591aa7efdd'] },
    destinations: [
      {
        ...{ amountNativeStr: amount, dstAddress: `0x${idOf(number % 50).replaceAll('-', '')}00000000` },
        ...{ dstAddressType: 'ONE_TIME', dstType: 'ONE_TIME_ADDRESS', amountUSD: amount },
      },
    ],
  };
}

/** About 2 KB. Of each 20, one is rejected. */
function decisionOf(number: number, at: number): DecisionRecord {
  const requestId = idOf(number);
  const isSmall = number % 20 !== 19;
  const action = isSmall ? 'APPROVE' : 'REJECT';
  const claims = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const report = {
    key: String(Math.abs(number) % 100),
    amount: '1',
    spent: '10',
    max: '1000',
    remaining: '990',
  };
  return {
    ...{
      type: 'decision',
      at: new Date(at).toISOString(),
      kind: 'transaction',
      requestId,
      stage: 'approval',
    },
    ...{ txId: requestId, content: 'c'.repeat(64), auth: 'jwt' },
    request: `${HEADER}.${claims(payloadOf(number))}.${SIGNATURE}`,
    answer: `${HEADER}.${claims({ action, requestId })}.${ANSWER_SIGNATURE}`,
    ...{ cosignerKey: 'a'.repeat(64), callbackKey: 'b'.repeat(64), action, policy: 'd'.repeat(64) },
    rule: isSmall ? 'small' : 'other',
    limits: { daily: report },
  };
}
