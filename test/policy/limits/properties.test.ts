// Compares counters with a plain list of what was counted and when.
import fc from 'fast-check';
import t from 'tap';
import type { Counter, Share } from '../../../src/policy/limits/counter.js';
import { giveBack, NOTHING, settle, spent } from '../../../src/policy/limits/counting.js';
import { BUCKETS } from '../../../src/policy/limits/window.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { at, claimOf, limitOf, START } from './helpers.js';

interface Step {
  readonly afterMs: number;
  readonly amount: string;
  /** Which transaction: one of a few, so that some are asked about again. */
  readonly transaction: number;
  readonly isRejected: boolean;
}

const steps = (windowMs: number): fc.Arbitrary<readonly Step[]> =>
  fc.array(
    fc.record({
      afterMs: fc.oneof(
        fc.integer({ min: 0, max: Math.ceil(windowMs / 50) }),
        fc.integer({ min: 0, max: windowMs * 2 }),
        fc.constantFrom(0, windowMs / BUCKETS, windowMs, windowMs - 1, windowMs + windowMs / BUCKETS),
      ),
      amount: fc
        .tuple(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.integer({ min: 0, max: 18 }))
        .map(([units, decimals]) => new Decimal(String(units)).div(new Decimal(10).pow(decimals)).toFixed()),
      transaction: fc.integer({ min: 0, max: 9 }),
      isRejected: fc.boolean(),
    }),
    { maxLength: 60 },
  );

interface Counted {
  readonly time: number;
  readonly amount: Decimal;
}

function sumOf(model: Iterable<Counted>, counts: (time: number) => boolean): Decimal {
  let sum = new Decimal(0);
  for (const { time, amount } of model) if (counts(time)) sum = sum.plus(amount);
  return sum;
}

t.test('a sliding sum is never too small, and too large by one bucket at most', (t) => {
  const property = fc.property(
    fc
      .constantFrom(60_000, 3_600_000, 86_400_000, 7 * 60_000)
      .chain((ms) => fc.tuple(fc.constant(ms), steps(ms))),
    ([windowMs, all]) => {
      const limit = limitOf({ window: { type: 'sliding', ms: windowMs } });
      const model = new Map<number, Counted>();
      const shares = new Map<number, readonly Share[]>();
      let counter: Counter = NOTHING;
      let time = 0;
      for (const { afterMs, amount, transaction, isRejected } of all) {
        time += afterMs;
        const memory = { counters: new Map([['daily#', counter]]), shares: shares.get(transaction) ?? [] };
        const before = model.get(transaction);
        if (isRejected && before !== undefined) {
          counter = giveBack(memory).get('daily#') ?? counter;
          model.delete(transaction);
          shares.delete(transaction);
        } else {
          const settled = settle([limit], [claimOf(amount)], memory, at(time));
          counter = settled.counters.get('daily#') ?? counter;
          shares.set(transaction, settled.shares);
          model.set(transaction, { time, amount: Decimal.max(amount, before?.amount ?? 0) });
        }
        const sum = spent(counter, limit, at(time));
        const least = sumOf(model.values(), (counted) => counted > time - windowMs);
        const most = sumOf(model.values(), (counted) => counted > time - windowMs - windowMs / BUCKETS);
        if (sum.lt(least) || sum.gt(most)) return false;
        if (counter.buckets.length > 2 * BUCKETS + 4) return false;
      }
      return true;
    },
  );
  fc.assert(property, { numRuns: 2000 });
  t.end();
});

t.test('a sum of the calendar is exact: what was counted in the current period', (t) => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu');
  const property = fc.property(
    zones,
    fc.constantFrom('day', 'week', 'month'),
    steps(86_400_000 * 3),
    (zone, calendar, all) => {
      const limit = limitOf({ window: { type: 'calendar', calendar, zone } });
      const period = (time: number): string => nameOfPeriod(calendar, zone, START + time);
      const model: Counted[] = [];
      let counter: Counter = NOTHING;
      let time = 0;
      for (const { afterMs, amount } of all) {
        time += afterMs;
        const memory = { counters: new Map([['daily#', counter]]), shares: [] };
        counter = settle([limit], [claimOf(amount)], memory, at(time)).counters.get('daily#') ?? counter;
        model.push({ time, amount: new Decimal(amount) });
        const expected = sumOf(model, (counted) => period(counted) === period(time));
        if (!spent(counter, limit, at(time)).eq(expected)) return false;
      }
      return true;
    },
  );
  fc.assert(property, { numRuns: 500 });
  t.end();
});

/** By the local date alone, without looking for where a period begins. */
function nameOfPeriod(calendar: string, timeZone: string, time: number): string {
  const date = new Intl.DateTimeFormat('sv-SE', { timeZone }).format(time);
  if (calendar === 'day') return date;
  if (calendar === 'month') return date.slice(0, 7);
  const day = Date.parse(`${date}T00:00:00Z`) / 86_400_000;
  // 1 January 1970 was a Thursday.
  return String(Math.floor((day + 3) / 7));
}
