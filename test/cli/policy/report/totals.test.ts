// Tests how decisions are counted and grouped.
import t from 'tap';
import { csvOf } from '../../../../cli/policy/report/csv.js';
import { dayIn } from '../../../../cli/policy/report/day.js';
import { groupBy, parseColumns } from '../../../../cli/policy/report/groups.js';
import { csvRows } from '../../../../cli/policy/report/json.js';
import { reportOf } from '../../../../cli/policy/report/report.js';
import { Totals } from '../../../../cli/policy/report/totals.js';
import { policyOf } from '../../../helpers/policy.js';

type Line = Readonly<Record<string, unknown>>;

const line = (fields: Line = {}): string =>
  JSON.stringify({
    event: 'decision',
    time: '2026-03-02T10:00:00.000Z',
    kind: 'transaction',
    requestId: 'r',
    asset: 'ETH',
    amount: '0.1',
    action: 'APPROVE',
    rule: 'small',
    policy: 'aa',
    ...fields,
  });

function totalsOf(lines: readonly string[], { zone = 'UTC', from = '' } = {}): Totals {
  const totals = new Totals(dayIn(zone), from);
  for (const each of lines) totals.add(each);
  return totals;
}

const grouped = (totals: Totals, by: string) =>
  groupBy(totals.cells, parseColumns(by)).map(({ values, decisions, amount }) => [
    ...values,
    decisions,
    amount?.toFixed(),
  ]);

t.test('adds up amounts exactly, by asset', (t) => {
  const totals = totalsOf([
    line({ amount: '0.1' }),
    line({ amount: '0.2' }),
    line({ amount: '123456789012345678901234567890.000000000000000001' }),
    line({ asset: 'BTC', amount: '1e-8' }),
    line({ asset: 'BTC', amount: 'much' }),
    line({ kind: 'configuration', asset: undefined, amount: undefined }),
  ]);
  t.strictSame(grouped(totals, 'asset'), [
    ['ETH', 3, '123456789012345678901234567890.300000000000000001'],
    ['BTC', 2, '0.00000001'],
    ['(configuration)', 1, undefined],
  ]);
  t.strictSame(grouped(totals, 'action'), [['APPROVE', 6, undefined]], 'not over several assets');
  t.match(groupBy(totals.cells, ['asset'])[1], { withoutAmount: 1, share: 2 / 6 });
  t.end();
});

t.test('a repeated answer is no decision', (t) => {
  const totals = totalsOf([
    line(),
    line({ event: 'repeated' }),
    line({ event: 'repeated', reason: 'decision' }),
  ]);
  t.match(totals, { decisions: 1, unreadable: 0 });
  t.strictSame(grouped(totals, 'asset'), [['ETH', 1, '0.1']]);
  t.end();
});

t.test('an amount that no asset has does not spoil the sum', (t) => {
  const amounts = ['1e999', '1e-999', `1${'0'.repeat(99)}`, '0.1'];
  const totals = totalsOf(amounts.map((amount) => line({ amount })));
  t.match(groupBy(totals.cells, ['asset']), [{ decisions: 4, withoutAmount: 2 }]);
  t.equal(groupBy(totals.cells, ['asset'])[0]?.amount?.toFixed(), `1${'0'.repeat(99)}.1`);
  t.end();
});

t.test('sorts by number, days by date', (t) => {
  const totals = totalsOf([
    line({ time: '2026-03-03T00:00:00.000Z', rule: 'a' }),
    line({ time: '2026-03-02T00:00:00.000Z', rule: 'b' }),
    line({ time: '2026-03-03T00:00:00.000Z', rule: 'b', action: 'REJECT' }),
  ]);
  t.strictSame(grouped(totals, 'rule'), [
    ['b', 2, undefined],
    ['a', 1, undefined],
  ]);
  t.strictSame(grouped(totals, 'day,rule'), [
    ['2026-03-02', 'b', 1, undefined],
    ['2026-03-03', 'a', 1, undefined],
    ['2026-03-03', 'b', 1, undefined],
  ]);
  t.match(groupBy(totals.cells, ['rule'])[0], { actions: { APPROVE: 1, REJECT: 1 } });
  t.throws(() => parseColumns('rule,colour'), {
    code: 'USAGE',
    message: /--by takes rule, action, asset, day/,
  });
  t.end();
});

t.test('days are those of the time zone', (t) => {
  const lines = [line({ time: '2026-03-28T23:30:00.000Z' }), line({ time: '2026-03-29T22:30:00.000Z' })];
  t.strictSame(
    grouped(totalsOf(lines), 'day').map(([day]) => day),
    ['2026-03-28', '2026-03-29'],
  );
  t.strictSame(
    grouped(totalsOf(lines, { zone: 'Europe/Berlin' }), 'day').map(([day]) => day),
    ['2026-03-29', '2026-03-30'],
    'before and after the change of the clocks',
  );
  t.throws(() => dayIn('Mars'), { code: 'USAGE', message: /unknown time zone "Mars"/ });
  t.end();
});

