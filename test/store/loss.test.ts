import { join } from 'node:path';
import { test, type Test } from 'tap';
import { createJournal, type OwnJournal } from '../../src/store/create-journal.js';
import { fileHeadStore } from '../../src/store/file-heads.js';
import type { HeadStore } from '../../src/store/heads.js';
import { headKey, recordKey } from '../../src/store/keys.js';
import { findLosses, LossWatch } from '../../src/store/loss.js';
import { startSealing } from '../../src/store/sealing.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';
import { until } from '../helpers/process.js';

const START = { type: 'start', at: '', version: '1.2.3', task: 'test' } as const;
const FAR = 4_000_000_000;

interface Line {
  readonly level: string;
  readonly event: string;
}

function setUp(t: Test) {
  const table = new MemoryTable();
  const headStore = fileHeadStore(join(t.testdir(), 'store.heads'));
  const lines: Line[] = [];
  const log = {
    info: (line: { event: string }) => void lines.push({ level: 'info', ...line }),
    error: (line: { event: string }) => void lines.push({ level: 'error', ...line }),
  };
  const open = (): OwnJournal =>
    createJournal({ table, blobs: new MemoryBlobs(), start: START, retentionSeconds: 1_000_000_000 });
  return { table, headStore, log, lines, open };
}

async function append(journal: OwnJournal, id = ''): Promise<void> {
  const body = { type: 'expected', at: '2026-11-26T10:00:00.000Z', by: 'test', details: { id } } as const;
  await journal.append({ writes: [], body, expires: FAR });
}

function accept(headStore: HeadStore, journal: OwnJournal): Promise<void> {
  const heads = journal.head === undefined ? [] : [journal.head];
  return headStore.accept({ at: '2026-11-26T12:00:00.000Z', by: 'Ann', heads });
}

test('seals its own head when it has changed, and those of writers that have stopped', async (t) => {
  const { table, headStore, log, lines, open } = setUp(t);
  const [own, running, stopped] = [open(), open(), open()];
  for (const journal of [own, running, stopped]) await append(journal);
  const sealing = startSealing({ table, headStore, journal: own, log, everyMs: 1_000_000 });

  await sealing.seal();
  t.same(await headStore.sealed(), [own.head]);
  await append(running);
  await sealing.seal();
  t.same(new Set(await headStore.sealed()), new Set([own.head, stopped.head]));
  const events = lines.length;
  await append(running);
  await sealing.seal();
  t.equal(lines.length, events, 'nothing has changed');
  await append(own);
  await sealing.stop();
  t.same(new Set(await headStore.sealed()), new Set([own.head, stopped.head]));
  t.same(lines[0], { level: 'info', event: 'sealed', heads: 1, stopped: 0 });
  t.same(lines[1], { level: 'info', event: 'sealed', heads: 1, stopped: 1 });
});

test('without a timer, seals its own head each time, and at the first look those of writers that stopped long ago', async (t) => {
  const { table, headStore, log, open } = setUp(t);
  const [own, stopped] = [open(), open()];
  await append(stopped);
  await append(own);
  let now = Date.now() + 60_000;
  const sealing = startSealing({ table, headStore, journal: own, log, onTimer: false, now: () => now });
  await sealing.sealDue();
  t.same(await headStore.sealed(), [own.head], 'the other may be running');
  for (let count = 0; count < 3; count++) {
    await append(own);
    await sealing.sealDue();
    t.same(await headStore.sealed(), [own.head]);
  }
  now += 120_000;
  const later = startSealing({ table, headStore, journal: open(), log, onTimer: false, now: () => now });
  await later.sealDue();
  t.same(new Set(await headStore.sealed()), new Set([own.head, stopped.head]));
});

test('does not seal again at the next start', async (t) => {
  const { table, headStore, log, lines, open } = setUp(t);
  const before = open();
  await append(before);
  await headStore.seal(before.head === undefined ? [] : [before.head]);
  const sealing = startSealing({ table, headStore, journal: open(), log });
  await sealing.seal();
  await sealing.seal();
  await sealing.stop();
  t.same(lines, []);
});

test('a failure to seal is logged as an error', async (t) => {
  const { table, log, lines, open } = setUp(t);
  const journal = open();
  await append(journal);
  const headStore = fileHeadStore(join(t.testdir({ file: '' }), 'file', 'store.heads'));
  const sealing = startSealing({ table, headStore, journal, log });
  await sealing.seal();
  await sealing.stop();
  t.match(lines, [
    { level: 'error', event: 'seal_failed' },
    { level: 'error', event: 'seal_failed' },
  ]);
});

