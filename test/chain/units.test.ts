import fc from 'fast-check';
import t from 'tap';
import { toAmount, toUnits } from '../../src/chain/units.js';

t.test('converts amounts in every written form exactly', (t) => {
  const cases: readonly (readonly [string, number, bigint | undefined])[] = [
    ['0.01', 18, 10_000_000_000_000_000n],
    ['0.010000000000000000', 18, 10_000_000_000_000_000n],
    ['0.010000000000000001', 18, 10_000_000_000_000_001n],
    ['1', 0, 1n],
    ['1.0', 0, 1n],
    ['.5', 1, 5n],
    ['1e-8', 8, 1n],
    ['1E3', 6, 1_000_000_000n],
    ['0', 8, 0n],
    ['1e-9', 8, undefined],
    ['0.1', 0, undefined],
    ['1,000', 8, undefined],
    ['-1', 8, undefined],
    ['', 8, undefined],
  ];
  for (const [amount, decimals, units] of cases) t.equal(toUnits(amount, decimals), units, amount);
  t.end();
});

t.test('converts units to an amount and back', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n }), fc.nat(36), (units, decimals) => {
      t.equal(toUnits(toAmount(units, decimals).toFixed(), decimals), units);
    }),
  );
  t.end();
});
