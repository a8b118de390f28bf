import t from 'tap';
import { evaluate, messagesAbout, type Payload } from '../../helpers/policy.js';

const tables = {
  max: { ETH: '10', BTC: '0.5', XRP: 'many', '': 'x' },
  owner: { ETH: 'treasury', 'a-b': '0xAB' },
};
const check = (when: string, payload: Payload = {}) =>
  evaluate(when, { asset: 'ETH', amountStr: '10', ...payload }, { tables });

t.test('a value compares as a decimal with a decimal, exactly', (t) => {
  for (const when of [
    'tx.amount <= tables.max[tx.asset]',
    'tables.max[tx.asset] >= tx.amount',
    'tx.amount == tables.max[tx.asset]',
    'tables.max.ETH == tx.amount',
    '!(tx.amount != tables.max["ETH"])',
    'tx.amount < tables.max[tx.asset] + decimal("0.1")',
    'tx.amount * decimal("2") > tables.max[tx.asset]',
    'tx.amount + tables.max.BTC == decimal("10.5")',
    'decimal(tables.max[tx.asset]) - decimal("1") == decimal("9")',
  ]) {
    t.equal(check(when), true, when);
  }
  t.equal(check('tx.amount <= tables.max[tx.asset]', { amountStr: '10.000000000000000001' }), false);
  t.end();
});

t.test('a value compares as a string with a string, and as an address with an address', (t) => {
  t.equal(check('tx.note == tables.owner[tx.asset]', { note: 'treasury' }), true);
  t.equal(check('tables.owner[tx.asset] != tx.note', { note: 'Treasury' }), true);
  t.equal(check('tx.note == tables.max[tx.asset]', { note: '10.0' }), false);
  t.equal(check('tx.destAddress == tables.owner["a-b"]', { destAddress: '0xab', asset: 'X' }), true);
  t.end();
});

t.test('a missing key is an error of the rule', (t) => {
  const error = 'tables.max[tx.asset] is absent';
  t.equal(check('tx.amount <= tables.max[tx.asset]', { asset: 'DOGE' }), error);
  t.equal(check('!(tx.amount > tables.max[tx.asset])', { asset: 'DOGE' }), error);
  for (const asset of ['__proto__', 'constructor', 'size', 'get']) {
    t.equal(check('tx.amount <= tables.max[tx.asset]', { asset }), error, asset);
  }
  t.equal(check('tx.amount <= tables.max[tx.asset]', { asset: '' }), 'tx.asset is absent');
  t.end();
});

t.test('a rule can test whether a table has a key', (t) => {
  t.equal(check('tx.asset in tables.max && has(tables.max.BTC)'), true);
  t.equal(check('tx.asset in tables.max', { asset: 'DOGE' }), false);
  t.end();
});

t.test('a value that is no decimal can’t be compared with one', (t) => {
  const error = 'a value of tables.max is not a decimal';
  t.equal(check('tx.amount <= tables.max[tx.asset]', { asset: 'XRP' }), error);
  t.equal(check('tx.amount != tables.max[tx.asset]', { asset: 'XRP' }), error);
  t.equal(check('decimal(tables.max.XRP) > tx.amount'), error);
  t.end();
});

t.test('looks up a key that is a dynamic value', (t) => {
  const extraParameters = { asset: 'BTC', other: 5 };
  t.equal(check('tx.amount > tables.max[tx.extraParameters.asset]', { extraParameters }), true);
  t.match(check('tx.amount > tables.max[tx.extraParameters.other]', { extraParameters }), /is absent$/);
  t.end();
});

t.test('refuses mistakes when the policy is loaded', (t) => {
  for (const [when, message] of [
    ['tx.amount <= tables.maxx[tx.asset]', /^unknown table "maxx"; did you mean "max"\?$/],
    ['tx.amount <= table.max[tx.asset]', /^unknown name "table"; did you mean "tables"\?$/],
    ['tx.amount <= tables.max[tx.amount]', /^the key of a table must be a string$/],
    ['tables.max[tx.asset] == tx.extraParameters.x', /^a value of a table can’t be compared with a dynamic/],
    ['tables.max == tables.owner', /compared as a whole/],
    [
      'tables.max[tx.asset] <= 5',
      /a value of a table can’t be compared with a whole number; write an amount as decimal\("5"\)/,
    ],
    ['tables.max[tx.asset]', /^expected true or false, but this is of type TableValue$/],
    ['tx.extraParameters[tx.asset] == "x"', /^an index must be a number or a quoted string$/],
  ] as const) {
    t.match(messagesAbout(when, { tables })[0], message, when);
  }
  t.match(messagesAbout('config.type == tables.max["x"]', { kind: 'configuration', tables }), []);
  t.end();
});
