// Pages of the history: complete, newest first, and with bounded work.
import fc from 'fast-check';
import t from 'tap';
import { type Cursor, cursorText, parseCursor } from '../../src/console/history/cursor.js';
import type { Filter } from '../../src/console/history/filter.js';
import { allDecisions, type Decided, historyPage } from '../../src/console/history/read.js';
import { recordKey } from '../../src/store/keys.js';
import { decision, historyWriter } from '../helpers/history-store.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';

const START = Date.parse('2026-11-20T00:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Store {
  readonly table: MemoryTable;
  readonly blobs: MemoryBlobs;
}

function storeOf(): Store {
  return { table: new MemoryTable({ now: () => START }), blobs: new MemoryBlobs() };
}

function idOf({ record }: Decided): string {
  return record.requestId;
}

interface Reading {
  readonly filter?: Filter;
  readonly size?: number;
  readonly looks?: number;
  /** Called between two pages. */
  readonly between?: () => Promise<void>;
}

/** Reads all pages, each from where the address of the one before leads. */
async function allPages(store: Store, { filter = {}, between, ...bounds }: Reading = {}): Promise<Decided[]> {
  const decisions: Decided[] = [];
  for (let from: Cursor | undefined; ;) {
    const page = await historyPage(store, filter, from, bounds);
    decisions.push(...page.decisions);
    if (page.next === undefined) return decisions;
    from = parseCursor(cursorText(page.next));
    if (from === undefined) throw new Error(`no cursor: ${cursorText(page.next)}`);
    await between?.();
  }
}

t.test('shows the decisions of all writers, newest first, in pages', async (t) => {
  const store = storeOf();
  for (let writer = 0; writer < 3; writer++) {
    const { add } = await historyWriter(store.table, START + writer * HOUR);
    const times = Array.from({ length: 40 }, (_, place) => START + writer * HOUR + place * 100_000);
    await add(times.map((at, place) => decision(`${writer}-${place}`, at)));
  }
  const first = await historyPage(store, {});
  t.equal(first.decisions.length, 50);
  t.ok(first.isFull && first.next);
  const all = await allPages(store);
  t.equal(new Set(all.map(idOf)).size, 120);
  const times = all.map(({ record }) => Date.parse(record.at));
  t.same(
    times,
    times.toSorted((a, b) => b - a),
  );
});

t.test('shows a day, however many there are', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  await add(Array.from({ length: 24 * 30 }, (_, hour) => decision(`${hour}`, START + hour * HOUR)));
  const before = { ...store.table.calls };
  const page = await historyPage(store, { day: '2026-11-30' });
  t.same(
    page.decisions.map(idOf),
    Array.from({ length: 24 }, (_, hour) => `${263 - hour}`),
  );
  t.equal(page.next, undefined);
  t.ok(store.table.calls.read - before.read <= 11, 'a binary search of 720 records');
  t.ok(store.table.calls.query - before.query <= 3);
  const all: string[] = [];
  for await (const decided of allDecisions(store, { day: '2026-11-30' })) all.push(idOf(decided));
  t.same(all, page.decisions.map(idOf));
});

t.test('says until when it has looked if a filter finds little', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  const rare = { rule: 'rare' };
  await add(
    Array.from({ length: 300 }, (_, place) =>
      decision(`${place}`, START + place * 1000, place === 7 ? rare : {}),
    ),
  );
  const first = await historyPage(store, { rule: 'rare' }, undefined, { looks: 100 });
  t.same(first.decisions, []);
  t.equal(first.isFull, false);
  t.equal(first.next?.time, START + 200 * 1000);
  t.same((await allPages(store, { filter: { rule: 'rare' }, looks: 100 })).map(idOf), ['7']);
});

t.test('filters by action, rule, asset and day, and by text within a day', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  await add([
    decision('a', START + HOUR, {
      action: 'REJECT',
      rule: 'large',
      payload: { asset: 'BTC', note: 'Müller & Co' },
    }),
    decision('b', START + 2 * HOUR, { payload: { sourceName: 'Treasury' } }),
    decision('c', START + DAY, { payload: { asset: 'BTC' } }),
  ]);
  const day = '2026-11-20';
  const expected: readonly (readonly [Filter, readonly string[]])[] = [
    [{ action: 'REJECT' }, ['a']],
    [{ action: 'APPROVE' }, ['c', 'b']],
    [{ rule: 'large' }, ['a']],
    [{ asset: 'btc' }, ['c', 'a']],
    [{ day }, ['b', 'a']],
    [{ day, asset: 'BTC' }, ['a']],
    [{ day, text: 'müller' }, ['a']],
    [{ day, text: 'TREASURY' }, ['b']],
    [{ day, text: '0x8BA1f' }, ['b', 'a']],
    [{ day, text: '1250.5' }, ['b', 'a']],
    [{ day, text: 'nothing' }, []],
  ];
  for (const [filter, ids] of expected)
    t.same((await allPages(store, { filter })).map(idOf), ids, JSON.stringify(filter));
});

