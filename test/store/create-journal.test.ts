import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { test } from 'tap';
import { createJournal, type JournalOptions } from '../../src/store/create-journal.js';
import { StoreError } from '../../src/store/error.js';
import type { Entry } from '../../src/store/journal.js';
import { counterKey, headKey, recordPartition } from '../../src/store/keys.js';
import type { NoteRecord, StoredRecord } from '../../src/store/record.js';
import { type Item, MAX_DATA_BYTES, type Write } from '../../src/store/table.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { type Fault, MemoryTable, type MemoryTableOptions } from '../helpers/memory-table.js';

const START = { type: 'start', at: '', version: '1.2.3', task: 'test' } as const;
const FAR = 4_000_000_000;

function setUp(tableOptions: MemoryTableOptions = {}, options: Partial<JournalOptions> = {}) {
  const table = new MemoryTable(tableOptions);
  const blobs = new MemoryBlobs();
  const journal = createJournal({ table, blobs, start: START, retentionSeconds: 1_000_000, ...options });
  return { table, blobs, journal };
}

function note(id: string): NoteRecord {
  return { type: 'expected', at: '2026-11-26T10:00:00.000Z', by: 'test', details: { id } };
}

function entry(id: string, writes: readonly Write[] = []): Entry {
  return { writes, body: note(id), expires: FAR };
}

/** A write of a counter that was last seen with a version. */
function counter(name: string, seen: number): Write {
  return { type: 'put', ...counterKey('limit', name), data: `${seen + 1}`, seen };
}

function recordsOf(table: MemoryTable, writer: string): readonly Item[] {
  const items = [...(table.partitions.get(recordPartition(writer))?.values() ?? [])];
  return items.sort((a, b) => (a.sort < b.sort ? -1 : 1));
}

/** The ids in a writer's chain, which must be one. */
function chainOf(table: MemoryTable, writer: string): readonly string[] {
  const items = recordsOf(table, writer);
  let previous = '0'.repeat(64);
  const ids = items.map(({ data, sort }, index) => {
    const record = JSON.parse(data) as StoredRecord;
    const link = { writer: record.writer, sequence: record.sequence, previous: record.previous };
    const expected = { writer, sequence: index + 1, previous };
    if (JSON.stringify(link) !== JSON.stringify(expected) || Number(sort) !== index + 1) {
      throw new Error(`no chain: ${JSON.stringify(link)} instead of ${JSON.stringify(expected)}`);
    }
    previous = createHash('sha256').update(data).digest('hex');
    const { body } = record;
    return 'type' in body && body.type === 'start' ? 'start' : (body as NoteRecord).details['id'];
  });
  const head = table.partitions.get('H')?.get(writer);
  if (head === undefined) throw new Error('no head');
  const { sequence, hash } = JSON.parse(head.data) as Record<string, unknown>;
  if (sequence !== items.length || hash !== previous) throw new Error(`another head: ${head.data}`);
  return ids as string[];
}

test('writes the start record with the first entry, and chains what follows', async (t) => {
  const { table, journal } = setUp();
  t.equal(journal.head, undefined);
  t.equal(await journal.append(entry('a')), 'written');
  t.equal(await journal.append(entry('b')), 'written');
  t.same(chainOf(table, journal.writer), ['start', 'a', 'b']);
  t.match(journal.writer, /^\d{8}T\d{6}Z-[0-9a-f]{12}$/);
  t.match(journal.head, { writer: journal.writer, sequence: 3, expires: FAR });
  const [first] = recordsOf(table, journal.writer);
  t.match(first?.data, /^\{"writer":"[^"]+","sequence":1,"previous":"0{64}","body":\{"type":"start","at":"2/);
});

test('begins with the start record alone, once', async (t) => {
  const { table, journal } = setUp();
  await journal.begin();
  t.same(chainOf(table, journal.writer), ['start']);
  t.same(journal.checkHead().key, headKey(journal.writer));
  await journal.begin();
  await journal.append(entry('a'));
  t.same(chainOf(table, journal.writer), ['start', 'a']);
});

