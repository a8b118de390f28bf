// Tests what people decide about requests that a rule holds: from what the console stores to the answer.
import t from 'tap';
import { MINUTE } from '../helpers/held-people.js';
import { heldWorld } from '../helpers/held-world.js';
import { otherKey, payment, signing } from '../helpers/memory-world.js';

const TRY = 3 * MINUTE;

t.test('a request waits until enough people have approved it', async (t) => {
  const { process, state, vote, held, waiting, records } = heldWorld(t);
  const { ask, lines } = process();
  const first = await ask(payment('a'));
  t.match(first.decision, { action: 'RETRY', rule: 'large', hold: { name: 'treasury', state: 'waiting' } });
  const since = state.now;
  t.match(await held(payment('a')), { since, hold: 'treasury', rule: 'large', tries: 1, lastTry: since });
  t.match(await waiting(), [{ kind: 'transaction', requestId: 'a' }]);

  await vote('alice', 'approve', payment('a'));
  state.now += TRY;
  t.match((await ask(payment('a'))).decision, {
    action: 'RETRY',
    hold: { approvals: ['alice'], state: 'waiting', since: new Date(since).toISOString() },
  });
  t.match(await held(payment('a')), { since, tries: 2, lastTry: state.now });

  await vote('bob', 'approve', payment('a'), { reason: 'as agreed' });
  state.now += TRY;
  const last = await process().ask(payment('a'));
  t.match(last.decision, { action: 'APPROVE', rule: 'large', hold: { approvals: ['alice', 'bob'] } });
  t.match(await held(payment('a')), { since, tries: 3, done: { action: 'APPROVE', at: state.now } });
  t.strictSame(await waiting(), []);

  const again = await ask({ ...payment('a'), iat: 5 });
  t.match(again, { repeated: true, answer: last.answer, decision: { action: 'APPROVE' } });
  t.strictSame(lines, []);
  const all = await records();
  t.match(
    all.map(({ action, people }) => [action, people?.decisions.length]),
    [
      ['RETRY', undefined],
      ['RETRY', 1],
      ['APPROVE', 2],
    ],
  );
  t.match(all.at(-1), { hold: { state: 'approved' }, people: { decisions: [{}, { reason: 'as agreed' }] } });
  const where = (await held(payment('a')))?.record;
  t.equal(where?.sequence, 2, 'the first record of the request, after that of the start');
});

t.test('the same approver counts once, whichever passkey signs', async (t) => {
  const { process, vote } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('alice', 'approve', payment('a'), { second: true });
  t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { approvals: ['alice'] } });
});

t.test('one rejection rejects, whoever has approved', async (t) => {
  const { process, vote, held, waiting } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  await vote('carol', 'reject', payment('a'), { reason: 'unknown payee' });
  const { decision } = await ask(payment('a'));
  t.match(decision, {
    action: 'REJECT',
    rule: 'large',
    reason: /unknown payee/,
    hold: { rejectedBy: 'carol' },
  });
  t.match(await held(payment('a')), { done: { action: 'REJECT' } });
  t.strictSame(await waiting(), []);
  t.match(await ask(payment('a')), { decision: { action: 'REJECT' }, repeated: true });
});

t.test('a rejection that is stored while the approval is being decided rejects', async (t) => {
  const { process, state, sign, plant, vote } = heldWorld(t);
  const { ask, lines } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  const rejection = sign('carol', 'reject', payment('a'));
  state.meanwhile = () => {
    state.meanwhile = () => undefined;
    return plant('carol', payment('a'), rejection);
  };
  t.match((await ask(payment('a'))).decision, { action: 'REJECT', hold: { rejectedBy: 'carol' } });
  t.match(lines, [{ event: 'store_conflict' }]);
});

t.test('a hold expires by the handler’s clock, whatever time a decision says', async (t) => {
  for (const onExpiry of ['reject', 'retry'] as const) {
    const { process, state, vote, waiting, held } = heldWorld(t, { onExpiry });
    const { ask } = process();
    await ask(payment('a'));
    const at = new Date(state.now + MINUTE).toISOString();
    await vote('alice', 'approve', payment('a'));
    state.now += 50 * MINUTE - 1;
    t.match((await ask(payment('a'))).decision, { action: 'RETRY', hold: { state: 'waiting' } });
    state.now += 1;
    await vote('bob', 'approve', payment('a'), { at });
    const action = onExpiry.toUpperCase();
    t.match((await ask(payment('a'))).decision, { action, hold: { state: 'expired' } });
    t.match(await held(payment('a')), onExpiry === 'reject' ? { done: { action } } : { tries: 3 });
    if (onExpiry === 'reject') t.strictSame(await waiting(), []);
    state.now += 24 * 60 * MINUTE;
    t.strictSame(await waiting(), [], 'nobody looks for it any more');
    t.match((await ask(payment('a'))).decision, { action });
  }
});

t.test('content that changed makes what people decided void', async (t) => {
  const { process, state, vote, held } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a', '4'));
  await vote('alice', 'approve', payment('a', '4'));
  await vote('bob', 'approve', payment('a', '4'));
  state.now += TRY;
  const other = await ask(payment('a', '5'));
  t.match(other.decision, {
    action: 'RETRY',
    hold: { approvals: [], since: new Date(state.now).toISOString() },
  });
  t.match(await held(payment('a', '5')), { tries: 1 });
  t.match((await ask(payment('a', '4'))).decision, { action: 'APPROVE' });
});

