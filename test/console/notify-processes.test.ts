// Tests real processes on one embedded store: one that is killed while it notifies people is replaced by another.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startNotifying } from '../../src/console/notify/start.js';
import { CLAIM_MS } from '../../src/console/notify/mark.js';
import { openStore } from '../../src/store/open.js';
import { ORIGIN } from '../helpers/held-people.js';
import { heldWorldOn } from '../helpers/held-world.js';
import { memoryLog } from '../helpers/log.js';
import { payment, worldState } from '../helpers/memory-world.js';
import { keepOutput } from '../helpers/output.js';
import { programPath } from '../helpers/paths.js';
import { until } from '../helpers/process.js';
import { isSigned, webhookReceiver } from '../helpers/webhook-receiver.js';

async function world(t: Test) {
  const directory = t.testdir();
  const [path, file] = [join(directory, 'store'), join(directory, 'webhook-secret')];
  const store = await openStore({ path });
  t.teardown(() => store.table.close());
  const receiver = await webhookReceiver(t);
  const { ask } = heldWorldOn(store, worldState('version: 1\nrules: []\n', Date.now())).process();
  const start = () => {
    const args = [
      programPath('test/helpers/notify-watcher.ts'),
      JSON.stringify({ path }),
      receiver.url,
      file,
    ];
    const child = spawn(process.execPath, [...process.execArgv, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', keepOutput);
    t.teardown(() => child.kill('SIGKILL'));
    return child;
  };
  const received = (count: number) =>
    until(() => (receiver.received.length >= count ? true : undefined), 30_000);
  return { store, receiver, ask, start, received, file };
}

t.test('two processes notify of each of 20 requests once', async (t) => {
  const { receiver, ask, start, received, file } = await world(t);
  for (let count = 0; count < 10; count++) await ask(payment(`early-${count}`));
  start();
  start();
  await received(10);
  for (let count = 0; count < 10; count++) await ask(payment(`late-${count}`));
  await received(20);
  t.equal(receiver.received.length, 20);
  t.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 20);
  const secret = readFileSync(file, 'utf8').trim();
  for (const each of receiver.received) t.ok(await isSigned(each, secret));
});

t.test('what a process had begun to send when it was killed is sent by another after a minute', async (t) => {
  const { store, receiver, ask, start, received, file } = await world(t);
  receiver.answer = () => undefined;
  await ask(payment('a'));
  const killed = start();
  await received(1);
  killed.kill('SIGKILL');
  receiver.answer = (response) => void response.writeHead(204).end();

  const { log, of } = memoryLog();
  const config = { topic: undefined, webhook: { url: receiver.url, secret: { file } } };
  const watchAt = (ms: number) =>
    startNotifying(config, { store, origin: ORIGIN, log, now: () => new Date(Date.now() + ms) });
  const early = await watchAt(0);
  await early.stop();
  t.equal(receiver.received.length, 1, 'not yet: it may still be at it');
  const late = await watchAt(CLAIM_MS);
  await received(2);
  await late.stop();
  const [first, second] = receiver.received;
  t.equal(
    second?.headers['webhook-id'],
    first?.headers['webhook-id'],
    'a receiver can see that it is the same',
  );
  t.match(of('hold_notified'), [{ requestId: 'a', tries: 2 }]);
});
