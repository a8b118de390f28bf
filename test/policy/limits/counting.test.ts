import t from 'tap';
import type { Counter, Share } from '../../../src/policy/limits/counter.js';
import { type Counted, giveBack, NOTHING, settle, spent } from '../../../src/policy/limits/counting.js';
import type { Limit } from '../../../src/policy/limits/limit.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { at, claimOf, DAY, HOUR, limitOf } from './helpers.js';

const MINUTE = 60_000;
const EMPTY: Counted = { counters: new Map(), shares: [] };

/** Counts amounts of different transactions at times in ms. */
function counted(entries: readonly (readonly [string, number])[], limit: Limit = limitOf()): Counter {
  let counter = NOTHING;
  for (const [amount, time] of entries) {
    const before = { counters: new Map([['daily#', counter]]), shares: [] };
    counter = settle([limit], [claimOf(amount)], before, at(time)).counters.get('daily#') ?? NOTHING;
  }
  return counter;
}

const spentAt = (counter: Counter, time: number, limit = limitOf()): string =>
  spent(counter, limit, at(time)).toFixed();

t.test('sums are exact', (t) => {
  t.equal(
    spentAt(
      counted([
        ['0.1', 0],
        ['0.2', 0],
      ]),
      0,
    ),
    '0.3',
  );
  const wei = '0.000000000000000001';
  t.equal(
    spentAt(
      counted([
        ['250000', 0],
        [wei, 1],
        [wei, HOUR],
      ]),
      HOUR,
    ),
    '250000.000000000000000002',
  );
  for (const digits of [38, 60]) {
    const nines = '9'.repeat(digits);
    t.equal(
      spentAt(
        counted([
          [nines, 0],
          ['1', HOUR],
        ]),
        HOUR,
      ),
      `1${'0'.repeat(digits)}`,
    );
    t.equal(
      spentAt(
        counted([
          [`0.${nines}`, 0],
          [`0.${nines}`, 0],
        ]),
        0,
      ),
      `1.${'9'.repeat(digits - 1)}8`,
    );
  }
  t.end();
});

t.test('a bucket counts whole until all of it is older than the window', (t) => {
  const early = counted([['5', 0]]);
  const late = counted([['5', 15 * MINUTE - 1]]);
  t.strictSame(early, late, 'the same bucket');
  t.equal(spentAt(late, 15 * MINUTE - 1 + DAY), '5', 'exactly the window later');
  t.equal(spentAt(early, 15 * MINUTE + DAY - 1), '5');
  t.equal(spentAt(early, 15 * MINUTE + DAY), '0');
  t.equal(spentAt(counted([['5', 15 * MINUTE]]), 15 * MINUTE + DAY), '5', 'the next bucket');
  t.end();
});

t.test('what a task counted whose clock is 5 s ahead counts for the others at once', (t) => {
  const ahead = counted([['7', 2000]]);
  t.equal(spentAt(ahead, -3000), '7', 'its bucket is in the future');
  const both = settle(
    [limitOf()],
    [claimOf('1')],
    { counters: new Map([['daily#', ahead]]), shares: [] },
    at(-3000),
  );
  t.equal(spent(both.counters.get('daily#') ?? NOTHING, limitOf(), at(2000)).toFixed(), '8');
  t.end();
});

t.test('the clock ahead does not remove what the clock behind still counts', (t) => {
  const minute = limitOf({ window: { type: 'sliding', ms: MINUTE } });
  const counter = counted(
    [
      ['5', 0],
      ['1', MINUTE + 5000],
    ],
    minute,
  );
  t.equal(spentAt(counter, MINUTE + 5000, minute), '1');
  t.equal(spentAt(counter, MINUTE, minute), '6');
  t.end();
});

t.test('removes what is older than the window by a bucket and more', (t) => {
  const counter = counted([
    ['5', 0],
    ['1', DAY + HOUR],
  ]);
  t.equal(counter.buckets.length, 1);
  const entries = Array.from({ length: 4000 }, (_, index) => ['1', index * 5 * MINUTE] as const);
  t.ok(counted(entries).buckets.length <= 96 + 3, 'a counter does not grow');
  t.end();
});

