import t from 'tap';
import { type Calendar, periodOf } from '../../../src/policy/limits/calendar-period.js';

function period(calendar: Calendar, zone: string, now: string): readonly string[] {
  const { from, to } = periodOf(calendar, zone, Date.parse(now));
  return [from, to].map((time) => new Date(time).toISOString().replace(':00.000Z', 'Z'));
}

t.test('days begin at local midnight, and are 23 or 25 hours long where the clocks change', (t) => {
  t.strictSame(period('day', 'UTC', '2026-03-02T10:00:00Z'), ['2026-03-02T00:00Z', '2026-03-03T00:00Z']);
  t.strictSame(period('day', 'Europe/Berlin', '2026-03-02T23:30:00Z'), [
    '2026-03-02T23:00Z',
    '2026-03-03T23:00Z',
  ]);
  t.strictSame(period('day', 'Europe/Berlin', '2026-03-29T12:00:00Z'), [
    '2026-03-28T23:00Z',
    '2026-03-29T22:00Z',
  ]);
  t.strictSame(period('day', 'Europe/Berlin', '2026-10-25T12:00:00Z'), [
    '2026-10-24T22:00Z',
    '2026-10-25T23:00Z',
  ]);
  t.strictSame(period('day', 'Asia/Kathmandu', '2026-03-02T18:15:00Z'), [
    '2026-03-02T18:15Z',
    '2026-03-03T18:15Z',
  ]);
  t.end();
});

t.test('both hours that the clock shows twice are in one day', (t) => {
  const first = periodOf('day', 'America/New_York', Date.parse('2026-11-01T05:30:00Z'));
  const second = periodOf('day', 'America/New_York', Date.parse('2026-11-01T06:30:00Z'));
  t.strictSame(first, second);
  t.equal(first.to - first.from, 25 * 3_600_000);
  t.end();
});

t.test('a day without a midnight begins where its first hour begins', (t) => {
  // In Cairo, 24 April 2026 begins at 01:00.
  t.strictSame(period('day', 'Africa/Cairo', '2026-04-24T12:00:00Z'), [
    '2026-04-23T22:00Z',
    '2026-04-24T21:00Z',
  ]);
  // In Apia, there was no 30 December 2011.
  t.strictSame(period('day', 'Pacific/Apia', '2011-12-29T12:00:00Z'), [
    '2011-12-29T10:00Z',
    '2011-12-30T10:00Z',
  ]);
  t.end();
});

t.test('weeks begin on Monday, and months on their first day', (t) => {
  t.strictSame(period('week', 'UTC', '2026-03-01T23:59:59Z'), ['2026-02-23T00:00Z', '2026-03-02T00:00Z']);
  t.strictSame(period('week', 'UTC', '2026-03-02T00:00:00Z'), ['2026-03-02T00:00Z', '2026-03-09T00:00Z']);
  t.strictSame(period('month', 'Europe/Berlin', '2026-03-15T00:00:00Z'), [
    '2026-02-28T23:00Z',
    '2026-03-31T22:00Z',
  ]);
  t.strictSame(period('month', 'UTC', '2026-12-31T12:00:00Z'), ['2026-12-01T00:00Z', '2027-01-01T00:00Z']);
  t.end();
});

t.test('one period follows the other without a gap, for years and in all zones', (t) => {
  const zones = [
    'America/Havana',
    'Asia/Beirut',
    'Australia/Lord_Howe',
    'America/Sao_Paulo',
    'Pacific/Kiritimati',
  ];
  for (const zone of zones) {
    for (const calendar of ['day', 'week', 'month'] as const) {
      let { to } = periodOf(calendar, zone, Date.parse('2016-01-01T00:00:00Z'));
      for (let count = 0; count < (calendar === 'day' ? 800 : 120); count++) {
        const last = periodOf(calendar, zone, to - 1);
        const next = periodOf(calendar, zone, to);
        if (last.to !== to || next.from !== to || next.to <= to) {
          t.fail(`${calendar} in ${zone} at ${new Date(to).toISOString()}`);
          return t.end();
        }
        to = next.to;
      }
    }
  }
  t.pass('no gap');
  return t.end();
});
