import t from 'tap';
import { decideBy } from '../../../src/policy/evaluate/rules.js';
import { evaluate, messagesAbout, policyOf, request } from '../../helpers/policy.js';

t.test('fails on an error even if other operands would decide the result', (t) => {
  const absent = 'tx.note is absent';
  for (const when of [
    'tx.note == "x" && false',
    'tx.note == "x" || true',
    '!(tx.note == "x")',
    'tx.note == "x" ? true : false',
    'tx.asset == "ETH" && (tx.note == "x" || tx.asset == "ETH")',
    '[1, 2].exists(i, i == 2 || tx.note == "x")',
    '[1, 2].all(i, i == 2 && tx.note == "x" || i == 1 && tx.note == "y")',
  ]) {
    t.equal(evaluate(when, { asset: 'ETH' }), absent, when);
  }
  const two = [{ dstType: 'A' }, {}, { dstType: 'B' }];
  t.equal(evaluate('tx.destinations.exists(d, d.type == "B")', { destinations: two }), 'd.type is absent');
  t.equal(evaluate('tx.destinations.all(d, d.type == "A")', { destinations: two }), 'd.type is absent');
  t.equal(
    evaluate('tx.destinations.exists(d, d.type == "A")', { destinations: two }),
    true,
    'later elements were not read',
  );
  t.end();
});

t.test('does not fail on facts that are not read', (t) => {
  t.equal(evaluate('tx.asset == "BTC" && tx.note == "x"', { asset: 'ETH' }), false);
  t.equal(evaluate('tx.asset == "ETH" || tx.note == "x"', { asset: 'ETH' }), true);
  t.equal(evaluate('has(tx.note) && tx.note == "x"', {}), false);
  t.equal(evaluate('!has(tx.note) || tx.note == "x"', {}), true);
  t.end();
});

t.test('limits the length of strings and lists', (t) => {
  const nested = (value: string): string => {
    const times = 30;
    let expression = `size(v${times}) > 0`;
    for (let index = times; index > 0; index--) {
      expression = `cel.bind(v${index}, v${index - 1} + v${index - 1}, ${expression})`;
    }
    return `cel.bind(v0, ${value}, ${expression})`;
  };
  for (const value of ['tx.note', '[tx.note]']) {
    t.equal(
      evaluate(nested(value), { note: 'x' }),
      'it takes more than a string or list of 1000000 entries for this request',
      value,
    );
  }
  t.end();
});

t.test('limits the number of steps in an evaluation', (t) => {
  const destinations = Array.from({ length: 5000 }, (_, index) => ({ dstId: String(index) }));
  const startedAt = performance.now();
  t.equal(
    evaluate('tx.destinations.all(a, tx.destinations.exists(b, a.id == b.id))', { destinations }),
    'it takes more than 100000 steps for this request',
  );
  t.ok(performance.now() - startedAt < 5000);
  t.equal(
    evaluate('tx.destinations.all(d, d.id != "x")', { destinations }),
    true,
    'one pass is within the limit',
  );
  t.end();
});

t.test('a dynamic value compares with an amount or an address, or its rule can’t be evaluated', (t) => {
  const address = '0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
  const outcome = (when: string, value: unknown): unknown => {
    const payload = { amountStr: '5', destAddress: address, extraParameters: { value } };
    const { rule, ruleError } = decideBy(policyOf(when), request(payload), new Date());
    return ruleError ?? rule === 'rule';
  };
  t.equal(outcome('tx.extraParameters.value == tx.destAddress', address.toLowerCase()), true);
  t.equal(outcome('tx.extraParameters.value != tx.destAddress', 'another'), true);
  for (const value of ['5', 5, 5.5, true, [], {}, [5], address]) {
    for (const when of ['tx.extraParameters.value == tx.amount', 'tx.amount != tx.extraParameters.value']) {
      t.match(outcome(when, value), /compared with something else/, `${when}: ${JSON.stringify(value)}`);
    }
    if (typeof value === 'string') continue;
    const when = 'tx.extraParameters.value != tx.destAddress';
    t.match(outcome(when, value), /compared with something else/, `${when}: ${JSON.stringify(value)}`);
  }
  t.end();
});

