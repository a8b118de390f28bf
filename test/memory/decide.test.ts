// Tests decisions with a memory, from the request to what is stored, with a table in memory and a clock of its own.
import { createHash } from 'node:crypto';
import t from 'tap';
import { repeatDecision } from '../../src/memory/repeat.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import {
  callbackKey,
  HOUR,
  LIMIT,
  memoryWorld,
  otherKey,
  payment,
  signing,
} from '../helpers/memory-world.js';

t.test(
  'the same request gets the same final answer, also from another process, and is counted once',
  async (t) => {
    const { process, records } = memoryWorld(t);
    const [one, two] = [process(), process()];
    const first = await one.ask(payment('a'));
    t.match(first, { decision: { action: 'APPROVE', rule: 'all' }, repeated: false });
    for (const other of [one, two]) {
      const again = await other.ask({ ...payment('a'), iat: 5, note: null });
      t.match(again, { decision: { action: 'APPROVE' }, repeated: true, answer: first.answer });
    }
    t.match((await two.ask(payment('b'))).decision, { action: 'APPROVE', limits: { daily: { spent: '4' } } });
    const third = await two.ask(payment('c'));
    t.match(third.decision, { action: 'REJECT', rule: 'limits.daily' });
    t.equal((await one.ask(payment('c'))).answer, third.answer);
    t.equal((await records()).length, 3);
  },
);

t.test('both stages under one requestId are two answers, and one count', async (t) => {
  const { process, records } = memoryWorld(t);
  const { ask } = process();
  t.match((await ask(payment('a'))).decision, { action: 'APPROVE' });
  t.match(await ask(signing('a')), { decision: { action: 'APPROVE' }, repeated: false });
  t.match((await ask(payment('b'))).decision, { action: 'APPROVE', limits: { daily: { spent: '4' } } });
  t.match(await ask(signing('a')), { decision: { action: 'APPROVE' }, repeated: true });
  const stages = (await records()).map(({ requestId, stage }) => `${requestId} ${stage}`);
  t.strictSame(stages, ['a approval', 'a signing', 'b approval']);
});

t.test('approvals of several days can’t be signed on one', async (t) => {
  const { process, state } = memoryWorld(t);
  const { ask } = process();
  for (const id of ['a', 'b', 'c']) {
    t.match((await ask(payment(id))).decision, { action: 'APPROVE' }, id);
    state.now += 25 * HOUR;
  }
  t.match((await ask(signing('a'))).decision, { action: 'APPROVE' });
  t.match((await ask(signing('b'))).decision, { action: 'APPROVE', limits: { daily: { spent: '4' } } });
  t.match((await ask(signing('c'))).decision, { action: 'REJECT', rule: 'limits.daily' });
});

t.test('a signing that is rejected gives back what was counted, once', async (t) => {
  const { process, state } = memoryWorld(t);
  const { ask } = process();
  t.match((await ask(payment('a', '10'))).decision, { action: 'APPROVE' });
  state.policy = parsePolicy(
    LIMIT.replace("when: 'true', action: approve", 'when: \'tx.txId == "a"\', action: reject'),
    '',
  );
  t.match((await ask(signing('a', '10'))).decision, { action: 'REJECT', rule: 'all' });
  state.policy = parsePolicy(LIMIT, '');
  t.match((await ask(payment('b', '10'))).decision, { action: 'APPROVE', limits: { daily: { spent: '0' } } });
  t.match(await ask(signing('a', '10')), { decision: { action: 'REJECT' }, repeated: true });
});

t.test('what was changed after the approval is rejected, and gives nothing back', async (t) => {
  const { process } = memoryWorld(t);
  const { ask } = process();
  t.match((await ask(payment('a', '10'))).decision, { action: 'APPROVE' });
  const elsewhere = signing('a', '10', {
    destinations: [{ displayDstAddress: 'elsewhere', amountNativeStr: '10' }],
  });
  t.match((await ask(elsewhere)).decision, { action: 'REJECT', rule: 'changed', reason: /elsewhere/ });
  t.match((await ask(payment('b', '1'))).decision, { action: 'REJECT', rule: 'limits.daily' });
  t.match((await ask(signing('a', '10'))).decision, { action: 'APPROVE' });
});