test('writes what belongs to a record in the same transaction, with its conditions', async (t) => {
  const { table, journal } = setUp();
  t.equal(await journal.append(entry('a', [counter('x', 0)])), 'written');
  t.equal(await journal.append(entry('b', [counter('x', 0)])), 'conflict');
  t.equal(await journal.append(entry('c', [counter('x', 1)])), 'written');
  t.same(chainOf(table, journal.writer), ['start', 'a', 'c']);
});

test('an entry knows its place in the chain, also when it has to move', async (t) => {
  const { table, journal } = setUp({ delayMs: () => 2 });
  table.tamper(counterKey('limit', 'x'), { ...counterKey('limit', 'x'), data: '7', version: 7 });
  const placed = (id: string, key: string): Entry => ({
    ...entry(id),
    placed: {
      key: counterKey('limit', key),
      bytes: 100,
      put: (place) => ({ type: 'put', ...counterKey('limit', key), data: JSON.stringify(place), seen: 0 }),
    },
  });
  await Promise.all([
    journal.begin(),
    ...['a', 'b', 'c'].map((id) => journal.append(placed(id, id === 'b' ? 'x' : id))),
  ]);
  t.same(chainOf(table, journal.writer), ['start', 'a', 'c']);
  const items = await table.read([counterKey('limit', 'a'), counterKey('limit', 'c')]);
  t.same(
    items.map((item) => JSON.parse(item?.data ?? '') as unknown),
    [2, 3].map((sequence) => ({ writer: journal.writer, sequence })),
  );
});

test('writes entries together that arrive while a write is under way', async (t) => {
  const { table, journal } = setUp({ delayMs: () => 5 });
  const first = journal.append(entry('first'));
  await sleep(1);
  const others = Array.from({ length: 60 }, (_, place) =>
    journal.append(entry(`${place}`, [counter(`${place}`, 0), counter(`other ${place}`, 0)])),
  );
  await Promise.all([first, ...others]);
  // 98 writes without the head and the start record: 32 entries of 3 writes.
  t.same(table.transactions, [3, 1 + 32 * 3, 1 + 28 * 3]);
  t.equal(chainOf(table, journal.writer).length, 62);
});

test('waits a moment for entries that were announced, and writes all together', async (t) => {
  const { table, journal } = setUp();
  const soon = async (id: string): Promise<Entry> => {
    await new Promise(setImmediate);
    return entry(id);
  };
  const failing = Promise.reject(new Error('not signed'));
  const [, , , failed] = await Promise.allSettled([
    journal.append(soon('a')),
    journal.append(entry('b')),
    journal.append(soon('c')),
    journal.append(failing),
  ]);
  t.match(failed, { status: 'rejected', reason: { message: 'not signed' } });
  t.same(new Set(chainOf(table, journal.writer)), new Set(['start', 'a', 'b', 'c']));
  t.same(table.transactions, [3 + 2]);
});

test('an announced entry that does not come holds up the others for a moment only', async (t) => {
  const { table, journal } = setUp();
  const comes = new AbortController();
  const coming = once(comes.signal, 'abort').then(() => entry('late'));
  const announced = journal.append(coming);
  const start = performance.now();
  await journal.append(entry('a'));
  t.ok(performance.now() - start < 1000);
  t.same(table.transactions, [3]);
  comes.abort();
  t.equal(await announced, 'written');
  t.same(chainOf(table, journal.writer), ['start', 'a', 'late']);
});

test('does not write two entries together that touch the same item', async (t) => {
  const { table, journal } = setUp({ delayMs: () => 2 });
  const results = await Promise.all([
    journal.append(entry('a', [counter('x', 0)])),
    journal.append(entry('b', [counter('x', 0)])),
    journal.append(entry('c', [counter('x', 1)])),
    journal.append(entry('d', [counter('y', 0)])),
  ]);
  t.same(results, ['written', 'conflict', 'written', 'written']);
  t.same(chainOf(table, journal.writer), ['start', 'a', 'd', 'c']);
  t.equal(table.calls.write, 2, 'what can only be a conflict is not tried');
});