t.test('compares amounts only with amounts', (t) => {
  for (const other of ['0.5', '1', '"0.5"', 'true']) {
    t.match(messagesAbout(`tx.amount == ${other}`), [/an amount can’t be compared with/], other);
  }
  for (const when of ['tx.amount in tx.extraParameters.l', '[tx.amount] != [tx.extraParameters.x]']) {
    t.match(messagesAbout(when), [/dynamic|compared as a whole/], when);
  }
  t.end();
});

t.test('refuses values that are neither true nor false', (t) => {
  for (const when of [
    'tx.extraParameters.approved || tx.asset == "ETH"',
    '!(tx.extraParameters.blocked && tx.asset == "BTC")',
    'tx.destinations.all(d, tx.extraParameters.ok || d.type == "VAULT")',
  ]) {
    t.match(messagesAbout(when), [/write == true$/], when);
  }
  t.match(evaluate('tx.extraParameters.ok == true', { extraParameters: { ok: 'no' } }), false);
  for (const when of [
    '!tx.extraParameters.ok',
    'tx.extraParameters.ok ? true : false',
    '[1].all(i, tx.extraParameters.ok)',
  ]) {
    t.type(evaluate(when, { extraParameters: { ok: 'no' } }), 'string', when);
  }
  t.end();
});

t.test('finds problems before a comment', (t) => {
  t.match(messagesAbout('tx.asset == "ETH" && !has(tx.nots) // why'), [/unknown fact "nots"/]);
  t.strictSame(messagesAbout('tx.asset == "ETH" // why'), []);
  t.end();
});

t.test('compares addresses as their chains do: with strings, lists and each other', (t) => {
  const destination = 'bc1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7Kv8f3T4';
  const payload = { destAddress: ' 0xABCDEF ', destinations: [{ dstAddress: '0xabCDef' }] };
  const lists = { l: ['0xAbCdEf'], b: ['1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'] };
  for (const when of [
    'tx.destAddress == "0xabcdef"',
    '"0xABCDEF" == tx.destAddress',
    '!(tx.destAddress != "0xabcdef")',
    'tx.destAddress in lists.l',
    'tx.destAddress in ["0xABCDEF"]',
    'tx.destinations[0].address == tx.destAddress',
    '"0xABCDEF" in tx.destinations.map(d, d.address)',
    'tx.destAddress in tx.destinations.map(d, d.address)',
  ]) {
    t.equal(evaluate(when, payload, { lists }), true, when);
  }
  const upper = 'tx.destAddress == "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"';
  t.equal(evaluate(upper, { destAddress: destination }), true);
  const base58 = (destAddress: string) => evaluate('tx.destAddress in lists.b', { destAddress }, { lists });
  t.equal(base58('1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'), true);
  t.equal(base58('1bvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2'), false, 'base58 is case-sensitive');
  t.end();
});

t.test('limits the duration of an evaluation', (t) => {
  const destinations = Array.from({ length: 15_000 }, () => ({ dstName: `${'a'.repeat(8)}b` }));
  const startedAt = performance.now();
  t.equal(
    evaluate('tx.destinations.all(d, tx.note.split("a").size() > 0)', {
      destinations,
      note: 'a'.repeat(400_000),
    }),
    'it takes more than 2000 ms for this request',
  );
  t.ok(performance.now() - startedAt < 15_000);
  t.end();
});

t.test('looks up a long string in a list quickly', (t) => {
  const policy = policyOf('tx.externalTxId in lists.l', { lists: { l: ['x'] } });
  // Checking whether it is an address would take 0.1 s each time.
  const long = request({ externalTxId: `Aa1${'qQ'.repeat(400_000)}` });
  const startedAt = performance.now();
  for (let i = 0; i < 50; i++) t.equal(decideBy(policy, long, new Date()).rule, 'otherwise');
  t.ok(performance.now() - startedAt < 2000);
  t.end();
});

