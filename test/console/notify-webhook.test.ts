// Tests the webhook against a real HTTP server, whose signatures are verified by code that shares nothing with the sender.
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { NotifyError } from '../../src/console/notify/channel.js';
import { startNotifying } from '../../src/console/notify/start.js';
import { webhookChannel } from '../../src/console/notify/webhook.js';
import { secretReader, secretSource } from '../../src/console/notify/webhook-secret.js';
import { SourceError } from '../../src/sources/source.js';
import { memoryLog } from '../helpers/log.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { MemoryTable } from '../helpers/memory-table.js';
import { noticeAbout } from '../helpers/notice.js';
import { freePort } from '../helpers/port.js';
import { until } from '../helpers/process.js';
import { isSigned, webhookReceiver } from '../helpers/webhook-receiver.js';

const NOW = new Date('2026-11-26T10:00:05.900Z');
const [ONE, TWO] = [1, 2].map((byte) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`);

const reading = (value: string | undefined) =>
  secretReader(() => Promise.resolve({ name: '/fireblocks/test/webhook-secret', value }));

async function world(t: Test, value: string | undefined = ONE, timeoutMs = 5000) {
  const receiver = await webhookReceiver(t);
  const options = { secrets: reading(value), now: () => NOW, timeoutMs };
  const channel = webhookChannel({ url: receiver.url, ...options });
  const failure = async (): Promise<string> => {
    const error: unknown = await channel.send(noticeAbout()).catch((thrown: unknown) => thrown);
    if (!(error instanceof NotifyError)) throw new Error('it was sent');
    return error.message;
  };
  return { receiver, channel, failure, options };
}

t.test('posts JSON with a signature that the receiver can verify', async (t) => {
  const { receiver, channel } = await world(t);
  await channel.send(noticeAbout());
  const [received] = receiver.received;
  t.match(received, {
    method: 'POST',
    path: '/hooks/approvals',
    headers: {
      'content-type': 'application/json',
      'webhook-id': noticeAbout().id,
      'webhook-timestamp': '1795687205',
      'webhook-signature': /^v1,[A-Za-z0-9+/]{43}=$/,
    },
  });
  if (received === undefined) return;
  t.match(JSON.parse(received.body), { type: 'hold.waiting', data: { requestId: 'tx-1', amount: '250' } });
  t.ok(await isSigned(received, ONE ?? ''));
  t.notOk(await isSigned(received, TWO ?? ''), 'another secret');
  t.notOk(await isSigned({ ...received, body: `${received.body} ` }, ONE ?? ''), 'another body');
  const headers = { ...received.headers, 'webhook-timestamp': '1795687206' };
  t.notOk(await isSigned({ ...received, headers }, ONE ?? ''), 'another time');
});

t.test('signs with each secret while they are rotated', async (t) => {
  const { receiver, channel } = await world(t, `${ONE} ${TWO}\n`);
  await channel.send(noticeAbout());
  const [received] = receiver.received;
  for (const secret of [ONE, TWO]) t.ok(received && (await isSigned(received, secret ?? '')));
});

t.test('has notified nobody if the answer is not 2xx, and follows no redirect', async (t) => {
  const { receiver, failure } = await world(t);
  for (const status of [302, 307, 400, 500, 503]) {
    receiver.answer = (response) => void response.writeHead(status, { location: '/elsewhere' }).end('x');
    t.equal(await failure(), `the webhook answered ${status}`);
  }
  t.ok(receiver.received.every(({ path }) => path === '/hooks/approvals'));
});

t.test('does not read the answer, however long it is', async (t) => {
  const { receiver, channel } = await world(t);
  receiver.answer = (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    response.writeHead(200);
    more();
  };
  await channel.send(noticeAbout());
});

t.test('gives up on a receiver that does not answer, or is not there', async (t) => {
  const { receiver, failure, options } = await world(t, ONE, 200);
  receiver.answer = () => undefined;
  t.equal(await failure(), 'the webhook did not answer within 0.2 s');
  const url = `http://127.0.0.1:${await freePort()}/secret-path`;
  await t.rejects(webhookChannel({ url, ...options }).send(noticeAbout()), {
    code: 'NOTIFY_FAILED',
    message: "the webhook can't be reached (ECONNREFUSED)",
  });
});

t.test(
  'refuses a secret that is missing, too short or of another form, and quotes nothing of it',
  async (t) => {
    const short = `whsec_${Buffer.alloc(23, 1).toString('base64')}`;
    for (const value of ['', ' ', short, 'hunter2hunter2hunter2hunter2hunter2', `${ONE}!`, 'whsec_']) {
      const { receiver, failure } = await world(t, value);
      const message = await failure();
      t.match(
        message,
        /^\/fireblocks\/test\/webhook-secret (has no secret|must be whsec_ and 24 to 64 bytes)/,
      );
      t.notMatch(message, /hunter|AQEB/);
      t.equal(receiver.received.length, 0);
    }
  },
);

t.test('reads the secret again after a minute', async (t) => {
  let [now, reads] = [0, 0];
  const read = secretReader(
    () => Promise.resolve({ name: 'x', value: [ONE, TWO][reads++] }),
    () => now,
  );
  const [first] = await read();
  t.strictSame(await read(), [first]);
  now = 60_000;
  t.notSame(await read(), [first]);
  t.equal(reads, 2);
});

t.test('has notified nobody if the secret can not be read', async (t) => {
  const refused = new SourceError('SSM denies access', { transient: false });
  await t.rejects(secretReader(() => Promise.reject(refused))(), {
    code: 'NOTIFY_FAILED',
    message: 'SSM denies access',
  });
});

t.test('says at the start that the secret can not be used', async (t) => {
  const file = join(t.testdir({ secret: 'hunter2' }), 'secret');
  const table = new MemoryTable();
  const { log, of } = memoryLog();
  const config = { topic: undefined, webhook: { url: 'http://localhost:1/', secret: { file } } };
  const store = { table, blobs: new MemoryBlobs() };
  const watch = await startNotifying(config, { store, origin: 'https://c.internal', log });
  await until(() => of('notify_failed')[0], 10_000);
  await watch.stop();
  t.match(of('notify_failed'), [{ level: 'error', channel: 'webhook', reason: /must be whsec_/ }]);
});

t.test('creates the secret of local mode for its owner only, and keeps it', async (t) => {
  const directory = t.testdir();
  const file = join(directory, '.local/webhook-secret');
  const [secret] = await secretReader(await secretSource({ file }))();
  t.equal(secret?.length, 32);
  t.equal(statSync(file).mode & 0o777, 0o600);
  const content = readFileSync(file, 'utf8');
  await secretSource({ file });
  t.equal(readFileSync(file, 'utf8'), content);
  writeFileSync(join(directory, 'blocked'), '');
  await t.rejects(secretSource({ file: join(directory, 'blocked/secret') }), { code: 'SOURCE_UNREADABLE' });
});
