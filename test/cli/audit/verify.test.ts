// Tests that an audit names exactly what was done to 1,000 records by somebody who can write the store.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { AuditedStore } from '../../../cli/audit/store.js';
import { trustOnly } from '../../../cli/audit/verify/keys.js';
import type { What } from '../../../cli/audit/verify/problem.js';
import { verifyStore } from '../../../cli/audit/verify/verify.js';
import { hashOf } from '../../../src/store/chain.js';
import { fileHeadStore } from '../../../src/store/file-heads.js';
import { answerKey, headKey, recordKey, recordPartition } from '../../../src/store/keys.js';
import type { DecisionRecord, StoredRecord } from '../../../src/store/record.js';
import type { Item, Key } from '../../../src/store/table.js';
import { rsaPair } from '../../helpers/keys.js';
import { MemoryBlobs } from '../../helpers/memory-blobs.js';
import { MemoryTable } from '../../helpers/memory-table.js';
import { numberedPayload, recorded } from '../../../bench/traffic/recorded.js';

const RECORDS = 1000;

const world = await createWorld();
const untouched = world.table.snapshot();

/** 1,000 records of one writer, whose head is sealed at half and at the end. */
async function createWorld() {
  const table = new MemoryTable();
  const blobs = new MemoryBlobs();
  const headStore = fileHeadStore(join(t.testdir(), 'store.heads'));
  const process = recorded({ table, blobs });
  const { journal, keys } = process;
  const seal = async (): Promise<void> => headStore.seal(journal.head === undefined ? [] : [journal.head]);
  for (let number = 1; number < RECORDS; number++) {
    await process.decide(numberedPayload(number));
    if (number === RECORDS / 2) await seal();
  }
  await seal();
  return { table, blobs, headStore, writer: journal.writer, keys };
}

t.beforeEach(() => {
  world.table.partitions = new Map([...untouched].map(([partition, items]) => [partition, new Map(items)]));
});

function itemAt(key: Key): Item {
  const item = world.table.partitions.get(key.partition)?.get(key.sort);
  if (item === undefined) throw new Error(`no item ${key.partition} ${key.sort}`);
  return item;
}

function recordAt(sequence: number): Item {
  return itemAt(recordKey(world.writer, sequence));
}

function decisionAt(sequence: number): DecisionRecord {
  return (JSON.parse(recordAt(sequence).data) as StoredRecord).body as DecisionRecord;
}

function answerKeyAt(sequence: number): Key {
  const { kind, requestId, stage, content } = decisionAt(sequence);
  return answerKey(kind, requestId, stage, content);
}

/** Changes a record's text as if nobody would notice. */
function alter(sequence: number, change: (text: string) => string): void {
  const item = recordAt(sequence);
  world.table.tamper(item, { ...item, data: change(item.data) });
}

function alterByte(sequence: number, place: number): void {
  alter(sequence, (text) => {
    const bytes = Buffer.from(text);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    return bytes.toString('latin1');
  });
}

type Found = readonly (readonly [sequence: number, what: What])[];

async function problems(store: Partial<AuditedStore> = {}): Promise<Found> {
  const found = await verifyStore({ ...world, ...store });
  return found.problems.map(({ sequence, what }) => [sequence, what]);
}

/** @param first what an audit must name first, and what it names besides */
async function names(t: Test, first: readonly [number, What], ...others: Found): Promise<void> {
  const found = await problems();
  t.same(found[0], first);
  t.same(found.slice(1), others);
}

t.test('finds nothing wrong with what nobody touched', async (t) => {
  const found = await verifyStore(world);
  t.match(found, {
    ...{ writers: 1, records: RECORDS, decisions: RECORDS - 1, signatures: 2 * (RECORDS - 1) },
    ...{ repeated: RECORDS - 1, notRepeated: {}, answers: 899, outlivedAnswers: 0, sealedHeads: 2 },
    ...{ accepted: [], problemCount: 0, problems: [] },
  });
});

t.test('names the record of which one byte was altered, wherever the byte is', async (t) => {
  const length = Buffer.byteLength(recordAt(500).data);
  const link = recordAt(500).data.indexOf('"previous":"') + '"previous":"'.length;
  const digit = recordAt(500).data.indexOf('"sequence":') + '"sequence":'.length;
  for (const place of [
    0,
    20,
    digit,
    link,
    link + 63,
    200,
    Math.floor(length / 2),
    length - 100,
    length - 1,
  ]) {
    world.table.partitions = new Map(untouched);
    world.table.partitions.set(
      recordPartition(world.writer),
      new Map(untouched.get(recordPartition(world.writer))),
    );
    alterByte(500, place);
    const found = await problems();
    t.same(new Set(found.map(([sequence]) => sequence)), new Set([500]), `byte ${place}`);
    t.ok(
      found.some(([, what]) => what === 'altered'),
      `byte ${place}`,
    );
  }
});