test('writes the others again without those in conflict', async (t) => {
  const { table, journal } = setUp({ delayMs: () => 2 });
  table.tamper(counterKey('limit', 'x'), { ...counterKey('limit', 'x'), data: '7', version: 7 });
  const results = await Promise.all([
    journal.append(entry('a', [counter('y', 0)])),
    journal.append(entry('b', [counter('x', 1)])),
    journal.append(entry('c', [counter('z', 0)])),
  ]);
  t.same(results, ['written', 'conflict', 'written']);
  t.same(chainOf(table, journal.writer), ['start', 'a', 'c']);
});

test('takes several groups for what is too large for one', async (t) => {
  const { table, journal } = setUp();
  const data = 'x'.repeat(350_000);
  const results = await Promise.all(
    Array.from({ length: 15 }, (_, place) =>
      journal.append(entry(`${place}`, [{ type: 'put', ...counterKey('limit', `${place}`), data }])),
    ),
  );
  t.ok(results.every((result) => result === 'written'));
  t.equal(table.transactions.length, 2);
});

test('keeps a large body by its hash, before the record', async (t) => {
  const { table, blobs, journal } = setUp();
  const body = { ...note('large'), by: 'x'.repeat(MAX_DATA_BYTES) };
  t.equal(await journal.append({ writes: [], body, expires: FAR }), 'written');
  const [, item] = recordsOf(table, journal.writer);
  const { sha256 } = (JSON.parse(item?.data ?? '') as StoredRecord).body as { sha256: string };
  t.same(JSON.parse(blobs.kept.get(sha256)?.toString() ?? ''), body);
});

test('refuses what can never be written', async (t) => {
  const { table, journal } = setUp();
  await t.rejects(journal.append(entry('a', [counter('x', 0), counter('x', 0)])), /the same key/);
  const writes = Array.from({ length: 98 }, (_, place) => counter(`${place}`, 0));
  await t.rejects(journal.append(entry('a', writes)), /98 writes/);
  t.equal(table.calls.write, 0);
});

test('a failing store fails what is under way, and the next entries are written', async (t) => {
  const faults: (Fault | undefined)[] = ['refused', 'throttled'];
  const { table, journal } = setUp({ fault: () => faults.shift() });
  await t.rejects(journal.append(entry('a')), { code: 'STORE_FAILED', mayBeWritten: false });
  await t.rejects(journal.append(entry('b')), { code: 'STORE_FAILED', throttled: true });
  t.equal(await journal.append(entry('c')), 'written');
  t.same(chainOf(table, journal.writer), ['start', 'c']);
});

test('finds out what happened to a write whose response was lost', async (t) => {
  for (const fault of ['lost', 'late', 'busy'] as const) {
    const faults: (Fault | undefined)[] = [undefined, fault];
    const { table, journal } = setUp({ fault: () => faults.shift(), lateMs: () => 50 });
    /** Of an entry whose own item is busy, it is said that it is in conflict. */
    const append = async (...args: Parameters<typeof entry>): Promise<string> => {
      const outcome = await journal.append(entry(...args));
      return outcome === 'conflict' && fault === 'busy' ? journal.append(entry(...args)) : outcome;
    };
    await journal.append(entry('a'));
    t.equal(await append('b', [counter('x', 0)]), 'written', fault);
    t.equal(await append('c', [counter('x', 1)]), 'written', fault);
    await table.settle();
    t.same(chainOf(table, journal.writer), ['start', 'a', 'b', 'c'], fault);
  }
});

