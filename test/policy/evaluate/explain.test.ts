import t from 'tap';
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