t.test('names the first and the last record', async (t) => {
  alterByte(1, 200);
  await names(t, [1, 'altered']);
  world.table.partitions.set(
    recordPartition(world.writer),
    new Map(untouched.get(recordPartition(world.writer))),
  );
  alter(RECORDS, (text) => text.replace('"kind":"transaction"', '"kind":"transactiom"'));
  const found = await problems();
  t.ok(found.every(([sequence]) => sequence === RECORDS));
  t.ok(found.some(([, what]) => what === 'altered'));
});

t.test('names each of two altered records', async (t) => {
  for (const sequence of [300, 301])
    alter(sequence, (text) => text.replace('"reason"', '"reasom"').replace('"memory"', '"memorz"'));
  const found = await problems();
  t.same(new Set(found.map(([sequence]) => sequence)), new Set([300, 301]));
});

t.test('names a record that was removed', async (t) => {
  world.table.tamper(recordKey(world.writer, 402), undefined);
  await names(t, [402, 'removed']);
});

t.test('names the beginning that was removed', async (t) => {
  for (let sequence = 1; sequence <= 10; sequence++)
    world.table.tamper(recordKey(world.writer, sequence), undefined);
  const found = await problems();
  t.same(found[0], [1, 'removed']);
});

t.test('names a record that was added', async (t) => {
  const last = recordAt(RECORDS);
  world.table.tamper(recordKey(world.writer, RECORDS + 1), {
    ...last,
    data: last.data.replace(`"sequence":${RECORDS}`, `"sequence":${RECORDS + 1}`),
  });
  const found = await problems();
  t.ok(found.some(([sequence, what]) => sequence === RECORDS + 1 && what === 'added'));
  t.notOk(found.some(([sequence]) => sequence < RECORDS));
});

t.test('names an item that was added between records', async (t) => {
  world.table.tamper({ partition: recordPartition(world.writer), sort: '000000000005a' }, recordAt(5));
  await names(t, [6, 'added']);
});

t.test('names two records that were swapped', async (t) => {
  const [one, other] = [recordAt(200), recordAt(700)];
  world.table.tamper(one, { ...other });
  world.table.tamper(other, { ...one });
  const found = await problems();
  t.same(found.slice(0, 1), [[200, 'swapped']]);
  t.ok(found.some(([sequence, what]) => sequence === 700 && what === 'swapped'));
  t.same(new Set(found.map(([sequence]) => sequence)), new Set([200, 700]));
});

t.test('names where the tail was cut, by the head', async (t) => {
  for (let sequence = 991; sequence <= RECORDS; sequence++) {
    world.table.tamper(recordKey(world.writer, sequence), undefined);
  }
  await names(t, [991, 'removed']);
});

t.test('names where the tail was cut with its head and its answers, by the sealed head', async (t) => {
  const head = JSON.stringify({
    sequence: 990,
    hash: (JSON.parse(recordAt(991).data) as StoredRecord).previous,
    at: '2026-11-26T10:00:00.000Z',
  });
  for (let sequence = 991; sequence <= RECORDS; sequence++) {
    world.table.tamper(answerKeyAt(sequence), undefined);
    world.table.tamper(recordKey(world.writer, sequence), undefined);
  }
  world.table.tamper(headKey(world.writer), { ...itemAt(headKey(world.writer)), data: head });
  await names(t, [991, 'removed']);
  t.same(await problems({ headStore: undefined }), [], 'without the second place, nobody can know');
  const [sealed] = await world.headStore.sealed();
  if (sealed === undefined) throw new Error('nothing is sealed');
  const acceptances = [{ at: '2026-11-26T12:00:00.000Z', by: 'Ann', heads: [sealed] }];
  const headStore = { ...world.headStore, acceptances: () => Promise.resolve(acceptances) };
  const accepted = await verifyStore({ ...world, headStore });
  t.match(accepted, { problemCount: 0, accepted: [world.writer] }, 'what was accepted is no problem');
});

t.test('names a writer whose records were all removed', async (t) => {
  world.table.partitions.delete(recordPartition(world.writer));
  world.table.tamper(headKey(world.writer), undefined);
  const found = await problems();
  t.same(found[0], [1, 'removed']);
});

t.test('names what was altered in a chain that was hashed anew to its end', async (t) => {
  let previous = '';
  for (let sequence = 501; sequence <= RECORDS; sequence++) {
    alter(sequence, (text) => {
      const altered = sequence === 502 ? text.replace('"action":"APPROVE"', '"action":"REJECT"') : text;
      return sequence > 502 ? altered.replace(/"previous":"\w+"/, `"previous":"${previous}"`) : altered;
    });
    previous = hashOf(recordAt(sequence).data);
  }
  const head = { sequence: RECORDS, hash: previous, at: '2026-11-26T10:00:00.000Z' };
  world.table.tamper(headKey(world.writer), {
    ...itemAt(headKey(world.writer)),
    data: JSON.stringify(head),
  });
  await names(
    t,
    [502, 'contradiction'],
    [502, 'decision'],
    [502, 'answer'],
    // The sealed head.
    [RECORDS, 'altered'],
  );
});

