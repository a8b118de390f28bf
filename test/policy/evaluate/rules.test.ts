import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { decideBy } from '../../../src/policy/evaluate/rules.js';
import { samplePayload } from '../../../cli/cosigner/request.js';
import { decide, policyOf, request } from '../../helpers/policy.js';

const PAYEE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const STRANGER = '0x00000000219ab540356cBB839Cbe05303d7705Fa';

const policy = parsePolicy(
  `version: 1
rules:
  - { id: eth, for: transaction, when: tx.asset == "ETH", action: approve, reason: Fine. }
  - { id: change, for: configuration, when: "true", action: ignore }
  - { id: note, for: transaction, when: tx.note == "x", action: reject, reason: Bad note. }
  - { id: all, for: transaction, when: "true", action: approve }
`,
  'x',
);
const decided = (payload: Record<string, unknown>) => decideBy(policy, request(payload), new Date(0));

t.test('uses the first rule that matches', (t) => {
  t.strictSame(decided({ asset: 'ETH' }), {
    policy: policy.hash,
    tried: ['eth'],
    action: 'APPROVE',
    rule: 'eth',
    reason: 'Fine.',
  });
  t.match(decided({ asset: 'BTC', note: 'x' }), { action: 'REJECT', rule: 'note', tried: ['eth', 'note'] });
  t.match(decided({ asset: 'BTC', note: 'y' }), { action: 'APPROVE', rule: 'all' });
  t.end();
});

t.test('rejects a request that contradicts itself before it evaluates any rule', (t) => {
  const destinations = [{ displayDstAddress: PAYEE, dstAddress: STRANGER }];
  const payload = { asset: 'ETH', destinations };
  t.strictSame(decide('tx.note == "x"', payload), {
    policy: policyOf('tx.note == "x"').hash,
    tried: [],
    action: 'REJECT',
    rule: 'integrity',
    check: 'display',
    reason: `display: displayDstAddress is ${PAYEE}, but dstAddress is ${STRANGER}`,
  });
  const off = { policy: { integrity: { display: 'off' } } };
  t.match(decide('true', payload, off), { action: 'APPROVE', rule: 'rule' });
  t.end();
});

t.test('rejects what can’t be known at the signing stage, if the policy requires it', (t) => {
  const required = { policy: { integrity: { rawTransaction: 'required' } } };
  t.match(decide('true', { fee: '1' }, required), {
    action: 'REJECT',
    rule: 'integrity',
    check: 'rawTransaction',
  });
  t.match(decide('true', {}, required), { action: 'APPROVE', rule: 'rule' });
  const amount = { policy: { integrity: { amount: 'require' } } };
  t.match(decide('true', { fee: '1' }, amount), { rule: 'integrity', check: 'amount' });
  t.end();
});

t.test('says whether a signing request with a raw transaction signs what it displays', (t) => {
  const payload = samplePayload('transaction');
  t.equal(decide('true', payload).verified, true);
  t.match(decide('true', { ...payload, asset: 'X' }), { verified: false, problem: String });
  for (const rawTx of [undefined, [], 'x']) t.notOk('verified' in decide('true', { ...payload, rawTx }));
  const approval = { rawTx: payload['rawTx'] };
  t.notOk('verified' in decide('true', approval), 'not at the approval stage');
  t.end();
});

t.test('says what lists call the destinations, with their tags', (t) => {
  const lists = {
    payees: [
      { address: PAYEE, tag: '1', name: 'One' },
      { address: PAYEE, name: 'Plain' },
      { address: PAYEE, tag: '3' },
    ],
    others: [{ address: STRANGER, name: 'Stranger' }],
  };
  const nameOf = (...destinations: object[]) => decide('true', { destinations }, { lists }).destinationName;
  t.equal(nameOf({ dstAddress: PAYEE, displayDstTag: '1' }), 'One');
  t.equal(nameOf({ dstAddress: PAYEE }), 'Plain');
  t.equal(nameOf({ dstAddress: PAYEE, displayDstTag: '3' }), undefined);
  t.equal(nameOf({ dstAddress: STRANGER }, { dstAddress: PAYEE }, { dstAddress: PAYEE }), 'Stranger, Plain');
  t.equal(nameOf({ dstAddress: 5 }), undefined);
  t.equal(nameOf(), undefined);
  t.end();
});

t.test('does not evaluate rules for the other kind of request', (t) => {
  const decision = decideBy(policy, request({ type: 'X' }, 'configuration'), new Date(0));
  t.match(decision, { action: 'IGNORE', rule: 'change', tried: ['change'] });
  t.end();
});

t.test('evaluates no rule after one that fails', (t) => {
  t.strictSame(decided({ asset: 'BTC' }), {
    policy: policy.hash,
    tried: ['eth', 'note'],
    action: 'RETRY',
    rule: 'note',
    ruleError: 'tx.note is absent',
    reason: 'Rule note could not be evaluated for this request.',
  });
  t.match(decide('tx.note == "x"', {}, { onError: 'reject' }), { action: 'REJECT', ruleError: /absent/ });
  t.end();
});

t.test('applies `otherwise` if no rule matches', (t) => {
  for (const otherwise of ['reject', 'retry', 'ignore']) {
    t.match(decide('false', {}, { otherwise }), {
      action: otherwise.toUpperCase(),
      rule: 'otherwise',
      reason: 'No rule matched.',
    });
  }
  t.end();
});

t.test('never ignores a signing request', (t) => {
  const error = 'a signing request can’t be ignored';
  t.match(decide('true', { fee: '1' }, { action: 'ignore' }), {
    action: 'RETRY',
    rule: 'rule',
    ruleError: error,
  });
  t.match(decide('true', {}, { action: 'ignore' }), { action: 'IGNORE', rule: 'rule' });
  t.match(decide('false', { fee: '1' }, { action: 'reject', otherwise: 'ignore', onError: 'reject' }), {
    action: 'REJECT',
    rule: 'otherwise',
    ruleError: error,
  });
  t.end();
});

t.test('fails the rule whose turn comes after a deadline', (t) => {
  const late = decideBy(policy, request({ asset: 'ETH' }), new Date(0), undefined, performance.now() - 1);
  t.match(late, { action: 'RETRY', rule: 'eth', ruleError: 'the rules before it took too long' });
  t.end();
});