test('an entry waits no longer than its patience, and the journal goes on once the outcome is known', async (t) => {
  let isDown = false;
  const fault = (): Fault | undefined => (isDown ? 'late' : undefined);
  const { table, journal } = setUp({ fault }, { patienceMs: 50 });
  await journal.append(entry('a'));
  isDown = true;
  const under = journal.append(entry('b'));
  await sleep(5);
  const waiting = journal.append(entry('c'));
  await t.rejects(under, { code: 'STORE_FAILED', mayBeWritten: true });
  await t.rejects(waiting, { code: 'STORE_FAILED', mayBeWritten: false });
  isDown = false;
  await journal.idle();
  t.equal(await journal.append(entry('d')), 'written');
  await table.settle();
  const ids = chainOf(table, journal.writer);
  t.ok(ids.join() === 'start,a,d' || ids.join() === 'start,a,b,d', ids.join());
});

test('the head is current as long as the store has it', async (t) => {
  const { table, journal } = setUp();
  t.equal(journal.checkHead().key, undefined);
  t.ok(journal.checkHead().isCurrent(undefined), 'before the first record');
  await journal.append(entry('a'));
  const check = journal.checkHead();
  t.same(check.key, headKey(journal.writer));
  const read = async (): Promise<Item | undefined> => (await table.read([headKey(journal.writer)]))[0];
  const backup = table.snapshot();
  t.ok(check.isCurrent(await read()));
  await journal.append(entry('b'));
  t.ok(check.isCurrent(await read()), 'a newer one, written after the look began');
  table.partitions = backup;
  t.notOk(journal.checkHead().isCurrent(await read()), 'restored to an earlier copy');
  t.notOk(journal.checkHead().isCurrent(undefined), 'emptied');
});

test('a head that says less than was written, or something else, is not current, whatever its version', async (t) => {
  const { table, journal } = setUp();
  await journal.append(entry('a'));
  await journal.append(entry('b'));
  const key = headKey(journal.writer);
  const [head] = await table.read([key]);
  const written = JSON.parse(head?.data ?? '') as Record<string, unknown>;
  const check = journal.checkHead();
  const isCurrent = (changes: Record<string, unknown>, version: number): boolean =>
    check.isCurrent({ ...key, version, data: JSON.stringify({ ...written, ...changes }) });
  const another = 'f'.repeat(64);
  const version = head?.version ?? 0;
  for (const found of [version, version + 1, version + 7]) {
    t.notOk(isCurrent({ hash: another }, found), 'another record');
    t.notOk(isCurrent({ sequence: 2, hash: another }, found), 'an earlier record');
    t.notOk(check.isCurrent({ ...key, version: found, data: '{}' }), 'no head');
    t.ok(isCurrent({ sequence: 9, hash: another }, found), 'a later record');
    t.ok(isCurrent({}, found));
  }
  t.notOk(isCurrent({}, version - 1));
});

test('the head that is being written is current, before the writer knows that it was', async (t) => {
  const { table, journal } = setUp({ delayMs: () => 10 });
  await journal.append(entry('a'));
  const check = journal.checkHead();
  const writing = journal.append(entry('b'));
  const heads = () => [...(table.partitions.get('H')?.values() ?? [])];
  const before = heads()[0];
  while (heads()[0] === before) await sleep(1);
  const [found] = heads();
  t.match(journal.head, { sequence: 2 }, 'not known yet');
  t.ok(check.isCurrent(found));
  await writing;
});

test('writes nothing on top of another head, until it goes on as a new writer', async (t) => {
  const { table, journal } = setUp();
  await journal.append(entry('a'));
  const backup = table.snapshot();
  await journal.append(entry('b'));
  table.partitions = backup;
  await t.rejects(journal.append(entry('c')), { code: 'STORE_FAILED', message: /records were lost/ });
  await t.rejects(journal.append(entry('d')), { code: 'STORE_FAILED' });
  t.ok(journal.isBroken);
  t.notOk(journal.checkHead().isCurrent(undefined));
  const before = journal.writer;
  journal.restart();
  t.not(journal.writer, before);
  t.equal(await journal.append(entry('e')), 'written');
  t.same(chainOf(table, journal.writer), ['start', 'e']);
});