t.test('counts what is worth a look', (t) => {
  const totals = totalsOf([
    line({ verified: false }),
    line({ rule: 'integrity', action: 'REJECT', verified: false }),
    line({ rule: undefined, action: 'RETRY' }),
    line({ rule: 'emergency stop', action: 'RETRY' }),
    line({ rule: 'stale data', action: 'RETRY' }),
    line({ rule: 'small', ruleError: 'tx.note is absent', action: 'RETRY', policy: 'bb' }),
    line({ action: 'MAYBE' }),
    line({ time: 'yesterday' }),
    line({ event: 'refused' }),
    'npm start',
    '{"event":"decision"',
  ]);
  t.match(totals, {
    ...{
      decisions: 6,
      unreadable: 2,
      unverified: 2,
      integrity: 1,
      withoutRule: 1,
      emergencyStop: 1,
      stale: 1,
    },
  });
  t.strictSame(totals.errors.entries, [['small: tx.note is absent', 1]]);
  t.strictSame(totals.policies.entries, [
    ['aa', 5],
    ['bb', 1],
  ]);
  t.match(grouped(totals, 'rule'), [
    ['(no rule)', 1],
    ['emergency stop', 1],
    ['integrity', 1],
    ['small', 1],
    ['small (not evaluated)', 1],
    ['stale data', 1],
  ]);
  t.end();
});

t.test('a rule that could only not be evaluated never matched', (t) => {
  const policy = policyOf('tx.asset == "ETH"');
  const of = (fields: Line) =>
    reportOf(totalsOf([line(fields)]), policy, { source: 'log', zone: 'UTC' }).neverMatched;
  t.strictSame(of({ rule: 'rule' }), { policy: policy.hash, rules: [] });
  t.strictSame(of({ rule: 'rule', ruleError: 'x' }), { policy: policy.hash, rules: ['rule'] });
  t.end();
});

t.test('leaves out lines before a time', (t) => {
  const lines = [line({ time: '2026-03-02T10:00:00.000Z' }), line({ time: '2026-03-02T10:00:00.001Z' })];
  t.equal(totalsOf(lines, { from: '2026-03-02T10:00:00.001Z' }).decisions, 1);
  t.end();
});

t.test('counts where the candidate differs, and lists the first', (t) => {
  const differs = (index: number, rule = 'hold') =>
    JSON.stringify({
      ...{ event: 'candidate_differs', time: '2026-03-02T10:00:00.000Z', requestId: `r-${index}`, txId: 't' },
      ...{ action: 'APPROVE', rule: 'small', policy: 'aa' },
      candidate: { action: 'RETRY', rule, policy: 'cc' },
    });
  const { candidate } = totalsOf([
    ...Array.from({ length: 30 }, (_, index) => differs(index)),
    differs(30, 'other'),
    JSON.stringify({ event: 'candidate_differs', time: '2026-03-02T10:00:00.000Z' }),
  ]);
  t.equal(candidate.differs, 31);
  t.strictSame(candidate.changes, [
    { from: { action: 'APPROVE', rule: 'small' }, to: { action: 'RETRY', rule: 'hold' }, decisions: 30 },
    { from: { action: 'APPROVE', rule: 'small' }, to: { action: 'RETRY', rule: 'other' }, decisions: 1 },
  ]);
  t.equal(candidate.listed.length, 20);
  t.match(candidate.listed[0], { requestId: 'r-0' });
  t.strictSame(candidate.policies.entries, [['cc', 31]]);
  t.end();
});

t.test('stays small whatever names requests have', (t) => {
  const totals = new Totals(dayIn('UTC'));
  for (let index = 0; index < 5000; index++) {
    totals.add(line({ asset: `A${index}`, policy: `p${index}`, ruleError: `e${index}` }));
  }
  t.equal(totals.decisions, 5000);
  t.equal(totals.cells.length, 2001);
  t.match(totals.cells.at(-1), { asset: '(other assets)', decisions: 3000, amount: undefined });
  t.equal(totals.policies.entries.length, 1001);
  t.strictSame(totals.policies.entries[0], ['(others)', 4000]);
  t.end();
});

t.test('CSV has one row for each combination, and no formulas', (t) => {
  const totals = totalsOf([
    line({ asset: '=cmd|"/c calc"!A1', amount: '1' }),
    line({ asset: '@SUM(A1)', amount: '2' }),
    line({ asset: 'a,b', amount: '3' }),
    line({ asset: '-1', amount: '4' }),
    line({ asset: '+1\n', amount: '5' }),
  ]);
  const report = reportOf(totals, undefined, { source: 'log', zone: 'UTC' });
  t.equal(
    csvOf(csvRows(report, ['asset'])),
    [
      'asset,decisions,share,amount,decisions without amount',
      `'+1\\u{a},1,0.200000,5,0`,
      `'-1,1,0.200000,4,0`,
      `"'=cmd|""/c calc""!A1",1,0.200000,1,0`,
      `'@SUM(A1),1,0.200000,2,0`,
      '"a,b",1,0.200000,3,0',
      '',
    ].join('\r\n'),
  );
  t.match(csvRows(report), [
    ['day', 'rule', 'action', 'asset', 'decisions', 'share', 'amount', 'decisions without amount'],
    ['2026-03-02', 'small', 'APPROVE', '+1\n', '1'],
  ]);
  t.end();
});
