import t from 'tap';
import { counterFromJson, counterToJson, sharesFromJson } from '../../../src/policy/limits/counter-json.js';
import { Decimal } from '../../../src/protocol/decimal.js';

t.test('a counter is read as it was written, with all of its digits', (t) => {
  const sums = ['0.3', '9'.repeat(60), `${'1'.repeat(900)}.${'1'.repeat(900)}`, '0.000000000000000001'];
  const counter = {
    buckets: sums.map((sum, place) => ({ from: place, to: place + 1, sum: new Decimal(sum) })),
  };
  const json: unknown = JSON.parse(JSON.stringify(counterToJson(counter)));
  t.match(json, { buckets: [[0, 1, '0.3']] });
  t.strictSame(
    counterFromJson(json).buckets.map(({ sum }) => sum.toFixed()),
    sums,
  );
  t.end();
});

t.test('throws for anything else: a counter that can’t be read never counts as nothing', (t) => {
  const malformed: readonly unknown[] = [
    ...[undefined, null, {}, [], '', '{}', { buckets: {} }, { buckets: [], more: 1 }],
    ...['1e3', '-1', '', 'NaN', 'Infinity', '0x1', ' 1', 1, null].map((sum) => ({ buckets: [[0, 1, sum]] })),
    ...[
      [0, 1],
      [0, 1, '1', 1],
      [1, 1, '1'],
      [2, 1, '1'],
      ['0', 1, '1'],
      [0.5, 1, '1'],
    ].map((bucket) => ({
      buckets: [bucket],
    })),
  ];
  for (const json of malformed) {
    t.throws(() => counterFromJson(json), { code: 'COUNTER_INVALID' }, JSON.stringify(json));
  }
  t.end();
});

t.test('shares are read as strictly', (t) => {
  const share = { limit: 'daily', key: '', amount: '1.5', from: 0, to: 1 };
  t.strictSame(sharesFromJson([share]), [share]);
  for (const wrong of [{ amount: '-1' }, { amount: 1 }, { to: 0 }, { more: 1 }, { key: undefined }]) {
    t.throws(() => sharesFromJson([{ ...share, ...wrong }]), { code: 'COUNTER_INVALID' });
  }
  t.throws(() => sharesFromJson(undefined), { code: 'COUNTER_INVALID' });
  t.end();
});