test('begins a new chain when the last record has expired', async (t) => {
  let now = 1_800_000_000_000;
  const { table, journal } = setUp({ now: () => now }, { now: () => now, retentionSeconds: 1000 });
  await journal.append({ writes: [], body: note('a'), expires: now / 1000 + 1000 });
  const before = journal.writer;
  now += 2_000_000;
  t.equal(journal.checkHead().key, undefined);
  t.equal(await journal.append(entry('b')), 'written');
  t.not(journal.writer, before);
  t.same(chainOf(table, journal.writer), ['start', 'b']);
});

/** Adds 1 to a counter as a decision does: reads, writes on the condition that nothing changed. */
async function addOne(
  { table, journal }: Pick<ReturnType<typeof setUp>, 'table' | 'journal'>,
  id: string,
  names: readonly string[],
): Promise<'written' | 'conflict' | 'unknown' | 'failed'> {
  try {
    const items = await table.read(names.map((name) => counterKey('limit', name)));
    const writes = items.map((item, place) => counter(names[place] ?? '', item?.version ?? 0));
    return await journal.append(entry(id, writes));
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return error.mayBeWritten ? 'unknown' : 'failed';
  }
}

test('under any faults, each written entry is in its chain once, and no other', async (t) => {
  const faults = fc.array(
    fc.option(fc.constantFrom<Fault>('refused', 'throttled', 'lost', 'late', 'busy'), {
      freq: 2,
      nil: undefined,
    }),
    { minLength: 20, maxLength: 60 },
  );
  const delays = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 10, maxLength: 30 });
  const names = fc.uniqueArray(fc.constantFrom('w', 'x', 'y', 'z'), { minLength: 1, maxLength: 2 });
  const entries = fc.array(fc.record({ process: fc.nat(2), names, pauseMs: fc.nat(8) }), {
    minLength: 5,
    maxLength: 40,
  });
  const run = fc.record({ faults, delays, entries, patienceMs: fc.constantFrom(15, 60, 2000) });

  await fc.assert(
    fc.asyncProperty(run, async ({ faults, delays, entries, patienceMs }) => {
      let [nextFault, nextDelay, isOver] = [0, 0, false];
      const table = new MemoryTable({
        fault: () => (isOver ? undefined : faults[nextFault++ % faults.length]),
        delayMs: () => delays[nextDelay++ % delays.length] ?? 0,
        lateMs: () => 5 * (delays[nextDelay++ % delays.length] ?? 0),
      });
      const blobs = new MemoryBlobs();
      const options = { table, blobs, start: START, retentionSeconds: 1_000_000, patienceMs };
      const journals = [0, 1, 2].map(() => createJournal(options));
      const results = await Promise.all(
        entries.map(async ({ process, names, pauseMs }, place) => {
          await sleep(pauseMs);
          const journal = journals[process];
          if (journal === undefined) throw new Error('no journal');
          return addOne({ table, journal }, `${place}`, names);
        }),
      );
      isOver = true;
      await Promise.all(journals.map((journal) => journal.idle()));
      await table.settle();

      const chained = journals.flatMap(({ writer }) =>
        table.partitions.has(recordPartition(writer)) ? chainOf(table, writer) : [],
      );
      const written = chained.filter((id) => id !== 'start');
      if (new Set(written).size < written.length) throw new Error('an entry is written twice');
      if (journals.some(({ isBroken }) => isBroken))
        throw new Error('a journal believes that records were lost');
      results.forEach((result, place) => {
        const isWritten = written.includes(`${place}`);
        if (result !== 'unknown' && isWritten !== (result === 'written')) {
          throw new Error(`entry ${place} is ${result}, but ${isWritten ? '' : 'not '}in a chain`);
        }
      });
      // A counter's version is the number of entries that counted in it.
      for (const name of ['w', 'x', 'y', 'z'] as const) {
        const counted = written.filter((id) => entries[Number(id)]?.names.includes(name)).length;
        const [item] = await table.read([counterKey('limit', name)]);
        if ((item?.version ?? 0) !== counted)
          throw new Error(`${name} counted ${item?.version}, not ${counted}`);
      }
    }),
    { numRuns: 60 },
  );
  t.pass();
});
