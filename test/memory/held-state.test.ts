// Tests what is stored of held requests: when, how often, and what is read for it.
import t from 'tap';
import { readWaiting } from '../../src/memory/held.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { heldWorld } from '../helpers/held-world.js';
import { otherKey, payment } from '../helpers/memory-world.js';

t.test('an emergency stop holds nothing', async (t) => {
  const { process, state, held, waiting, table } = heldWorld(t);
  const { ask } = process();
  state.emergency = { action: 'RETRY', rule: 'emergency stop' };
  t.match((await ask(payment('a'))).decision, { action: 'RETRY' });
  t.equal(await held(payment('a')), undefined);
  t.strictSame(await waiting(), []);
  state.emergency = undefined;
  await ask(payment('a'));
  const before = table.all().find(({ partition }) => partition.startsWith('W#'));
  state.emergency = { action: 'REJECT', rule: 'emergency stop' };
  t.match((await ask(payment('a'))).decision, { action: 'REJECT' });
  t.strictSame(
    table.all().find(({ partition }) => partition.startsWith('W#')),
    before,
  );
});

t.test('two processes that decide at once hold it once, and give one answer', async (t) => {
  const { process, state, vote, waiting, held, records } = heldWorld(t);
  const processes = [process(), process(), process(otherKey)];
  const askAll = () => Promise.all(processes.slice(0, 2).map(({ ask }) => ask(payment('a'))));
  t.match(await askAll(), [{ decision: { action: 'RETRY' } }, { decision: { action: 'RETRY' } }]);
  t.match(await held(payment('a')), { since: state.now, tries: 2 });
  t.equal((await waiting()).length, 1);
  await vote('alice', 'approve', payment('a'));
  await vote('bob', 'approve', payment('a'));
  const [one, two] = await askAll();
  t.match(one?.decision, { action: 'APPROVE' });
  t.equal(two?.answer, one?.answer);
  const approved = (await records()).filter(({ action }) => action === 'APPROVE');
  t.equal(approved.length, 1, 'recorded once');
});

t.test('a held request whose state is malformed is not decided', async (t) => {
  const { process, table } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  const item = table.all().find(({ partition }) => partition.startsWith('W#'));
  if (item === undefined) throw new Error('nothing is held');
  for (const data of ['', '{}', item.data.replace('"tries":1', '"tries":"1"')]) {
    table.tamper(item, { ...item, data });
    await t.rejects(ask(payment('a')));
  }
  table.tamper(item, item);
  t.match((await ask(payment('a'))).decision, { action: 'RETRY' });
});

t.test('what leads to a held request is read as it was written, and nothing else', (t) => {
  const waiting = { kind: 'transaction', requestId: 'a', hash: 'f'.repeat(64) };
  t.strictSame(readWaiting(JSON.stringify(waiting)), waiting);
  for (const other of [{}, { ...waiting, kind: 'x' }, { ...waiting, hash: 'f' }, { ...waiting, more: 1 }]) {
    t.throws(() => readWaiting(JSON.stringify(other)));
  }
  t.throws(() => readWaiting(''));
  t.end();
});

t.test('what is read for a decision', async (t) => {
  const none = heldWorld(t);
  none.state.policy = parsePolicy(
    'version: 1\nrules:\n  - { id: all, for: transaction, when: "true", action: approve }\n',
    '',
  );
  const without = none.process();
  await without.ask(payment('a'));
  none.table.keysRead.length = 0;
  await without.ask(payment('b'));
  t.equal(none.table.keysRead.length, 1);
  const [keys = []] = none.table.keysRead;
  t.strictSame(
    keys.map(({ partition }) => partition.slice(0, 2)),
    ['A#', 'T#', 'H'],
    'without holds, the answer, the transaction and the head',
  );
  const { process, table, vote } = heldWorld(t);
  const { ask } = process();
  await ask(payment('a'));
  await vote('alice', 'approve', payment('a'));
  table.keysRead.length = 0;
  await ask(payment('a'));
  t.strictSame(
    table.keysRead.map((read) => read.map(({ partition }) => partition.slice(0, 2))),
    [
      ['A#', 'T#', 'W#', 'H'],
      ['P#', 'P#', 'P#'],
    ],
    'of a held request, its state as well, and one more read: everybody’s decision',
  );
  table.keysRead.length = 0;
  await ask(payment('b'));
  t.equal(table.keysRead.length, 1, 'of what is not held yet, nobody’s');
  t.strictSame(table.calls.query, 0);
});
