import t from 'tap';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { decideBy } from '../../../src/policy/evaluate/rules.js';
import { decide, request } from '../../helpers/policy.js';

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
