// Tests that an announced transaction and an initiator's proof are each used by one transaction.
import t from 'tap';
import { expectedKey } from '../../src/store/keys.js';
import { ANNOUNCED_REQUEST, initiator, MESSAGE, proof } from '../helpers/announced.js';
import { memoryWorld, payment, signing } from '../helpers/memory-world.js';

const KNOWN = `version: 1
rules:
  - { id: known, for: transaction, when: 'has(tx.expected) && tx.expected.matches', action: approve }
`;

t.test('an announced transaction is used by one transaction, in both its stages', async (t) => {
  const { process, table } = memoryWorld(
    t,
    `version: 1
rules:
  - { id: known, for: transaction, when: 'has(tx.expected) && tx.expected.matches', action: approve }
`,
  );
  const { ask } = process();
  const more = { externalTxId: 'invoice-1' };
  t.match((await ask(payment('a', '4', more))).decision, { action: 'REJECT' });
  const data = JSON.stringify({
    ...{ externalTxId: 'invoice-1', asset: 'COIN', amount: '4' },
    destinations: [{ address: 'somewhere', amount: '4' }],
  });
  await table.write([{ type: 'put', ...expectedKey('invoice-1'), data }]);
  t.match((await ask(payment('b', '5', more))).decision, { action: 'REJECT' });
  const both = await Promise.all(['c', 'd', 'e'].map((id) => process().ask(payment(id, '4', more))));
  const approved = both.flatMap(({ decision }, place) =>
    decision.action === 'APPROVE' ? ['c', 'd', 'e'][place] : [],
  );
  t.equal(approved.length, 1);
  t.match((await ask(signing(String(approved[0]), '4', more))).decision, { action: 'APPROVE' });
  t.match((await ask(payment('f', '4', more))).decision, { action: 'REJECT' });
});

t.test('an announcement that is removed during the decision does not approve', async (t) => {
  const { process, table, state } = memoryWorld(t, KNOWN);
  const { ask } = process();
  const data = JSON.stringify({
    ...{ externalTxId: 'invoice-1', asset: 'COIN', amount: '4' },
    destinations: [{ address: 'somewhere', amount: '4' }],
  });
  const key = expectedKey('invoice-1');
  await table.write([{ type: 'put', ...key, data }]);
  state.meanwhile = () => void table.partitions.delete(key.partition);
  t.match((await ask(payment('a', '4', { externalTxId: 'invoice-1' }))).decision, { action: 'REJECT' });
});

t.test('a proof of the initiator is used by one transaction, in both its stages', async (t) => {
  const payouts = initiator();
  const { process } = memoryWorld(
    t,
    JSON.stringify({
      version: 1,
      initiators: { payouts: { key: payouts.pem } },
      rules: [{ id: 'signed', for: 'transaction', when: 'tx.initiator == "payouts"', action: 'approve' }],
    }),
  );
  const { ask } = process();
  const extraParameters = proof(payouts, MESSAGE);
  const of = (txId: string, more = {}) => ({
    ...ANNOUNCED_REQUEST,
    requestId: txId,
    txId,
    extraParameters,
    ...more,
  });
  t.match((await ask(of('t-1'))).decision, { action: 'APPROVE' });
  t.match((await ask(of('t-2'))).decision, { action: 'RETRY', ruleError: /tx\.initiator/ });
  t.match((await ask(of('t-1', { fee: '0.0001' }))).decision, { action: 'APPROVE' });
});