t.test('shows decisions only, and goes past what can’t be read', async (t) => {
  const store = storeOf();
  const { writer, add } = await historyWriter(store.table, START);
  const at = new Date(START + 2000).toISOString();
  await add([
    decision('one', START + 1000),
    { type: 'released', at, by: 'ops', details: {} },
    decision('x', START + 3000),
  ]);
  const key = recordKey(writer, 4);
  for (const data of ['not JSON', 'null', '{"body":{}}', '{"body":{"sha256":"0"}}']) {
    store.table.tamper(key, { ...key, data, version: 2 });
    t.same((await historyPage(store, {})).decisions.map(idOf), ['one'], data);
  }
});

t.test('reads records that are kept apart because they are large', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  const sha256 = 'a'.repeat(64);
  await store.blobs.put(sha256, Buffer.from(JSON.stringify(decision('large', START + 1000))));
  await add([{ sha256, at: new Date(START + 1000).toISOString() } as never]);
  t.same((await historyPage(store, {})).decisions.map(idOf), ['large']);
});

t.test('shows nothing of records that have expired', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START, START / 1000 - 1);
  await add([decision('old', START + 1000)]);
  t.same((await historyPage(store, {})).decisions, []);
});

t.test('refuses what is no cursor', (t) => {
  const writer = '20261126T101500Z-0123456789ab';
  for (const text of ['', 'x', '-1', '1', '1~~x:1', `1~~${writer}`, `1~~${writer}:-1`, `1~~${writer}:x`]) {
    t.equal(parseCursor(text), undefined, text);
  }
  t.end();
});

/** A writer: when it starts, and after how many ms each of its records follows; decisions may be out of order. */
const WRITERS = fc.array(
  fc.record({
    start: fc.nat(20_000),
    steps: fc.array(fc.integer({ min: -40, max: 3000 }), { minLength: 1, maxLength: 12 }),
  }),
  { minLength: 1, maxLength: 6 },
);

t.test('loses and doubles no entry while new ones are written', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      WRITERS,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 9 }),
      async (all, size, looks) => {
        const store = storeOf();
        const writers: { add: (name: string, step: number) => Promise<void> }[] = [];
        const known = new Set<string>();
        const begin = async (start: number) => {
          let at = start;
          const { add } = await historyWriter(store.table, start);
          writers.push({ add: (name, step) => add([decision(name, (at += step))]) });
        };
        for (const { start } of all) await begin(START + start);
        for (const [place, { steps }] of all.entries()) {
          for (const [number, step] of steps.entries()) {
            await writers[place]?.add(`${place}-${number}`, step);
            known.add(`${place}-${number}`);
          }
        }
        let later = 0;
        // A task that stands still for a while, others that go on, and one that starts.
        const between = async (): Promise<void> => {
          if (later > 60) return;
          if (later % 5 === 0) await begin(START + 100_000 + later * 100);
          await writers[later % writers.length]?.add(`later-${later}`, 100_000);
          later++;
        };
        const shown = (await allPages(store, { size, looks, between })).map(idOf);
        t.equal(new Set(shown).size, shown.length, 'nothing twice');
        t.same(
          [...known].filter((id) => !shown.includes(id)),
          [],
          'nothing lost',
        );
      },
    ),
    { numRuns: 150 },
  );
});

t.test('shows each record on its day, while new ones are written', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      WRITERS,
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(0, DAY),
      async (all, size, side) => {
        const store = storeOf();
        const times = new Map<string, number>();
        for (const [place, { start, steps }] of all.entries()) {
          const first = START + side - 10_000 + start;
          const { add } = await historyWriter(store.table, first);
          let at = first;
          for (const [number, step] of steps.entries()) {
            at += step;
            times.set(`${place}-${number}`, at);
            await add([decision(`${place}-${number}`, at)]);
          }
        }
        const { add } = await historyWriter(store.table, START);
        const between = (): Promise<void> => add([decision('later', START + 2 * DAY)]);
        const filter = { day: '2026-11-20' };
        const expected = [...times].filter(([, at]) => at >= START && at < START + DAY).map(([id]) => id);
        const shown = (await allPages(store, { filter, size, between })).map(idOf);
        t.same(shown.toSorted(), expected.toSorted());
      },
    ),
    { numRuns: 150 },
  );
});