t.test('other content under a known key is decided anew before an approval', async (t) => {
  const { process } = memoryWorld(t);
  const { ask } = process();
  t.match((await ask(payment('a', '11'))).decision, { action: 'REJECT', rule: 'limits.daily' });
  t.match(await ask(payment('a', '9')), { decision: { action: 'APPROVE' }, repeated: false });
  t.match((await ask(payment('a', '9.5'))).decision, { action: 'REJECT', rule: 'changed' });
});

t.test('a configuration change that differs from the approved one is rejected', async (t) => {
  const { process } = memoryWorld(t);
  const { ask } = process();
  const change = (walletId: string) => ({
    requestId: 'c',
    type: 'UNMANAGED_WALLET',
    extraInfo: { walletId },
  });
  t.match((await ask(change('1'))).decision, { action: 'APPROVE' });
  t.match(await ask(change('1')), { repeated: true });
  t.match((await ask(change('2'))).decision, { action: 'REJECT', rule: 'changed' });
});

t.test('after a write whose response was lost, the answer is the one that was stored', async (t) => {
  const { process, state } = memoryWorld(t);
  const { ask } = process();
  for (const fault of ['lost', 'late', 'busy'] as const) {
    state.fault = fault;
    const first = ask(payment(fault, '1'));
    first.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    state.fault = undefined;
    await first.catch(() => undefined);
    const { decision, answer } = await ask(payment(fault, '1'));
    t.match(decision, { action: 'APPROVE' }, fault);
    t.equal((await process().ask(payment(fault, '1'))).answer, answer);
  }
  t.match((await ask(payment('rest', '7'))).decision, {
    action: 'APPROVE',
    limits: { daily: { spent: '3' } },
  });
});

t.test('a planted answer is not repeated', async (t) => {
  const { process, table } = memoryWorld(t);
  const { ask } = process();
  await ask(payment('big', '11'));
  // An answer made with another key, and a real answer moved to another request.
  await process(otherKey).ask(payment('small', '1'));
  const answers = [];
  for await (const item of table.scan('A#')) answers.push(item);
  const approved = answers.find(({ data }) => data.includes('APPROVE'));
  const rejected = answers.find(({ data }) => data.includes('REJECT'));
  if (approved === undefined || rejected === undefined) throw new Error('no answers');
  const { partition, sort } = rejected;
  await table.write([{ type: 'put', partition, sort, data: approved.data }]);
  const { ask: askAgain, lines } = process();
  t.match(await askAgain(payment('big', '11')), { decision: { action: 'REJECT' }, repeated: false });
  t.match(lines, [{ event: 'stored_answer_unverified', level: 'error' }]);
});

t.test('after the mode was changed, the same answer is given in the other form', async (t) => {
  const { process, state, records } = memoryWorld(t);
  const [jwt, json] = [process(callbackKey, 'jwt'), process(callbackKey, 'json')];
  const first = await jwt.ask(payment('a', '6'));
  const second = await json.ask(payment('a', '6'));
  t.match(second, { decision: { action: 'APPROVE' }, repeated: true });
  t.strictSame(JSON.parse(second.answer), { action: 'APPROVE', requestId: 'a' });
  state.policy = parsePolicy(LIMIT.replaceAll('approve', 'reject'), 'test');
  t.match(await json.ask(payment('a', '6')), { answer: second.answer, repeated: true });
  t.match(await jwt.ask(payment('a', '6')), { repeated: true, answer: first.answer }, 'and back');
  t.strictSame(json.lines, []);
  t.equal((await records()).length, 1);
});

