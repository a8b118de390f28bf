// When a limit has room again.
import t from 'tap';
import { nextFree } from '../../src/console/limits/next-free.js';
import { bucketAt, type Window } from '../../src/policy/limits/window.js';
import { spent } from '../../src/policy/limits/counting.js';
import { Decimal } from '../../src/protocol/decimal.js';

const NOW = new Date('2026-11-26T12:00:00Z');
const HOUR = 3_600_000;
const SLIDING: Window = { type: 'sliding', ms: 24 * HOUR };
const DAY: Window = { type: 'calendar', calendar: 'day', zone: 'Europe/Berlin' };

const bucket = (window: Window, hoursAgo: number, sum: number) => ({
  ...bucketAt(window, NOW.getTime() - hoursAgo * HOUR),
  sum: new Decimal(sum),
});

t.test('a sliding window frees its oldest amount first', (t) => {
  const counter = { buckets: [bucket(SLIDING, 30, 1), bucket(SLIDING, 20, 2), bucket(SLIDING, 1, 4)] };
  const free = nextFree(counter, { window: SLIDING }, NOW);
  t.equal(free?.amount.toFixed(), '2');
  const at = free?.at ?? 0;
  t.ok(at > NOW.getTime() + 4 * HOUR && at <= NOW.getTime() + 4.25 * HOUR);
  const spentAt = (time: number) => spent(counter, { window: SLIDING }, new Date(time)).toFixed();
  t.equal(spentAt(at - 1), '6');
  t.equal(spentAt(at), '4');
  t.end();
});

t.test('a calendar day frees everything at its end, in its time zone', (t) => {
  const counter = { buckets: [bucket(DAY, 24, 8), bucket(DAY, 1, 2)] };
  const free = nextFree(counter, { window: DAY }, NOW);
  t.equal(free?.amount.toFixed(), '2');
  t.equal(free?.at, Date.parse('2026-11-26T23:00:00Z'));
  t.end();
});

t.test('nothing frees where nothing counts', (t) => {
  for (const window of [SLIDING, DAY]) {
    t.equal(nextFree({ buckets: [] }, { window }, NOW), undefined);
    t.equal(nextFree({ buckets: [bucket(window, 50, 3)] }, { window }, NOW), undefined);
  }
  t.end();
});
