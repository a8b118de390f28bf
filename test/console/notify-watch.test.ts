// Tests that people are notified of each request that is held, once; and of what is unknown, twice rather than never.
import { EventEmitter, once } from 'node:events';
import t, { type Test } from 'tap';
import { type Channel, NotifyError } from '../../src/console/notify/channel.js';
import { CLAIM_MS } from '../../src/console/notify/mark.js';
import type { Notice } from '../../src/console/notify/notice.js';
import { HoldWatch, startWatch } from '../../src/console/notify/watch.js';
import { notifiedKey } from '../../src/store/keys.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { StoreError } from '../../src/store/error.js';
import { createPeople, heldPolicy, MINUTE } from '../helpers/held-people.js';
import { heldWorld } from '../helpers/held-world.js';
import { memoryLog } from '../helpers/log.js';
import { payment } from '../helpers/memory-world.js';

/** A channel that keeps what it is given. @param send what else it does */
function channelOf(name: Channel['name'] = 'webhook', send: () => void | Promise<void> = () => undefined) {
  const told: Notice[] = [];
  const channel: Channel = {
    name,
    async send(notice) {
      await send();
      told.push(notice);
    },
  };
  return { channel, told, ids: () => told.map(({ requestId }) => requestId).sort() };
}

function world(t: Test) {
  const held = heldWorld(t);
  const { table, blobs, state } = held;
  const { log, of, lines } = memoryLog();
  const watchWith = (...channels: readonly Channel[]) => {
    const now = () => new Date(state.now);
    return new HoldWatch({ store: { table, blobs }, channels, origin: 'https://c.internal', log, now });
  };
  const { ask } = held.process();
  return { ...held, ask, watchWith, of, lines, log };
}

t.test('notifies of each request once, also after a restart', async (t) => {
  const { ask, watchWith, of } = world(t);
  const { channel, told, ids } = channelOf();
  const watch = watchWith(channel);
  await watch.look();
  t.strictSame(told, []);
  await ask(payment('a', '250'));
  await watch.look();
  t.match(told, [
    {
      ...{
        requestId: 'a',
        rule: 'large',
        hold: 'treasury',
        operation: 'TRANSFER',
        amount: '250',
        asset: 'COIN',
      },
      ...{ since: '2026-11-26T10:00:00.000Z', expires: '2026-11-26T10:50:00.000Z' },
      link: 'https://c.internal/holds/a',
    },
  ]);
  await ask(payment('a', '250'));
  await ask(payment('b'));
  await watch.look();
  await watch.look();
  await watchWith(channel).look();
  t.strictSame(ids(), ['a', 'b']);
  t.match(of('hold_notified'), [
    { level: 'info', requestId: 'a', rule: 'large', hold: 'treasury', channels: ['webhook'] },
    { requestId: 'b' },
  ]);
});

t.test('two consoles on one table notify of each of 200 requests once', async (t) => {
  const { ask, watchWith } = world(t);
  for (let count = 0; count < 200; count++) await ask(payment(`tx-${count}`));
  const { channel, ids } = channelOf('webhook', () => new Promise(setImmediate));
  const [one, two] = [watchWith(channel), watchWith(channel)];
  await Promise.all([one.look(), two.look()]);
  await Promise.all([one.look(), two.look()]);
  t.equal(ids().length, 200);
  t.equal(new Set(ids()).size, 200);
});

t.test('is sent again by another console if the first one dies while it sends', async (t) => {
  const { ask, watchWith, state } = world(t);
  await ask(payment('a'));
  const { channel, ids } = channelOf();
  let began: () => void = () => undefined;
  const beginning = new Promise<void>((resolve) => (began = resolve));
  const dead = channelOf('webhook', () => {
    began();
    return new Promise(() => undefined);
  });
  void watchWith(dead.channel).look();
  await beginning;
  const other = watchWith(channel);
  await other.look();
  state.now += CLAIM_MS - 1;
  await other.look();
  t.strictSame(ids(), [], 'the first one may still be at it');
  state.now += 1;
  await other.look();
  await other.look();
  t.strictSame(ids(), ['a']);
});

t.test(
  'tries again after a while what failed, on the channels that failed, and gives up in the end',
  async (t) => {
    const { ask, watchWith, state, of } = world(t);
    await ask(payment('a'));
    const sns = channelOf('sns');
    const webhook = channelOf('webhook', () => {
      throw new NotifyError('the webhook answered 500');
    });
    const watch = watchWith(sns.channel, webhook.channel);
    const pauses: unknown[] = [];
    for (let minute = 0; minute < 12; minute += 1 / 60) {
      await watch.look();
      state.now += 1000;
    }
    for (const line of of('notify_failed')) pauses.push([line['level'], line['retryInMs'], line['channel']]);
    t.strictSame(pauses, [
      ['warn', 5000, 'webhook'],
      ['warn', 20_000, 'webhook'],
      ['warn', 80_000, 'webhook'],
      ['warn', 320_000, 'webhook'],
      ['error', undefined, 'webhook'],
    ]);
    t.match(of('notify_failed')[0], { requestId: 'a', reason: 'the webhook answered 500' });
    t.strictSame(sns.ids(), ['a'], 'what arrived is not sent again');
    await watchWith(channelOf().channel).look();
    t.strictSame(of('hold_notified'), []);
  },
);

t.test('says no more than that something unexpected happened: errors may quote secrets', async (t) => {
  const { ask, watchWith, lines } = world(t);
  await ask(payment('a'));
  const { channel } = channelOf('webhook', () => {
    throw new Error('https://hooks.example.com/secret');
  });
  await watchWith(channel).look();
  t.match(lines, [{ event: 'notify_failed', reason: 'unexpected error' }]);
  t.notMatch(JSON.stringify(lines), /hooks\.example/);
});