t.test('an emergency stop goes before a stored answer, and is not the answer after it', async (t) => {
  const { process, state, records } = memoryWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  state.emergency = { action: 'REJECT', rule: 'emergency stop' };
  t.match((await ask(payment('a'))).decision, { action: 'REJECT' });
  t.match((await ask(payment('b'))).decision, { action: 'REJECT' });
  state.emergency = undefined;
  t.match(await ask(payment('a')), { decision: { action: 'APPROVE' }, repeated: true });
  t.match((await ask(payment('b'))).decision, { action: 'APPROVE' });
  t.equal((await records()).length, 4);
});

t.test('nothing is answered while the store has lost something', async (t) => {
  const { process, table, state } = memoryWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  table.partitions = new Map();
  await t.rejects(ask(payment('b')), { code: 'STORE_FAILED', message: /lost/ });
  t.ok(state.lost);
});

t.test('each decision can be repeated from its record', async (t) => {
  const { process, records, state } = memoryWorld(t);
  const { ask } = process();
  for (const [id, amount] of [
    ['a', '4'],
    ['b', '7'],
    ['c', '6'],
  ] as const) {
    await ask(payment(id, amount));
    state.now += HOUR;
    await ask(signing(id, amount));
  }
  await ask(payment('a', '5'));
  const all = await records();
  t.equal(all.length, 7);
  for (const record of all) {
    t.match(
      await repeatDecision(record, state.policy),
      { action: record.action, rule: record.rule },
      record.requestId,
    );
  }
});

t.test('policies, public keys and lists are kept by their hash before a decision by them', async (t) => {
  const { process, state, blobs } = memoryWorld(t);
  const { ask, keeper } = process();
  const bytes = Buffer.from('0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  state.policy = {
    ...state.policy,
    loadedLists: new Map([['payees', { from: 'payees.txt', pinned: false, sha256, entries: 1 }]]),
  };
  keeper.keepList(sha256, bytes);
  await ask(payment('a'));
  t.strictSame(blobs.kept.get(sha256), bytes);
  t.equal(String(blobs.kept.get(state.policy.hash)), state.policy.text);
  t.ok(blobs.kept.has(callbackKey.fingerprint));
});

t.test('RETRY is not final', async (t) => {
  const { process, state } = memoryWorld(t);
  const { ask, lines } = process();
  state.action = 'RETRY';
  t.match((await ask(payment('a'))).decision, { action: 'RETRY' });
  state.action = undefined;
  t.match(await ask(payment('a')), { decision: { action: 'APPROVE' }, repeated: false });
  t.strictSame(lines, []);
});

t.test('what the protocol does not allow is neither answered nor recorded', async (t) => {
  const { process, state, records } = memoryWorld(t);
  state.action = 'IGNORE';
  await t.rejects(process().ask(signing('a')), /not allowed for a signing request/);
  t.strictSame(await records(), []);
});

t.test('nothing is begun when there is no time left', async (t) => {
  const { process, state, table } = memoryWorld(t);
  state.patienceMs = -1;
  await t.rejects(process().ask(payment('a')), { code: 'STORE_FAILED', message: /no time left/ });
  t.strictSame(table.calls, { read: 0, write: 0, query: 0 });
});

t.test('requests of one process about one counter wait for each other, and find no conflict', async (t) => {
  const { process } = memoryWorld(t);
  const { ask, lines } = process();
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const answers = await Promise.all(ids.map((id) => ask(payment(id, '2'))));
  t.equal(answers.filter(({ decision }) => decision.action === 'APPROVE').length, 5);
  t.strictSame(lines, []);
});

t.test('what a transaction counted under another policy is given back too', async (t) => {
  const { process, state } = memoryWorld(t, LIMIT.replace('window', 'per: [tx.sourceId], window'));
  const { ask } = process();
  const before = state.policy;
  t.match((await ask(payment('a', '10'))).decision, { action: 'APPROVE' });
  state.policy = parsePolicy('version: 1\nrules: []\n', 'none');
  t.match((await ask(signing('a', '10'))).decision, { action: 'REJECT' });
  state.policy = before;
  t.match((await ask(payment('b', '10'))).decision, { action: 'APPROVE', limits: { daily: { spent: '0' } } });
});
