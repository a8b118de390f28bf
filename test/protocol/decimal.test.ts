import t from 'tap';
import {
  add,
  Decimal,
  DigitsError,
  fromNumber,
  multiply,
  parseAmount,
  parseDecimal,
  subtract,
} from '../../src/protocol/decimal.js';

t.test('reads an amount as numbers are written, exactly', (t) => {
  for (const text of [
    '0',
    '0.01',
    '12',
    '0.010000000000000001',
    '0'.repeat(80),
    '9'.repeat(80),
    `0.${'1'.repeat(80)}`,
  ]) {
    t.equal(parseAmount(text)?.toFixed(), new Decimal(text).toFixed(), text);
  }
  for (const [text, value] of [
    ['.5', '0.5'],
    ['5.', '5'],
    ['007', '7'],
    ['1e-8', '0.00000001'],
    ['1E3', '1000'],
    ['1e+3', '1000'],
    ['5.e1', '50'],
    ['.5e1', '5'],
    ['1.000000000000000001e18', '1000000000000000001'],
    ['0e1000', '0'],
    ['1e400', `1${'0'.repeat(400)}`],
    ['1e-1000', `0.${'0'.repeat(999)}1`],
    ['1e0000000000003', '1000'],
  ] as const) {
    t.equal(parseAmount(text)?.toFixed(), value, text);
  }
  t.end();
});

t.test('refuses anything else, and numbers with more than 1,000 digits, at no cost', (t) => {
  for (const text of [
    'NaN',
    '.',
    'e3',
    '.e3',
    '1e',
    '1e+',
    '1e1.5',
    '1e1000',
    '12e999',
    '1e-1001',
    '1.5e-1000',
    '0e1001',
    '1e999999999',
    '1e-999999999999999999999',
    '0b1',
    '1_000',
    '1n',
    '½',
    '１',
    'infinity',
    '',
    '-1',
    ' 1',
    '1 ',
    '+1',
    '1,000',
    '1,5',
    '0x10',
    'Infinity',
    '١',
    '1\n',
    '1'.repeat(201),
  ]) {
    t.equal(parseAmount(text), undefined, JSON.stringify(text));
  }
  t.end();
});

t.test('accepts negative numbers in rules', (t) => {
  t.equal(parseDecimal('-1.5')?.toFixed(), '-1.5');
  for (const text of ['1e3', '', '--1', '1,000']) t.equal(parseDecimal(text), undefined, text);
  t.end();
});

t.test('converts a JSON number using its shortest decimal representation', (t) => {
  t.equal(fromNumber(18.74292937)?.toFixed(), '18.74292937');
  t.equal(fromNumber(0.1)?.toFixed(), '0.1');
  t.equal(fromNumber(1e-7)?.toFixed(), '0.0000001');
  t.equal(fromNumber(-0)?.toFixed(), '0');
  for (const value of [NaN, Infinity, -1]) t.equal(fromNumber(value), undefined);
  t.end();
});

t.test('calculates sums, differences and products exactly', (t) => {
  const of = (text: string) => new Decimal(text);
  t.equal(add(of('18.74292937'), of('0.00000001')).toFixed(), '18.74292938');
  t.equal(add(of('0.1'), of('0.2')).toFixed(), '0.3');
  t.equal(add(of('9'.repeat(80)), of('1')).toFixed(), `1${'0'.repeat(80)}`);
  t.equal(subtract(of('0.3'), of('0.1')).toFixed(), '0.2');
  const long = BigInt('7'.repeat(200));
  t.equal(multiply(of(String(long)), of(String(long))).toFixed(), String(long * long));
  t.end();
});

t.test('rejects a result with too many digits to be exact', (t) => {
  const long = new Decimal('7'.repeat(600));
  t.throws(() => multiply(long, long), DigitsError);
  t.end();
});
