import t from 'tap';
import { samplePayload } from '../../../cli/cosigner/request.js';
import { explain } from '../../../src/policy/evaluate/explain.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { type Payload, policyOf, request } from '../../helpers/policy.js';

/** The explanation of a policy's only rule. */
function explained(when: string, payload: Payload) {
  const { rules } = explain(policyOf(when, { lists: { l: ['0xAB'] } }), request(payload), new Date(0));
  const [rule] = rules;
  return rule;
}

t.test('shows the part that determined a rule’s result, with the facts that it read', (t) => {
  const when = 'tx.asset == "ETH" && (tx.note == "a" || tx.note == "b") && tx.amount < decimal("1")';
  const rest = { note: 'b', amountStr: '0.5' };
  t.match(explained(when, { ...rest, asset: 'BTC' }), {
    outcome: 'no',
    part: 'tx.asset == "ETH"',
    values: { 'tx.asset': '"BTC"' },
  });
  t.match(explained(when, { ...rest, asset: 'ETH', amountStr: '1.000000000000000001' }), {
    outcome: 'no',
    part: 'tx.amount < decimal("1")',
    values: { 'tx.amount': '1.000000000000000001' },
  });
  t.match(explained(when, { ...rest, asset: 'ETH', note: 'c' }), {
    part: 'tx.note == "a" || tx.note == "b"',
  });
  t.match(explained(when, { ...rest, asset: 'ETH' }), { outcome: 'matched' });
  t.match(explained('tx.note == "a" || tx.note == "b"', rest), {
    outcome: 'matched',
    part: 'tx.note == "b"',
  });
  t.end();
});

t.test('shows dates and times in the zone of the rule', (t) => {
  t.match(explained('date(now, "Asia/Tokyo") == "1970-01-01" && time(now, "Asia/Tokyo") < "09:00"', {}), {
    outcome: 'no',
    part: 'time(now, "Asia/Tokyo") < "09:00"',
    values: { 'time(now, "Asia/Tokyo")': '09:00', now: '1970-01-01T00:00:00.000Z' },
  });
  t.match(explained('weekday(now, "America/New_York") == "Wednesday"', {}), {
    outcome: 'matched',
    values: { 'weekday(now, "America/New_York")': 'Wednesday' },
  });
  t.end();
});

t.test('shows an error with the part that failed', (t) => {
  t.match(explained('tx.asset == "ETH" && tx.note == "x"', { asset: 'ETH' }), {
    outcome: 'error',
    part: 'tx.note == "x"',
    error: 'tx.note is absent',
    values: { 'tx.note': 'absent' },
  });
  t.end();
});

t.test('shows the destination that determined a rule’s result', (t) => {
  const destinations = [{ dstAddress: '0xCD' }, { dstAddress: '0xaB' }, {}];
  t.strictSame(explained('tx.destinations.exists(d, d.address in lists.l)', { destinations })?.values, {
    'tx.destinations[1].address': '0xab',
    'tx.destinations': '3 entries',
  });
  t.match(explained('tx.destinations.all(d, d.address in lists.l)', { destinations })?.values, {
    'tx.destinations[0].address': '0xcd',
  });
  t.match(explained('tx.destinations.exists(d, d.address == "0x1")', { destinations }), {
    outcome: 'error',
    error: 'd.address is absent',
    values: { 'tx.destinations[2].address': 'absent' },
  });
  t.match(explained('tx.destinations.exists(d, has(d.tag))', { destinations })?.values, {
    'tx.destinations[0].tag': 'absent',
    'tx.destinations[1].tag': 'absent',
    'tx.destinations[2].tag': 'absent',
  });
  t.end();
});

t.test('shows what lists call an address, and values of tables and arguments', (t) => {
  const policy = policyOf(
    'tx.destinations.all(d, d in lists.payees) && tx.amount <= tables.max[tx.asset] && tx.call.args[0] == "x"',
    {
      lists: { payees: [{ address: '0xAB', tag: '7', name: 'Exchange' }] },
      tables: { max: { X: '10' } },
    },
  );
  const destinations = [{ dstAddress: '0xaB', displayDstTag: '7' }];
  const valuesFor = (amountStr: string) =>
    explain(policy, request({ asset: 'X', amountStr, destinations }), new Date(0)).rules[0]?.values;
  t.match(valuesFor('1'), { 'tx.call.args[0]': 'tx.call is absent' });
  t.match(valuesFor('11'), { 'tx.amount': '11', 'tables.max[tx.asset]': '10', 'tx.asset': '"X"' });
  const other = [{ dstAddress: '0xaB', displayDstTag: '8' }];
  t.strictSame(
    explain(policy, request({ asset: 'X', amountStr: '1', destinations: other }), new Date(0)).rules[0]
      ?.values,
    {
      'tx.destinations[0].address': '0xab (Exchange)',
      'tx.destinations[0].tag': '"8"',
      'tx.destinations': '1 entry',
    },
  );
  t.end();
});

t.test('shows the outcome of each integrity check, and asks no rule if one refuses', (t) => {
  const sample = samplePayload('transaction');
  const policy = policyOf('true');
  const agreeing = explain(policy, request(sample), new Date(0));
  t.match(agreeing, { integrity: { payload: { outcome: 'holds' } }, rules: [{ outcome: 'matched' }] });
  const contradicting = explain(policy, request({ ...sample, destAddress: '0xab' }), new Date(0));
  t.match(contradicting, {
    decision: { action: 'REJECT', rule: 'integrity', tried: [] },
    integrity: { payload: { outcome: 'holds' }, display: { outcome: 'contradicts', reason: /0xab/ } },
    rules: [{ id: 'rule', outcome: 'not asked' }],
  });
  const change = explain(
    policyOf('true', { kind: 'configuration' }),
    request({}, 'configuration'),
    new Date(0),
  );
  t.notOk('integrity' in change);
  t.end();
});

t.test('warns about addresses of the request', (t) => {
  const wrong = '0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
  const { warnings } = explain(
    policyOf('true'),
    request({
      asset: 'ETH',
      operation: 'RAW',
      destAddress: wrong,
      destinations: [{ dstAddress: `${wrong.toLowerCase()}\u200b`, displayDstAddress: '' }, 5],
    }),
    new Date(0),
  );
  t.match(warnings, [
    /^destAddress: .*wrong checksum/,
    /^destinations\[0\]\.dstAddress: .*invisible characters/,
  ]);
  t.equal(warnings.length, 2);
  t.end();
});

t.test('does not evaluate rules after the one that decided', (t) => {
  const policy = parsePolicy(
    `{ version: 1, rules: [
      { id: a, for: transaction, when: "now < timestamp('2000-01-01T00:00:00Z')", action: retry },
      { id: b, for: transaction, when: "true", action: reject },
      { id: c, for: configuration, when: "true", action: reject } ] }`,
    'x',
  );
  const { decision, rules } = explain(policy, request({}), new Date(0));
  t.match(decision, { action: 'RETRY', rule: 'a' });
  t.match(rules, [
    { id: 'a', outcome: 'matched', values: { now: '1970-01-01T00:00:00.000Z' } },
    { id: 'b', outcome: 'not asked' },
  ]);
  t.equal(rules.length, 2);
  t.end();
});
