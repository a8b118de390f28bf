// The history is read newest first, page by page, and nothing is lost or doubled.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { cursorText, parseCursor } from '../../src/console/history/cursor.js';
import type { Filter } from '../../src/console/history/filter.js';
import { type Decided, historyPage } from '../../src/console/history/read.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';
import { decisionAt, RecordWriter } from '../helpers/record-writer.js';

const START = Date.parse('2026-11-25T20:00:00Z');
const HOUR = 3_600_000;

interface Step {
  readonly writer: number;
  /** How much later than the step before, in ms. */
  readonly later: number;
  /** How much earlier than it was written each was decided, in ms. */
  readonly delays: readonly number[];
  readonly restart: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    writer: fc.nat(3),
    later: fc.oneof(fc.nat(50), fc.nat(5000), fc.nat(3 * HOUR)),
    delays: fc.array(fc.nat(3000), { minLength: 1, maxLength: 40 }),
    restart: fc.nat(4).map((number) => number === 0),
  }),
  { minLength: 1, maxLength: 30 },
);

/** A store, and processes that write into it, which start anew at times. */
function fleet() {
  const table = new MemoryTable({ now: () => START });
  const store = { table, blobs: new MemoryBlobs() };
  const writers: RecordWriter[] = [];
  /** Unix time in ms, keyed by place in the fleet. */
  const starts = new Map<number, number>();
  const written = new Map<string, number>();
  let now = START;
  const take = async ({ writer, later, delays, restart }: Step): Promise<void> => {
    now += later;
    if (restart || writers[writer] === undefined) {
      const at = new Date(now).toISOString();
      writers[writer] = new RecordWriter(table, now);
      starts.set(writer, now);
      await writers[writer].write([{ type: 'start', at, version: '1', task: 'test' }], now);
    }
    const begun = starts.get(writer) ?? 0;
    const bodies = delays.map((delay) => {
      const id = `request-${written.size}`;
      const at = Math.max(begun, now - delay);
      written.set(id, at);
      return decisionAt(at, id);
    });
    await writers[writer].write(bodies, now);
  };
  return { table, store, written, take };
}

function idsOf(decisions: readonly Decided[]): readonly string[] {
  return decisions.map(({ record }) => record.requestId);
}

t.test('no decision is lost or doubled across pages while new ones are written', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, fc.integer({ min: 1, max: 60 }), async (before, meanwhile, looks) => {
      const { store, written, take } = fleet();
      for (const step of before) await take(step);
      const expected = new Set(written.keys());
      const seen: string[] = [];
      const coming = [...meanwhile];
      let cursor: string | undefined;
      do {
        const from = cursor === undefined ? undefined : parseCursor(cursor);
        const { decisions, next } = await historyPage(store, {}, from, { size: 20, looks });
        seen.push(...idsOf(decisions));
        cursor = next && cursorText(next);
        const step = coming.shift();
        if (step !== undefined) await take(step);
      } while (cursor !== undefined);
      assert.equal(new Set(seen).size, seen.length, 'one is doubled');
      for (const id of expected) assert.ok(seen.includes(id), `${id} is lost`);
    }),
    { numRuns: 150 },
  );
});

t.test(
  'a day has all its decisions and no others, in the order of time within the delay of writes',
  async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(2), async (all, later) => {
        const { store, written, take } = fleet();
        for (const step of all) await take(step);
        const day = new Date(START + later * 24 * HOUR).toISOString().slice(0, 10);
        const expected = [...written].filter(([, at]) => new Date(at).toISOString().startsWith(day));
        const seen: Decided[] = [];
        let from;
        do {
          const page = await historyPage(store, { day }, from, { size: 20, looks: 50 });
          seen.push(...page.decisions);
          from = page.next;
        } while (from !== undefined);
        assert.deepEqual([...idsOf(seen)].sort(), expected.map(([id]) => id).sort());
        const times = seen.map(({ record }) => Date.parse(record.at));
        assert.ok(times.every((time, place) => time <= (times[place - 1] ?? Infinity) + 3000));
      }),
      { numRuns: 100 },
    );
  },
);

