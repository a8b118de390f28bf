import fc from 'fast-check';
import t from 'tap';
import { readAddressFile } from '../../../src/policy/parse/address-file.js';
import { draftPolicy } from '../../../src/policy/parse/file.js';
import { evaluate, messagesAbout, type Payload } from '../../helpers/policy.js';

const parts = {
  lists: {
    holidays: ['2026-01-02', '2026-12-25'],
    closed: ['Saturday', 'Sunday'],
    wrong: ['2026-01-02', '25.12.2026'],
  },
  tables: {
    dates: { 'go-live': '2026-01-02', unknown: 'soon' },
    hours: { open: '09:00', close: '17:30' },
    amounts: { small: '5', large: '5000' },
  },
};
const at = (when: string, time: string, payload: Payload = {}) =>
  evaluate(when, payload, { ...parts, now: new Date(time) });
/** The problems found when the policy is loaded. */
const problem = (when: string) => messagesAbout(when, parts)[0];

/** 15:30:20 in London is half past midnight on the next day in Tokyo. */
const NEW_YEAR = '2026-01-01T15:30:20Z';

t.test('the date is that of the time zone', (t) => {
  for (const when of [
    'date(now, "UTC") == "2026-01-01"',
    'date(now, "Asia/Tokyo") == "2026-01-02"',
    '"2026-01-02" == date(now, "Asia/Tokyo")',
    'date(now, "Asia/Tokyo") != date(now, "UTC")',
    'date(now, "Asia/Tokyo") > date(now, "America/New_York")',
    'date(timestamp("2026-03-31T22:30:00Z"), "Europe/Berlin") == "2026-04-01"',
  ]) {
    t.equal(at(when, NEW_YEAR), true, when);
  }
  t.equal(at('date(now, "UTC") == "2026-12-31"', '2026-12-31T23:59:59.999Z'), true);
  t.equal(at('date(now, "America/New_York") == "2025-12-31"', '2026-01-01T04:59:59Z'), true);
  t.equal(at('date(now, "America/New_York") == "2026-01-01"', '2026-01-01T05:00:00Z'), true);
  t.equal(at('date(now, "UTC") == "2028-02-29"', '2028-02-29T12:00:00Z'), true);
  t.end();
});

t.test('dates are ordered as dates, up to and from a day', (t) => {
  for (const [when, expected] of [
    ['date(now, "UTC") >= "2026-01-01"', true],
    ['date(now, "UTC") <= "2026-01-01"', true],
    ['date(now, "UTC") < "2026-01-01"', false],
    ['date(now, "UTC") > "2025-12-31"', true],
    ['"2025-12-31" < date(now, "UTC")', true],
    ['"2026-01-02" <= date(now, "UTC")', false],
  ] as const) {
    t.equal(at(when, NEW_YEAR), expected, when);
  }
  t.end();
});

t.test('dates, weekdays and times are found in lists and tables', (t) => {
  for (const [when, expected] of [
    ['date(now, "Asia/Tokyo") in lists.holidays', true],
    ['date(now, "UTC") in lists.holidays', false],
    ['date(now, "UTC") in ["2025-12-31", "2026-01-01"]', true],
    ['date(now, "UTC") in [date(now, "Asia/Tokyo")]', false],
    ['date(now, "Asia/Tokyo") >= tables.dates["go-live"]', true],
    ['tables.dates["go-live"] <= date(now, "UTC")', false],
    ['weekday(now, "UTC") == "Thursday"', true],
    ['weekday(now, "Asia/Tokyo") in ["Friday"]', true],
    ['weekday(now, "UTC") in lists.closed', false],
    ['time(now, "UTC") >= tables.hours.open && time(now, "UTC") < tables.hours.close', true],
    ['time(now, "Asia/Tokyo") == "00:30"', true],
  ] as const) {
    t.equal(at(when, NEW_YEAR), expected, when);
  }
  t.equal(at('weekday(now, "UTC") in lists.closed', '2026-01-04T00:00:00Z'), true);
  t.equal(at('time(now, "UTC") <= "17:30"', '2026-01-01T17:30:59Z'), true, 'seconds are dropped');
  t.equal(at('time(now, "UTC") < "17:30"', '2026-01-01T17:30:00Z'), false);
  t.end();
});

t.test('the time follows the clock when it is put forward and back', (t) => {
  for (const [time, expected] of [
    ['2026-03-29T00:59:59Z', '01:59'],
    ['2026-03-29T01:00:00Z', '03:00'],
    ['2026-10-25T00:30:00Z', '02:30'],
    ['2026-10-25T01:30:00Z', '02:30'],
    ['2026-10-25T02:00:00Z', '03:00'],
  ] as const) {
    t.equal(at(`time(now, "Europe/Berlin") == "${expected}"`, time), true, time);
  }
  // On this day, Santiago has no midnight.
  t.equal(at('time(now, "America/Santiago") == "01:00"', '2026-09-06T04:00:00Z'), true);
  t.equal(at('date(now, "America/Santiago") == "2026-09-06"', '2026-09-06T04:00:00Z'), true);
  t.equal(at('date(now, "America/Santiago") == "2026-09-05"', '2026-09-06T03:59:59Z'), true);
  // Samoa had no 30 December 2011.
  t.equal(at('date(now, "Pacific/Apia") == "2011-12-29"', '2011-12-30T09:59:59Z'), true);
  t.equal(at('date(now, "Pacific/Apia") == "2011-12-31"', '2011-12-30T10:00:00Z'), true);
  t.end();
});