t.test('counts a transaction once, and moves its share to now', (t) => {
  const first = settle([limitOf()], [claimOf('40')], EMPTY, at(0));
  t.match(first.shares, [{ limit: 'daily', key: '', amount: '40', from: at(0).getTime() }]);
  const signing = settle([limitOf()], [claimOf('40')], first, at(20 * HOUR));
  const counter = signing.counters.get('daily#') ?? NOTHING;
  t.equal(spentAt(counter, 20 * HOUR), '40');
  t.equal(spentAt(counter, 43 * HOUR), '40', 'it counts from its signing on');
  t.match(signing.shares, [{ amount: '40', from: at(20 * HOUR).getTime() }]);
  t.equal(signing.shares.length, 1);
  t.end();
});

t.test('counts the larger of the amounts of both stages', (t) => {
  const first = settle([limitOf()], [claimOf('40')], EMPTY, at(0));
  for (const [amount, counts] of [
    ['39.9', '40'],
    ['40.1', '40.1'],
  ] as const) {
    const { counters, shares } = settle([limitOf()], [claimOf(amount)], first, at(HOUR));
    t.equal(spentAt(counters.get('daily#') ?? NOTHING, HOUR), counts);
    t.equal(shares[0]?.amount, counts);
  }
  t.end();
});

t.test('a share whose bucket was removed is gone', (t) => {
  const first = settle([limitOf()], [claimOf('40')], EMPTY, at(0));
  const later = settle([limitOf()], [claimOf('1')], { counters: first.counters, shares: [] }, at(2 * DAY));
  const signing = settle([limitOf()], [claimOf('40')], { ...later, shares: first.shares }, at(2 * DAY));
  t.equal(spentAt(signing.counters.get('daily#') ?? NOTHING, 2 * DAY), '41');
  t.end();
});

t.test('takes nothing from a bucket that holds less than the share', (t) => {
  const share: Share = {
    limit: 'daily',
    key: '',
    amount: '5',
    from: at(0).getTime(),
    to: at(15 * MINUTE).getTime(),
  };
  const counters = new Map([['daily#', counted([['4', 0]])]]);
  t.equal(spentAt(giveBack({ counters, shares: [share] }).get('daily#') ?? NOTHING, 0), '4');
  t.end();
});

t.test('shares of limits that do not concern the transaction any more stay', (t) => {
  const share: Share = { limit: 'old', key: 'k', amount: '5', from: 1, to: 2 };
  const { counters, shares } = settle([limitOf()], [claimOf('1')], { ...EMPTY, shares: [share] }, at(0));
  t.strictSame(shares[0], share);
  t.equal(shares.length, 2);
  t.strictSame([...counters.keys()], ['daily#']);
  t.end();
});

t.test('gives back what a transaction was counted for, and nothing else', (t) => {
  const others = { counters: new Map([['daily#', counted([['3', 0]])]]), shares: [] };
  const approved = settle([limitOf()], [claimOf('40')], others, at(0));
  t.equal(spentAt(giveBack(approved).get('daily#') ?? NOTHING, 0), '3');
  const alone = settle([limitOf()], [claimOf('40')], EMPTY, at(0));
  t.strictSame(giveBack(alone).get('daily#'), NOTHING);
  t.equal(
    giveBack({ counters: new Map(), shares: alone.shares }).size,
    0,
    'a counter that was not read stays',
  );
  t.end();
});

t.test('counts after the window of a limit was changed', (t) => {
  const wide = limitOf({ window: { type: 'sliding', ms: 7 * DAY } });
  const daily = limitOf({ window: { type: 'calendar', calendar: 'day', zone: 'UTC' } });
  const counter = counted([['5', 0]], wide);
  t.equal(spentAt(counter, 1000), '5', 'the bucket of the wider window overlaps the narrower one');
  t.equal(spentAt(counter, 1000, daily), '5');
  t.equal(spentAt(counted([['5', 0]], daily), 1000), '5');
  t.end();
});

t.test('no amount adds no bucket', (t) => {
  const { counters, shares } = settle([limitOf()], [claimOf('0')], EMPTY, at(0));
  t.strictSame(counters.get('daily#'), NOTHING);
  t.equal(shares[0]?.amount, '0');
  t.ok(new Decimal(0).eq(spent(NOTHING, limitOf(), at(0))));
  t.end();
});
