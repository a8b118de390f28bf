import t from 'tap';
import { initiator } from '../../helpers/announced.js';
import { messagesAbout, policyOf } from '../../helpers/policy.js';

const policy = { initiators: { payouts: { key: initiator().pem } } };

t.test('a policy that reads remembered facts needs a store', (t) => {
  const needs = (when: string): readonly string[] =>
    policyOf(when, { policy }).needsStore.map(({ message }) => message.split(' ')[0] ?? '');
  t.strictSame(needs('has(tx.expected) && tx.expected.matches'), ['tx.expected']);
  t.strictSame(needs('tx["expected"].matches'), ['tx.expected']);
  t.strictSame(needs('!has(tx.expected)'), ['tx.expected']);
  t.strictSame(needs('[tx].exists(t, t.expected.matches)'), ['tx.expected']);
  t.strictSame(needs('tx.initiator in ["payouts"] || tx.expected.matches'), ['tx.expected', 'tx.initiator']);
  t.strictSame(needs('tx.extraParameters.initiator == "x" && tx.extraParameters["expected"] == "y"'), []);
  t.strictSame(needs('tx.asset == "expected"'), []);
  t.end();
});

t.test('says where it needs one', (t) => {
  const [need] = policyOf('has(tx.expected)').needsStore;
  t.match(need, { line: 1, message: /STORE_TABLE.*STORE_PATH/ });
  t.end();
});

t.test('a limit can’t read them', (t) => {
  const limits = { a: { when: 'has(tx.expected)', window: '1h', max: '1' } };
  t.match(messagesAbout('true', { policy: { limits } }), [/limits can't read tx.expected/]);
  const byInitiator = { a: { per: ['tx.initiator'], window: '1h', max: '1' } };
  t.match(messagesAbout('true', { policy: { ...policy, limits: byInitiator } }), [
    /limits can't read tx.initiator/,
  ]);
  t.end();
});
