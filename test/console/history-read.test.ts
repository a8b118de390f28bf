// Pages of the history: complete, newest first, and with bounded work.
import fc from 'fast-check';
import t from 'tap';
import { cursorFromText, cursorToText } from '../../src/console/history/cursor.js';
import { type HistoryEntry, historyPage, type HistoryQuery } from '../../src/console/history/read.js';
import { recordKey } from '../../src/store/keys.js';
import { decision, historyWriter } from '../helpers/history-store.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';

const START = Date.parse('2026-11-20T00:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const storeOf = () => ({ table: new MemoryTable({ now: () => START }), blobs: new MemoryBlobs() });
const idOf = ({ body }: HistoryEntry): string => (body?.type === 'decision' ? body.requestId : '?');

/** Reads all pages, each by the text of the cursor of the one before. */
async function allPages(
  store: ReturnType<typeof storeOf>,
  query: HistoryQuery = {},
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for (let cursor = query.cursor; ;) {
    const page = await historyPage(store, { ...query, cursor });
    entries.push(...page.entries);
    if (page.next === undefined) return entries;
    cursor = cursorFromText(cursorToText(page.next));
    await between();
  }
}

t.test('shows the records of all writers, newest first, in pages', async (t) => {
  const store = storeOf();
  for (let writer = 0; writer < 3; writer++) {
    const { add } = await historyWriter(store.table, START + writer * HOUR);
    const times = Array.from({ length: 40 }, (_, place) => START + writer * HOUR + place * 100_000);
    await add(times.map((at, place) => decision(`${writer}-${place}`, at)));
  }
  const first = await historyPage(store, {});
  t.equal(first.entries.length, 50);
  t.ok(first.next);
  const all = await allPages(store);
  t.equal(new Set(all.map(idOf)).size, 120);
  const times = all.map(({ at }) => at);
  t.same(
    times,
    times.toSorted((a, b) => b - a),
  );
});

t.test('shows a day, however many there are', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  await add(Array.from({ length: 24 * 30 }, (_, hour) => decision(`${hour}`, START + hour * HOUR)));
  const period = { from: START + 10 * DAY, to: START + 11 * DAY };
  const before = { ...store.table.calls };
  const page = await historyPage(store, { period });
  t.same(
    page.entries.map(idOf),
    Array.from({ length: 24 }, (_, hour) => `${263 - hour}`),
  );
  t.equal(page.next, undefined);
  t.ok(store.table.calls.read - before.read <= 11, 'a binary search of 720 records');
  t.ok(store.table.calls.query - before.query <= 6);
});

t.test('says until when it has looked if a filter finds little', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  await add(Array.from({ length: 300 }, (_, place) => decision(`${place}`, START + place * 1000)));
  const matches: HistoryQuery['matches'] = (body) => body.type === 'decision' && body.requestId === '7';
  const first = await historyPage(store, { matches, maxRecords: 100 });
  t.same(first.entries, []);
  t.equal(first.lookedUntil, START + 201 * 1000);
  t.same((await allPages(store, { matches, maxRecords: 100 })).map(idOf), ['7']);
});

t.test('skips starts, and shows what can’t be read and what operators did', async (t) => {
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
    const { entries } = await historyPage(store, {});
    t.same(
      entries.map(({ body }) => body?.type),
      [undefined, 'released', 'decision'],
      data,
    );
  }
});

t.test('reads records that are kept apart because they are large', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START);
  const sha256 = 'a'.repeat(64);
  await store.blobs.put(sha256, Buffer.from(JSON.stringify(decision('large', START + 1000))));
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- as the journal writes it
  await add([{ sha256, at: new Date(START + 1000).toISOString() } as never]);
  t.same((await historyPage(store, {})).entries.map(idOf), ['large']);
});

t.test('shows nothing of records that have expired', async (t) => {
  const store = storeOf();
  const { add } = await historyWriter(store.table, START, START / 1000 - 1);
  await add([decision('old', START + 1000)]);
  t.same((await historyPage(store, {})).entries, []);
});

t.test('refuses what is no cursor', (t) => {
  for (const text of [
    '',
    'x',
    '-1',
    '1_x',
    '1_20261126T101500Z-0123456789ab',
    '1_20261126T101500Z-0123456789ab.-1',
  ]) {
    t.equal(cursorFromText(text), undefined, text);
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
      async (all, limit, maxRecords) => {
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
        const entries = await allPages(store, { limit, maxRecords }, async () => {
          if (later > 60) return;
          if (later % 5 === 0) await begin(START + 100_000 + later * 100);
          await writers[later % writers.length]?.add(`later-${later}`, 100_000);
          later++;
        });
        const shown = entries.map(idOf);
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
    fc.asyncProperty(WRITERS, fc.integer({ min: 1, max: 5 }), async (all, limit) => {
      const store = storeOf();
      const times = new Map<string, number>();
      for (const [place, { start, steps }] of all.entries()) {
        const { add } = await historyWriter(store.table, START + start);
        let at = START + start;
        for (const [number, step] of steps.entries()) {
          at += step;
          times.set(`${place}-${number}`, at);
          await add([decision(`${place}-${number}`, at)]);
        }
      }
      const { add } = await historyWriter(store.table, START);
      const period = { from: START + 8000, to: START + 16_000 };
      const entries = await allPages(store, { limit, period }, () => add([decision('later', START + DAY)]));
      const expected = [...times].filter(([, at]) => at >= period.from && at < period.to).map(([id]) => id);
      t.same(entries.map(idOf).toSorted(), expected.toSorted());
    }),
    { numRuns: 150 },
  );
});
