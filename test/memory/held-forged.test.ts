// Tests that whoever controls the console, and everything that it may write, can't make the handler approve.
import t from 'tap';
import { personKey } from '../../src/store/keys.js';
import { type Trick } from '../helpers/held-people.js';
import { heldWorld } from '../helpers/held-world.js';
import { payment, signing } from '../helpers/memory-world.js';

/** What alice may have signed that is no approval of this request by bob. */
const TRICKS: Readonly<Record<string, Trick>> = {
  'a rejection, changed to an approval': { signs: { verdict: 'reject' } },
  'about another request': { signs: { request: 'f'.repeat(64) } },
  'as another approver': { signs: { approver: 'alice' } },
  'by another approver’s passkey': { by: 'alice' },
  'for another origin': { origin: 'https://callback.internal.evil.example' },
  'for another port': { origin: 'https://callback.internal:443' },
  'for another rpId': { rpId: 'evil.example' },
  'without user verification': { userVerified: false },
};

t.test('a decision does not count that was signed…', async (t) => {
  for (const [name, trick] of Object.entries(TRICKS)) {
    const { process, vote, records } = heldWorld(t);
    const { ask, lines } = process();
    await ask(payment('a'));
    await vote('alice', 'approve', payment('a'));
    await vote('bob', 'approve', payment('a'), trick);
    t.match(
      (await ask(payment('a'))).decision,
      { action: 'RETRY', hold: { approvals: ['alice'] } },
      `… ${name}`,
    );
    t.match(lines, [
      { event: 'decision_unverified', level: 'error', requestId: 'a', approver: 'bob', reason: String },
    ]);
    t.match((await records()).at(-1)?.people?.decisions, [{ approver: 'alice' }], 'nor is it recorded');
  }
});

t.test('nothing else counts that is stored as a decision, and nothing of it is logged', async (t) => {
  const { process, plant, sign, vote } = heldWorld(t);
  const { ask, lines } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  const good = sign('bob', 'approve', payment('a'));
  const other = sign('bob', 'approve', payment('b'));
  const alices = sign('alice', 'approve', payment('a'));
  const { assertion } = good;
  const { response } = assertion;
  const planted: readonly unknown[] = [
    '',
    'null',
    '[]',
    '{}',
    '{"verdict":"approve"}',
    'x'.repeat(300_000),
    '['.repeat(100_000),
    alices,
    other,
    { ...alices, approver: 'bob' },
    { ...good, approver: 'alice' },
    { ...good, approver: 'nobody' },
    { ...good, verdict: 'APPROVE' },
    { ...good, verdict: 'reject' },
    { ...good, assertion: alices.assertion },
    { ...good, assertion: { ...assertion, id: alices.assertion.id } },
    { ...good, assertion: { ...assertion, response: { ...response, signature: '' } } },
    { ...good, assertion: { ...assertion, response: { ...response, clientDataJSON: 'e30' } } },
    { ...good, assertion: { ...assertion, response: { ...response, authenticatorData: 'AAAA' } } },
    { ...good, assertion: { ...assertion, response: null } },
  ];
  for (const decision of planted) {
    await plant('bob', payment('a'), decision);
    lines.length = 0;
    t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { approvals: ['alice'] } });
    t.match(lines, [{ event: 'decision_unverified', approver: 'bob' }]);
    t.notOk(JSON.stringify(lines).includes(response.signature), 'no assertion in the log');
    t.ok(JSON.stringify(lines).length < 1000);
  }
  await plant('bob', payment('a'), good);
  t.match((await ask(payment('a'))).decision, { action: 'APPROVE' }, 'until the real one is stored');
});

t.test('a decision is replayed neither for the signing nor under other keys', async (t) => {
  const { process, plant, sign, hashFor, table } = heldWorld(t);
  const { ask, lines } = process();
  await ask(payment('a'));
  await ask(payment('b'));
  for (const name of ['alice', 'bob'] as const) {
    const decision = sign(name, 'approve', payment('a'));
    await plant(name, payment('b'), decision);
    await plant(name, signing('a'), decision);
    const key = personKey(hashFor(payment('a')), `${name}2`);
    await table.write([{ type: 'put', ...key, data: JSON.stringify(decision) }]);
  }
  t.match((await ask(payment('b'))).decision, { action: 'RETRY', hold: { approvals: [] } });
  t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { approvals: [] } });
  await ask(signing('a'));
  t.match((await ask(signing('a'))).decision, { action: 'RETRY', hold: { approvals: [] } });
  t.equal(lines.length, 4);
});

t.test('decisions that are stored before a request is held count once it is', async (t) => {
  const { process, vote } = heldWorld(t);
  const { ask } = process();
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, { action: 'RETRY' }, 'nobody is looked for');
  t.match((await ask(payment('a'))).decision, { action: 'APPROVE' });
});

t.test('a passkey that was removed from the policy does not count any more', async (t) => {
  const { process, state, vote, policyOf } = heldWorld(t);
  const { ask, lines } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, { hold: { approvals: ['alice'] } });
  state.policy = policyOf({ removed: 'alice' });
  await vote('bob', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { approvals: ['bob'] } });
  t.match(lines, [{ event: 'decision_unverified', approver: 'alice' }]);
  await vote('carol', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, { action: 'APPROVE', hold: { approvals: ['bob', 'carol'] } });
});

t.test('without the console’s origin nothing counts', async (t) => {
  const { process, state, vote } = heldWorld(t);
  state.origin = undefined;
  const { ask, lines } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { approvals: [] } });
  t.match(lines, [{ event: 'decision_unverified' }, { event: 'decision_unverified' }]);
});

t.test('who may have initiated a request can reject it, and can’t approve it', async (t) => {
  const { process, vote } = heldWorld(t, { notInitiator: 'alice' });
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  t.match((await ask(payment('a'))).decision, {
    action: 'RETRY',
    hold: { approvals: ['bob'], excluded: ['alice'] },
  });
  await vote('alice', 'reject', payment('a'));
  t.match((await ask(payment('a'))).decision, { action: 'REJECT', hold: { rejectedBy: 'alice' } });
});

t.test('a decision of the wrong person costs nothing but itself', async (t) => {
  const { process, plant, sign, vote } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  await plant('carol', payment('a'), sign('carol', 'reject', payment('a'), { by: 'bob' }));
  t.match((await ask(payment('a'))).decision, { action: 'APPROVE' }, 'a forged rejection is none');
});