t.test('earlier rules and limits decide at each try, with the quorum as well', async (t) => {
  const before = 'limits:\n  daily: { amount: tx.amount, window: 24h, max: "10" }';
  const rules = '  - { id: small, for: transaction, when: tx.amount < decimal("3"), action: approve }';
  const { process, state, vote, waiting, policyOf } = heldWorld(t, { before, rules });
  const { ask } = process();
  for (const id of ['a', 'b', 'c']) {
    await ask(payment(id, '8'));
    await vote('alice', 'approve', payment(id, '8'));
    await vote('bob', 'approve', payment(id, '8'));
  }
  t.match((await ask(payment('a', '8'))).decision, { action: 'APPROVE', limits: { daily: { spent: '0' } } });
  t.match((await ask(payment('b', '8'))).decision, { action: 'REJECT', rule: 'limits.daily' });
  t.match((await ask(payment('small', '2'))).decision, {
    action: 'APPROVE',
    limits: { daily: { spent: '8' } },
  });
  state.policy = policyOf({ rules: '  - { id: stop, for: transaction, when: "true", action: reject }' });
  t.match((await ask(payment('c', '8'))).decision, { action: 'REJECT', rule: 'stop' });
  t.strictSame(await waiting(), [], 'also of what another rule decided');
});

t.test('what can’t be decided yet keeps waiting', async (t) => {
  const { process, state, vote, waiting, held, policyOf } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  state.policy = policyOf({ rules: '  - { id: later, for: transaction, when: "true", action: retry }' });
  t.match((await ask(payment('a'))).decision, { action: 'RETRY', rule: 'later' });
  t.match(await held(payment('a')), { tries: 2, rule: 'large' });
  t.equal((await waiting()).length, 1);
  t.match((await ask(payment('other'))).decision, { action: 'RETRY', rule: 'later' });
  t.equal(await held(payment('other')), undefined, 'what no rule holds is not held');
});

t.test('what people approved counts for the signing with equal essentials, and for no other', async (t) => {
  const { process, vote, held, records, state, policyOf } = heldWorld(t);
  const { ask } = process();
  for (const id of ['a', 'b']) {
    await ask(payment(id));
    await vote('alice', 'approve', payment(id));
    await vote('bob', 'approve', payment(id));
    t.match((await ask(payment(id))).decision, { action: 'APPROVE' });
  }
  t.match((await ask(signing('a', '5'))).decision, { action: 'REJECT', rule: 'changed' });
  t.match((await ask(signing('a'))).decision, {
    action: 'APPROVE',
    hold: { carried: true, state: 'approved' },
  });
  t.equal(await held(signing('a')), undefined, 'nobody was asked again');
  t.match((await records()).at(-1), { memory: { people: { carried: [{ approver: 'alice' }, {}] } } });

  state.policy = policyOf({ removed: 'alice' });
  t.match((await ask(signing('b'))).decision, { action: 'RETRY', hold: { approvals: ['bob'] } });
  await vote('carol', 'approve', signing('b'));
  const { decision } = await ask(signing('b'));
  t.match(decision, { action: 'APPROVE', hold: { approvals: ['bob', 'carol'] } });
});

t.test('a decision about the approval does not count for the signing by itself', async (t) => {
  const { process, vote } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  t.match((await ask(signing('a'))).decision, { action: 'RETRY', hold: { approvals: [] } });
});

t.test('configuration changes are held as well', async (t) => {
  const { process, vote } = heldWorld(t);
  const { ask } = process();
  const change = { requestId: 'c', type: 'UNMANAGED_WALLET', extraInfo: { walletId: '1' } };
  t.match((await ask(change)).decision, { action: 'RETRY', rule: 'changes' });
  await vote('alice', 'approve', change);
  await vote('bob', 'approve', change);
  t.match((await ask(change)).decision, { action: 'APPROVE' });
});

t.test('after the callback key was rotated the same is decided again', async (t) => {
  const { process, state, vote, waiting } = heldWorld(t);
  const { ask } = process();
  for (const id of ['approved', 'rejected', 'expired']) await ask(payment(id));
  await vote('alice', 'approve', payment('approved'));
  await vote('bob', 'approve', payment('approved'));
  await vote('alice', 'reject', payment('rejected'));
  const expected = { approved: 'APPROVE', rejected: 'REJECT', expired: 'REJECT' };
  t.match((await ask(payment('approved'))).decision, { action: 'APPROVE' });
  t.match((await ask(payment('rejected'))).decision, { action: 'REJECT' });
  state.now += 50 * MINUTE;
  t.match((await ask(payment('expired'))).decision, { action: 'REJECT', hold: { state: 'expired' } });
  state.now += 50 * MINUTE;
  await vote('alice', 'approve', payment('expired'));
  await vote('bob', 'approve', payment('expired'));
  const rotated = process(otherKey);
  for (const [id, action] of Object.entries(expected)) {
    t.match(await rotated.ask(payment(id)), { decision: { action }, repeated: false }, id);
  }
  t.strictSame(await waiting(), []);
});