t.test('does not notify of what has its answer, or can not be decided any more', async (t) => {
  const { ask, vote, watchWith, state, table } = world(t);
  await ask(payment('answered'));
  const listed = table.all().find(({ partition }) => partition === 'W');
  await vote('alice', 'reject', payment('answered'));
  await ask(payment('answered'));
  // As if it were answered between the read of the list and of the request.
  if (listed !== undefined) table.tamper(listed, listed);
  await ask(payment('expired'));
  state.now += 50 * MINUTE;
  const { channel, told } = channelOf();
  await watchWith(channel).look();
  t.strictSame(told, []);
});

t.test('notifies the people of another hold if the policy changes who decides', async (t) => {
  const { ask, watchWith, state } = world(t);
  await ask(payment('a'));
  const { channel, told } = channelOf();
  const watch = watchWith(channel);
  await watch.look();
  state.policy = parsePolicy(heldPolicy(createPeople()).replaceAll('treasury', 'board'), 'test');
  await ask(payment('a'));
  await watch.look();
  await watch.look();
  t.match(
    told.map(({ hold }) => hold),
    ['treasury', 'board'],
  );
  t.equal(new Set(told.map(({ id }) => id)).size, 2);
});

t.test('notices an entry that appears later than a newer one', async (t) => {
  const { ask, watchWith, state } = world(t);
  const { channel, ids } = channelOf();
  const watch = watchWith(channel);
  await ask(payment('newer'));
  await watch.look();
  state.now -= 30_000;
  await ask(payment('older'));
  state.now += 35_000;
  await watch.look();
  t.strictSame(ids(), ['newer', 'older']);
});

t.test(
  'a mark that somebody has planted is replaced, unless it says that people were notified',
  async (t) => {
    const { ask, watchWith, state, table, hashFor } = world(t);
    const planted: Readonly<Record<string, unknown>> = {
      nonsense: 'x',
      future: { state: 'sending', at: state.now + 1e9, tries: 1, hold: 'treasury', told: [] },
      other: { state: 'sent', at: 0, tries: 1, hold: 'another', told: [] },
      large: { state: 'sent', at: 0, tries: 'x'.repeat(300_000) },
    };
    for (const [id, data] of Object.entries(planted)) {
      await ask(payment(id));
      await table.write([{ type: 'put', ...notifiedKey(hashFor(payment(id))), data: JSON.stringify(data) }]);
    }
    const { channel, ids } = channelOf();
    await watchWith(channel).look();
    t.strictSame(ids(), Object.keys(planted).sort());
  },
);

t.test('goes on after the store failed', async (t) => {
  const { ask, watchWith, table, of } = world(t);
  await ask(payment('a'));
  const { channel, ids } = channelOf();
  const watch = watchWith(channel);
  const write = table.write.bind(table);
  table.write = () => Promise.reject(new StoreError('memory refuses'));
  await watch.look();
  await watch.look();
  t.strictSame(ids(), []);
  t.match(of('notify_failed'), [{ level: 'error', err: { code: 'STORE_FAILED' } }], 'logged once');
  table.write = write;
  await watch.look();
  t.strictSame(ids(), ['a']);
});

t.test('reads little while nothing happens, whatever waits', async (t) => {
  const { ask, watchWith, table, state } = world(t);
  for (let count = 0; count < 60; count++) await ask(payment(`tx-${count}`));
  const { channel } = channelOf();
  const watch = watchWith(channel);
  await watch.look();
  state.now += 2 * MINUTE;
  await watch.look();
  const before = { ...table.calls };
  await watch.look();
  t.match(table.calls, { query: before.query + 1, read: before.read, write: before.write });
});

t.test('counts what waits for people, and what waits for more than ten minutes', async (t) => {
  const { ask, watchWith, state, of } = world(t);
  const watch = watchWith();
  await watch.count();
  await ask(payment('a'));
  state.now += 9 * MINUTE;
  await ask(payment('b'));
  state.now += 2 * MINUTE;
  await watch.count();
  state.now += 40 * MINUTE;
  await watch.count();
  t.match(of('holds_waiting'), [
    { level: 'info', waiting: 0, oldestMinutes: 0, overTen: 0 },
    { waiting: 2, oldestMinutes: 11, overTen: 1 },
    { waiting: 1, oldestMinutes: 42, overTen: 1 },
  ]);
});

t.test('counts at most 1,000, and finds those that wait long among them', async (t) => {
  const { ask, watchWith, state, of } = world(t);
  await ask(payment('old'));
  state.now += 15 * MINUTE;
  for (let count = 0; count < 1000; count++) await ask(payment(`tx-${count}`));
  await watchWith().count();
  t.match(of('holds_waiting'), [{ waiting: 1000, oldestMinutes: 15, overTen: 1 }]);
});

t.test('starts at once, and stops after what is under way', async (t) => {
  const { ask, table, blobs, log, of } = world(t);
  await ask(payment('a'));
  const [began, finish] = [new EventEmitter(), new EventEmitter()];
  const beginning = once(began, 'now');
  const { channel, ids } = channelOf('webhook', async () => {
    began.emit('now');
    await once(finish, 'now');
  });
  const now = () => new Date('2026-11-26T10:00:01Z');
  const watch = startWatch({ store: { table, blobs }, channels: [channel], origin: 'https://c', log, now });
  await beginning;
  const stopping = watch.stop();
  finish.emit('now');
  await stopping;
  t.strictSame(ids(), ['a']);
  t.match(of('holds_waiting'), [{ waiting: 1 }]);
});