/** Zones with a fixed distance to UTC in minutes, so that the expected values need no calendar of time zones. */
const FIXED_ZONES = {
  UTC: 0,
  'Asia/Tokyo': 540,
  'Asia/Kolkata': 330,
  'Asia/Kathmandu': 345,
  'America/Phoenix': -420,
  'Pacific/Kiritimati': 840,
  'Etc/GMT+12': -720,
} as const;

/** The day and weekday by the civil calendar, counted without `Date`. */
function civil(days: number): { readonly date: string; readonly weekday: string } {
  let [year, left] = [1970, days];
  const isLeap = (y: number): boolean => (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  for (; left >= (isLeap(year) ? 366 : 365); year++) left -= isLeap(year) ? 366 : 365;
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  for (; left >= (lengths[month] ?? 31); month++) left -= lengths[month] ?? 31;
  const names = ['Thursday', 'Friday', 'Saturday', 'Sunday', 'Monday', 'Tuesday', 'Wednesday'];
  const two = (value: number): string => String(value).padStart(2, '0');
  return { date: `${year}-${two(month + 1)}-${two(left + 1)}`, weekday: names[days % 7] ?? '' };
}

t.test('date, time and weekday agree with a calendar counted by hand', (t) => {
  const zones = Object.entries(FIXED_ZONES);
  const seconds = fc.integer({ min: 946_684_800, max: 4_102_444_800 });
  fc.assert(
    fc.property(seconds, fc.constantFrom(...zones), (second, [zone, offset]) => {
      const local = second + offset * 60;
      const { date, weekday } = civil(Math.floor(local / 86_400));
      const minute = Math.floor((local % 86_400) / 60);
      const time = [Math.floor(minute / 60), minute % 60]
        .map((part) => String(part).padStart(2, '0'))
        .join(':');
      const when = `date(now, "${zone}") == "${date}" && time(now, "${zone}") == "${time}" && weekday(now, "${zone}") == "${weekday}"`;
      return evaluate(when, {}, { now: new Date(second * 1000) }) === true;
    }),
  );
  t.end();
});

t.test('the order of dates is the order of the days', (t) => {
  const day = fc.integer({ min: 10_957, max: 47_482 });
  fc.assert(
    fc.property(day, day, (now, other) => {
      const { date } = civil(other);
      const when = `date(now, "UTC") < "${date}" ? !(date(now, "UTC") >= "${date}") : date(now, "UTC") >= "${date}"`;
      const time = { now: new Date(now * 86_400_000) };
      return (
        evaluate(when, {}, time) === true &&
        evaluate(`date(now, "UTC") < "${date}"`, {}, time) === now < other &&
        evaluate(`date(now, "UTC") == "${date}"`, {}, time) === (now === other)
      );
    }),
  );
  t.end();
});

t.test('refuses what is not a date when the policy is loaded, with the fix', (t) => {
  for (const [when, message] of [
    ['date(now, "UTC") < "2026-1-1"', '"2026-1-1" is not a date: write "2026-01-01"'],
    ['"2026/12/31" >= date(now, "UTC")', '"2026/12/31" is not a date: write "2026-12-31"'],
    [
      'date(now, "UTC") in ["2026-01-01", "1.2.2026"]',
      /^"1\.2\.2026" is not a date: write a day of the calendar/,
    ],
    ['date(now, "UTC") == "2026-02-30"', /^"2026-02-30" is not a date: write a day of the calendar such as/],
    ['date(now, "UTC") == "2027-02-29"', /^"2027-02-29" is not a date/],
    ['date(now, "UTC") in lists.wrong', /^lists\.wrong: "25\.12\.2026" is not a date/],
    ['date(now, "UTC") in lists.closed', /^lists\.closed: "Saturday" is not a date/],
    ['date(now, "UTC") < tables.dates.unknown', /^tables\.dates\.unknown: "soon" is not a date/],
    ['[date(now, "UTC")].exists(d, d == "2026-1-1")', '"2026-1-1" is not a date: write "2026-01-01"'],
    ['time(now, "UTC") >= "9:00"', '"9:00" is not a time: write "09:00"'],
    ['time(now, "UTC") >= "9"', '"9" is not a time: write "09:00"'],
    ['time(now, "UTC") < "17:30:00"', '"17:30:00" is not a time: write "17:30"'],
    ['time(now, "UTC") < "24:00"', /^"24:00" is not a time: write a time of day from "00:00" to "23:59"$/],
    ['weekday(now, "UTC") == "Sat"', '"Sat" is not a weekday: write "Saturday"'],
    ['weekday(now, "UTC") in ["sunday"]', '"sunday" is not a weekday: write "Sunday"'],
    ['weekday(now, "UTC") == "Samstag"', /^"Samstag" is not a weekday: write one of "Sunday", "Monday"/],
    [
      'weekday(now, "UTC") < "Friday"',
      /^a weekday can’t be compared with a string; compare a weekday with == or in$/,
    ],
    ['date(now, "UTC") == time(now, "UTC")', /^a date can’t be compared with a time of day$/],
    [
      'date(now, "UTC") == now',
      /^a date can’t be compared with a time; write a day of the calendar such as "2026-12-31"$/,
    ],
    [
      'date(now, "UTC") < 20260101',
      /^a date can’t be compared with a whole number; write a day of the calendar such as "2026-12-31"$/,
    ],
    ['date(now, "UTC") in tables.dates', /^"in" can’t search .* for a date/],
    ['tx.note in [date(now, "UTC")]', /^"in" can’t search a list of dates for a string/],
    ['date(now, "UTC") == tx.extraParameters.day', /^a date can’t be compared with a dynamic value/],
    ['tx.extraParameters.day <= date(now, "UTC")', /^a date can’t be compared with a dynamic value/],
  ] as const) {
    t.match(problem(when), message, when);
  }
  t.end();
});

t.test('refuses a call without a known time zone when the policy is loaded', (t) => {
  const demand = 'date() takes a time and a time zone: date(now, "Europe/Berlin")';
  t.equal(problem('date(now) == "2026-01-01"'), demand);
  t.equal(problem('date(now, tx.note) == "2026-01-01"'), demand);
  t.equal(problem('date("2026-01-01", "UTC") == "2026-01-01"'), demand);
  t.match(
    problem('date() == "2026-01-01"'),
    /^date\(\) needs something between its parentheses; write date\(now, "Europe\/Berlin"\)$/,
  );
  t.match(problem('date(now, "Asia/Tokio") == "2026-01-01"'), /^unknown time zone "Asia\/Tokio": use a name/);
  t.match(problem('time(now, "CEST") > "09:00"'), /^unknown time zone "CEST"/);
  t.end();
});

t.test('a value of the request or of a table that is not a date is an error of the rule', (t) => {
  const error = /^a value.* that is compared with a date is not a day of the calendar such as "2026-12-31"$/;
  t.match(at('date(now, "UTC") < tx.note', NEW_YEAR, { note: '1.2.2026' }), error);
  t.match(at('date(now, "UTC") != tx.note', NEW_YEAR, { note: '2026-02-30' }), error);
  t.equal(at('date(now, "UTC") < tx.note', NEW_YEAR, { note: '2026-02-28' }), true);
  t.match(at('date(now, "UTC") < tables.dates[tx.asset]', NEW_YEAR, { asset: 'unknown' }), error);
  t.match(at('date(now, "UTC") < tables.dates[tx.asset]', NEW_YEAR, { asset: 'other' }), /is absent$/);
  t.match(at('date(now, "UTC") in [tx.note]', NEW_YEAR, { note: 'x' }), error);
  t.match(
    at('date(now, "UTC") in (tx.asset == "x" ? lists.wrong : lists.holidays)', NEW_YEAR, { asset: 'x' }),
    /^an entry of a list is not a day of the calendar/,
  );
  t.equal(
    at('date(timestamp("0101-01-01T00:00:00Z"), "UTC") < "2026-01-01"', NEW_YEAR),
    'a date must be between the years 1000 and 9999',
  );
  t.end();
});

t.test('an amount can be named in a table and multiplied', (t) => {
  const amount = (amountStr: string, when: string) => at(when, NEW_YEAR, { amountStr });
  t.equal(amount('5', 'tx.amount <= tables.amounts.small'), true);
  t.equal(amount('5.01', 'tx.amount <= tables.amounts.small'), false);
  t.equal(amount('2500', 'tx.amount <= decimal("0.5") * tables.amounts.large'), true);
  t.equal(amount('2500.01', 'tx.amount <= tables.amounts["large"] * decimal("0.5")'), false);
  t.match(problem('tx.amount <= tables.amount.small'), /^unknown table "amount"; did you mean "amounts"\?$/);
  t.equal(amount('5', 'tx.amount <= tables.amounts.smal'), 'tables.amounts.smal is absent');
  t.end();
});

t.test('refuses a list of addresses from elsewhere', (t) => {
  const reading = readAddressFile(Buffer.from('0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n'), 'days.txt');
  let step = reading.next();
  while (step.done !== true) step = reading.next();
  const addresses = step.value;
  const rule = `{ id: a, for: transaction, when: 'date(now, "UTC") in lists.days', action: retry }`;
  const draft = draftPolicy(`version: 1\nlists: { days: { from: days.txt } }\nrules: [${rule}]`, 'x');
  const message =
    /lists\.days has addresses from elsewhere and no date: write each date as an entry of a list/;
  t.throws(() => draft.complete(new Map([['days', { sha256: 'a'.repeat(64), addresses }]])), { message });
  t.end();
});