t.test('records with keys of somebody else are found with keys that are given', async (t) => {
  const { table, blobs, keys } = world;
  const forger = recorded({ table, blobs });
  await forger.decide(numberedPayload(5000));
  t.match(await verifyStore(world), { problemCount: 0, writers: 2 }, 'the keys that were kept with them');
  const file = join(t.testdir({ pem: keys.cosigner.publicPem + keys.callback.publicPem }), 'pem');
  const { problems: found } = await verifyStore(world, { findKey: trustOnly(file) });
  const flaw = { writer: forger.journal.writer, sequence: 2, what: 'signature' };
  t.match(found, [flaw, flaw]);
  t.equal(found.length, 2);
});

t.test('names a planted answer', async (t) => {
  const answer = itemAt(answerKeyAt(123));
  for (const [place, sort] of [
    [123, 'approval#' + 'a'.repeat(64)],
    [124, answer.sort],
  ] as const) {
    const data = answer.data.replace(/"sequence":\d+/, `"sequence":${place}`);
    world.table.tamper({ partition: 'A#transaction#planted', sort }, { ...answer, data });
  }
  world.table.tamper(
    { partition: 'A#transaction#nowhere', sort: answer.sort },
    { ...answer, data: answer.data.replace(/"sequence":\d+/, '"sequence":5000') },
  );
  await names(t, [123, 'planted'], [124, 'planted'], [5000, 'planted']);
});

t.test('names a stored answer that was altered, or removed', async (t) => {
  const altered = itemAt(answerKeyAt(52));
  world.table.tamper(altered, { ...altered, data: altered.data.replace('"APPROVE"', '"REJECT"') });
  world.table.tamper(answerKeyAt(62), undefined);
  await names(t, [52, 'answer'], [62, 'answer']);
});

t.test('names a missing head item', async (t) => {
  world.table.tamper(headKey(world.writer), undefined);
  await names(t, [RECORDS, 'head']);
});

t.test('accepts that a chain begins later only if what was before has expired', async (t) => {
  const day = 86_400_000;
  const start = Date.parse('2026-01-01T00:00:00Z');
  let now = start;
  const table = new MemoryTable({ now: () => now });
  const blobs = new MemoryBlobs();
  const process = recorded({ table, blobs, now: () => now });
  const { journal } = process;
  for (let number = 0; number < 8; number++) {
    now = start + number * day;
    await process.decide(numberedPayload(number));
  }
  now = start + 403.5 * day;
  t.match(
    await verifyStore({ table, blobs }, { now }),
    { problemCount: 0, records: 4, answers: 8, outlivedAnswers: 4 },
    'the start record and four others have expired',
  );
  table.tamper(recordKey(journal.writer, 6), undefined);
  table.tamper(recordKey(journal.writer, 7), undefined);
  const headStore = fileHeadStore(join(t.testdir(), 'store.heads'));
  const expires = Math.round(now / 1000) + 10 * 86_400;
  await headStore.seal([
    { writer: journal.writer, sequence: 7, hash: 'a'.repeat(64), at: '2026-01-05T00:00:00.000Z', expires },
  ]);
  const found = await verifyStore({ table, blobs, headStore }, { now });
  t.match(found.problems[0], { sequence: 7, what: 'removed' }, 'removed where the others have expired');
});

t.test('trusts only the keys that are given', async (t) => {
  const { keys } = world;
  const directory = t.testdir({
    'all.pem': keys.cosigner.publicPem + keys.callback.publicPem,
    'one.pem': keys.callback.publicPem,
    'other.pem': rsaPair().publicPem,
    'bad.pem': 'no key',
  });
  const countWith = async (file: string): Promise<number> =>
    (await verifyStore(world, { findKey: trustOnly(join(directory, file)) })).problemCount;
  t.equal(await countWith('all.pem'), 0);
  t.equal(await countWith('one.pem'), RECORDS - 1, 'the requests');
  t.equal(await countWith('other.pem'), 2 * (RECORDS - 1));
  t.throws(() => trustOnly(join(directory, 'bad.pem')), { code: 'INPUT_UNUSABLE' });
});

t.test('says what can’t be repeated, because its policy is not kept', async (t) => {
  const blobs = new MemoryBlobs();
  const policy = decisionAt(2).policy ?? '';
  for (const [hash, bytes] of world.blobs.kept) if (hash !== policy) blobs.kept.set(hash, bytes);
  const found = await verifyStore({ ...world, blobs });
  t.match(found, { problemCount: 0, repeated: 0, notRepeated: { 'the policy is not kept': RECORDS - 1 } });
});