t.test('a page looks at a bounded number of records, and says where to go on', async (t) => {
  const { store, take } = fleet();
  for (let step = 0; step < 60; step++) {
    await take({ writer: step % 3, later: 60_000, delays: Array<number>(40).fill(0), restart: false });
  }
  const filter: Filter = { action: 'REJECT' };
  const first = await historyPage(store, filter);
  t.strictSame(first.decisions, []);
  t.notOk(first.isFull);
  t.ok(first.next);
  let pages = 1;
  for (let from = first.next; from !== undefined; pages++)
    from = (await historyPage(store, filter, from)).next;
  t.equal(pages, 3, '2,400 records at 1,000 a page');
});

t.test('a day is found by halves, in far less than all records', async (t) => {
  const { store, table, take } = fleet();
  for (let step = 0; step < 400; step++) {
    await take({ writer: 0, later: HOUR / 4, delays: Array<number>(40).fill(0), restart: false });
  }
  table.calls.read = 0;
  table.calls.query = 0;
  const { decisions } = await historyPage(store, { day: '2026-11-27' });
  t.equal(decisions.length, 50);
  t.ok(decisions.every(({ record }) => record.at.startsWith('2026-11-27')));
  t.ok(table.calls.read <= 15, `${table.calls.read} reads`);
  t.ok(table.calls.query <= 4, `${table.calls.query} queries`);
});

t.test('filters', async (t) => {
  const table = new MemoryTable({ now: () => START });
  const store = { table, blobs: new MemoryBlobs() };
  const writer = new RecordWriter(table, START);
  const large = decisionAt(START + 4, 'apart', { rule: 'large' });
  store.blobs.kept.set('ab', Buffer.from(JSON.stringify(large)));
  const token = `x.${Buffer.from(JSON.stringify({ requestId: 'jwt', asset: 'BTC', note: 'Grüße' })).toString('base64url')}.y`;
  await writer.write(
    [
      decisionAt(START + 1, 'one', { action: 'REJECT', rule: 'no' }),
      decisionAt(START + 2, 'jwt', { request: token, auth: 'jwt' }),
      decisionAt(START + 3, 'broken', { request: '{"asset":"BTC"' }),
      { sha256: 'ab' },
      { sha256: 'gone' },
      { type: 'released', at: new Date(START).toISOString(), by: 'alice', details: {} },
      decisionAt(START + 5, 'escaped', { request: '{"requestId":"escaped","note":"caf\\u00e9"}' }),
    ],
    START + 6,
  );
  const find = async (filter: Filter) => idsOf((await historyPage(store, filter)).decisions);
  const day = '2026-11-25';
  t.strictSame(await find({}), ['escaped', 'apart', 'broken', 'jwt', 'one'], 'notes are no decisions');
  t.strictSame(await find({ action: 'REJECT' }), ['one']);
  t.strictSame(await find({ rule: 'large' }), ['apart'], 'what is kept apart is read');
  t.strictSame(await find({ asset: 'btc' }), ['jwt']);
  t.strictSame(await find({ day, text: 'GRÜSSE' }), []);
  t.strictSame(await find({ day, text: 'grüße' }), ['jwt']);
  t.strictSame(await find({ day, text: 'CAFÉ' }), ['escaped']);
  t.strictSame(await find({ day: '2026-11-24' }), []);
});

t.test('a cursor that nobody made is none', (t) => {
  for (const text of [
    '',
    'x',
    '12',
    '12~~a:1',
    '12~~20261126T101500Z-0123456789ab:-1',
    `${'9'.repeat(20)}~`,
  ]) {
    t.equal(parseCursor(text), undefined, text);
  }
  t.end();
});