test('finds what the table lacks', async (t) => {
  const { table, headStore, open } = setUp(t);
  const [first, second] = [open(), open()];
  await append(first);
  await append(second);
  const backup = table.snapshot();
  await append(first);
  if (first.head === undefined || second.head === undefined) throw new Error('nothing was written');
  await headStore.seal([first.head, second.head]);
  t.same(await findLosses(table, headStore), [], 'complete');

  const whole = table.snapshot();
  table.partitions = backup;
  t.match(
    await findLosses(table, headStore),
    [{ head: first.head, found: 'its last record is 2' }],
    'restored',
  );

  table.partitions = new Map();
  t.match(await findLosses(table, headStore), [{ found: 'no record' }, { found: 'no record' }], 'emptied');
  t.same(await findLosses(table, headStore, FAR * 1000), [], 'expired meanwhile');

  table.partitions = new Map([...whole].map(([partition, items]) => [partition, new Map(items)]));
  table.tamper(recordKey(second.writer, 2), undefined);
  t.match(await findLosses(table, headStore), [{ found: 'the record is missing' }]);
  table.tamper(recordKey(second.writer, 2), { ...headKey(''), data: 'other', version: 1 });
  t.match(await findLosses(table, headStore), [{ found: 'another record' }]);

  await accept(headStore, second);
  t.same(await findLosses(table, headStore), [], 'accepted');
});

test('counts as lost until the first check has found that nothing is', async (t) => {
  const { table, headStore, log, lines, open } = setUp(t);
  const journal = open();
  const watch = new LossWatch({ table, headStore, journal, log });
  t.ok(watch.isLost);
  await watch.check();
  t.notOk(watch.isLost);
  t.same(lines, []);
});

test('stays lost while the second place can’t be read', async (t) => {
  const { table, log, lines, open } = setUp(t);
  const headStore = fileHeadStore(join(t.testdir({ file: '' }), 'file', 'store.heads'));
  const watch = new LossWatch({ table, headStore, journal: open(), log });
  await watch.check();
  t.ok(watch.isLost);
  t.match(lines, [{ level: 'error', event: 'loss_check_failed' }]);
  watch.stop();
});

test('a table that was emptied counts as lost until that is accepted', async (t) => {
  const { table, headStore, log, lines, open } = setUp(t);
  const before = open();
  await append(before);
  if (before.head !== undefined) await headStore.seal([before.head]);
  table.partitions = new Map();

  const watch = new LossWatch({ table, headStore, journal: open(), log, everyMs: 5 });
  await watch.check();
  t.ok(watch.isLost);
  t.match(lines, [{ level: 'error', event: 'store_lost', losses: 1, writers: [{ writer: before.writer }] }]);
  await accept(headStore, before);
  t.ok(await until(() => Promise.resolve(!watch.isLost || undefined), 5000));
  t.match(lines.at(-1), { level: 'info', event: 'store_accepted' });
  t.equal(lines.length, 2, 'each is logged once');
});

test('a record that only this process knows is missed until it is accepted', async (t) => {
  const { table, headStore, log, open } = setUp(t);
  const journal = open();
  const watch = new LossWatch({ table, headStore, journal, log, everyMs: 5 });
  await watch.check();
  await append(journal);
  const backup = table.snapshot();
  await append(journal);
  table.partitions = backup;
  const check = journal.checkHead();
  t.notOk(check.isCurrent((await table.read([headKey(journal.writer)]))[0]));
  const lost = journal.writer;

  watch.report();
  t.ok(watch.isLost);
  await watch.check();
  t.ok(watch.isLost);
  await accept(headStore, journal);
  t.ok(await until(() => Promise.resolve(!watch.isLost || undefined), 5000));
  t.not(journal.writer, lost, 'goes on as a new writer');
  await append(journal);
  t.equal(journal.head?.sequence, 2);
});

test('a table that is back counts as lost no longer', async (t) => {
  const { table, headStore, log, open } = setUp(t);
  const before = open();
  await append(before);
  if (before.head !== undefined) await headStore.seal([before.head]);
  const whole = table.partitions;
  table.partitions = new Map();
  const watch = new LossWatch({ table, headStore, journal: open(), log, everyMs: 5 });
  await watch.check();
  t.ok(watch.isLost);
  table.partitions = whole;
  t.ok(await until(() => Promise.resolve(!watch.isLost || undefined), 5000));
});