const refused: readonly (readonly [string, RegExp])[] = [
  ['tx.amout < decimal("1")', /^unknown fact "amout" in tx; did you mean "amount"\?$/],
  ['tx["amout"] < decimal("1")', /^unknown fact "amout" in tx; did you mean "amount"\?$/],
  ['has(tx.nots)', /^unknown fact "nots" in tx; did you mean "note"\?$/],
  ['tx.destinations.exists(d, has(d.tog))', /^unknown fact "tog" in d; did you mean "tag"\?$/],
  ['tx.destinations.exists(d, d.adress == "x")', /^unknown fact "adress" in d; did you mean "address"\?$/],
  ['tx.sourceId in lists.treasry', /^unknown list "treasry"; did you mean "treasury"\?$/],
  ['ts.amount < decimal("1")', /^unknown name "ts"; did you mean "tx"\?$/],
  ['config.type == "X"', /^"config" is not available here: a rule for transactions uses "tx"$/],
  ['tx.amount < 1.0', /with a number; write an amount as decimal\("1\.0"\)$/],
  ['tx.amount < 1', /with a whole number; write an amount as decimal\("1"\)$/],
  ['tx.amount < "1"', /with a string; write an amount as decimal\("1"\)$/],
  ['tx.amount < decimal("1,000")', /^decimal\(\) takes a quoted string of digits/],
  ['tx.amount < decimal("1e3")', /^decimal\(\) takes a quoted string of digits/],
  ['tx.amount < decimal(tx.destAddress)', /^decimal\(\) takes a quoted string of digits/],
  ['tx.amount < decimal(tx.destinations.size())', /^decimal\(\) takes a quoted string of digits/],
  ['tx.amount < decimal(1)', /^decimal\(\) takes a quoted string of digits/],
  ['tx.amount in lists.treasury', /"in" can’t search a list of the policy for an amount/],
  ['tx.extraParameters', /^expected true or false, but this is of type dyn$/],
  ['tx.note', /^expected true or false, but this is of type string$/],
  ['tx.amount + decimal("1")', /^expected true or false, but this is of type Decimal$/],
  ['tx.note && true', /^expected true or false, but this is of type string$/],
  ['tx.stage == "sign"', /^tx\.stage is "signing" or "approval", never "sign"$/],
  ['tx.stage in ["signing", "approve"]', /never "approve"$/],
  ['tx.note.matches("(a+)+$")', /^matches\(\) is not available/],
  ['dyn(tx.amount) == 1.0', /^dyn\(\) is not available/],
  ['strictly(true)', /^unknown function strictly$/],
  ['parts(true)', /there is no function/],
  ['got(tx.note)', /there is no function/],
  ['now.getHours("Mars") > 3', /^unknown time zone "Mars"/],
  ['now > timestamp("tomorrow")', /timestamp/],
  ['tx["am" + "ount"] > decimal("1")', /^an index must be a number or a quoted string$/],
  ['tx.note in []', /types in this expression can’t be determined/],
  ['"x" in tx.extraParameters.tags', /^"in" can’t search a dynamic list/],
  ['tx.extraParameters != {"address": "0xAB"}', /compared as a whole/],
  ['[tx.note] == ["x"]', /compared as a whole/],
  ['optional.none().hasValue()', /^unknown name "optional"$/],
  ['tx.amount <', /^the expression ends too early$/],
  ['tx.amount < decimal("1") &&& true', /^Unexpected character: &$/],
  ['foo(tx.note)', /there is no function/],
  ['toString(tx.note) == "x"', /there is no function/],
  ['constructor == tx.note', /^unknown name "constructor"$/],
  [`${'('.repeat(80)}true${')'.repeat(80)}`, /maxDepth/],
  [`tx.note in [${Array(300).fill('"x"').join()}]`, /maxListElements.*: put the values under lists$/],
];

for (const [when, message] of refused) {
  t.test(`refuses when the policy is loaded: ${when.slice(0, 60)}`, (t) => {
    t.match(messagesAbout(when, { lists: { treasury: [] } })[0], message);
    t.end();
  });
}

t.test('reports the problems on both sides of && and ||', (t) => {
  t.match(
    messagesAbout('tx.amout < decimal("1") && (tx.fees > decimal("1") || tx.stage == "x") && has(tx.q)'),
    [/"amout"/, /"fees"/, /tx\.stage/, /"q"/],
  );
  t.end();
});

t.test('never quotes values from the request in an error', (t) => {
  const secret = 'SECRET-VALUE';
  for (const when of [
    'int(tx.note) > 1',
    'bool(tx.note)',
    'now.getHours(tx.note) > 1',
    'timestamp(tx.note) < now',
    'tx.extraParameters[0] == "x"',
    'tx.extraParameters.x.y == "x"',
    'duration(tx.note) > duration("1s")',
    'tx.amount > decimal("1")',
  ]) {
    const error = evaluate(when, { note: secret, amountStr: secret, extraParameters: { x: secret } });
    t.type(error, 'string', when);
    t.notMatch(error, secret, when);
  }
  t.end();
});
