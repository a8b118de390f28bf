// The real process against a real SSM endpoint.
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { keepAsking } from '../helpers/load.js';
import { type Pair, p256Pair, rsaPair } from '../helpers/keys.js';
import { type Moto, motoServer, PARAMETERS } from '../helpers/moto.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler, until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();

function start(t: Test, moto: Moto, env: Record<string, string> = {}): Handler {
  return startHandler(t, { built: true, cwd: t.testdir(), env: { ...moto.env, ...env } });
}

function cosignerFor(t: Test, url: string, asker: Pair, ...callbacks: Pair[]): Cosigner {
  const client = createCosigner({
    url,
    keys: { privateKey: asker.privateKey, callbackPublicKeys: callbacks.map(({ publicKey }) => publicKey) },
  });
  t.teardown(() => client.close());
  return client;
}

async function health(url: string): Promise<{ status: string; callbackKey: string; cosignerKeys: string[] }> {
  return (await (await fetch(`${url}/health`)).json()) as never;
}

t.jobs = 3;

t.test('boots with both keys, whether SecureString or String', async (t) => {
  const moto = await motoServer(t);
  for (const type of ['SecureString', 'String'] as const) {
    await moto.put('callback', callback.privatePem, type);
    await moto.put('cosigner', cosigner.publicPem, type);
    const handler = start(t, moto);
    const url = await handler.listening();
    t.match(await handler.line({ event: 'key_loaded', key: 'callback' }), { from: PARAMETERS.callback });
    const client = cosignerFor(t, url, cosigner, callback);
    t.ok((await client.ask('transaction', samplePayload('transaction'))).answer, type);
    t.notMatch(handler.stderr(), /LOCAL MODE/);
  }
});

t.test('boots without the Co-signer’s key, and serves once it is there, with no restart', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  const handler = start(t, moto);
  const url = await handler.listening();
  await handler.line({ event: 'awaiting_cosigner_key', from: PARAMETERS.cosigner });
  t.match(await health(url), { status: 'awaiting_cosigner_key', cosignerKeys: [] });
  const client = cosignerFor(t, url, cosigner, callback);
  const ask = () => client.ask('transaction', samplePayload('transaction'));
  t.match(await ask(), { status: 503, body: /awaiting_cosigner_key/ });

  await moto.put('cosigner', cosigner.publicPem);
  const answered = await until(async () => (await ask()).answer, 10_000);
  t.match(answered, { action: 'REJECT' });
  t.match(await health(url), { status: 'ok', cosignerKeys: [String] });
  t.ok(handler.child.pid !== undefined && handler.child.exitCode === null);
});

t.test('both keys are rotated while requests keep coming, and none fails', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
  const url = await handler.listening();
  const before = await health(url);
  const nextCallback = rsaPair();
  const nextCosigner = rsaPair();

  let asker = cosignerFor(t, url, cosigner, callback, nextCallback);
  const load = keepAsking(() => asker, 8);
  const rotated = (changed: (now: typeof before) => boolean) =>
    until(async () => changed(await health(url)) || undefined, 10_000);

  await moto.put('cosigner', cosigner.publicPem + nextCosigner.publicPem);
  t.ok(await rotated(({ cosignerKeys }) => cosignerKeys.length === 2), 'both Co-signer keys are known');
  asker = cosignerFor(t, url, nextCosigner, callback, nextCallback);
  await sleep(500);
  await moto.put('cosigner', nextCosigner.publicPem);
  t.ok(await rotated(({ cosignerKeys }) => cosignerKeys.length === 1), 'the old one is gone');
  await moto.put('callback', nextCallback.privatePem);
  t.ok(await rotated(({ callbackKey }) => callbackKey !== before.callbackKey), 'the callback key is new');
  await sleep(500);
  await load.stop();

  t.ok(load.answered.size > 100, `${load.answered.size} requests were answered`);
  t.strictSame([...load.failed.values()], []);
  const after = await health(url);
  t.match(await handler.line({ event: 'key_loaded', msg: 'callback key replaced' }), {
    before: [before.callbackKey],
    after: [after.callbackKey],
  });
  const client = cosignerFor(t, url, nextCosigner, nextCallback);
  t.ok(
    (await client.ask('transaction', samplePayload('transaction'))).answer,
    'answers are signed with the new one',
  );
});

t.test('SSM stops after boot: still serving, and saying so', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
  const url = await handler.listening();
  await moto.stop();
  t.match(await handler.line({ event: 'key_refresh_failed' }), {
    level: 'error',
    reason: /SSM can't be read/,
  });
  const client = cosignerFor(t, url, cosigner, callback);
  t.ok((await client.ask('transaction', samplePayload('transaction'))).answer);
  await moto.start();
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem + rsaPair().publicPem);
  await handler.line({ event: 'key_loaded', msg: 'cosigner key replaced' });
  t.ok((await client.ask('transaction', samplePayload('transaction'))).answer, 'and it kept trying');
});

t.test('SSM is not there at boot: retried, and taken up when it comes', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  const port = await freePort();
  const handler = start(t, moto, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
  await handler.line({ event: 'key_load_retry' });
  const way = createServer((socket) => {
    socket.pipe(connect(Number(new URL(moto.endpoint).port), '127.0.0.1')).pipe(socket);
  }).listen(port, '127.0.0.1');
  t.teardown(() => way.close());
  const client = cosignerFor(t, await handler.listening(30_000), cosigner, callback);
  t.ok((await client.ask('transaction', samplePayload('transaction'))).answer);
});

t.test('SSM is not there at boot and does not come: exit 1 after a minute of retries', async (t) => {
  const moto = await motoServer(t, { started: false });
  const startedAt = performance.now();
  const handler = start(t, moto);
  t.equal(await handler.exited, 1);
  const seconds = (performance.now() - startedAt) / 1000;
  t.ok(seconds > 55 && seconds < 75, `after ${seconds.toFixed(1)} s`);
  t.ok(handler.lines.filter(({ event }) => event === 'key_load_retry').length > 5);
  t.match(handler.lines.at(-1), { level: 'fatal', event: 'boot_failed', reason: /SSM can't be read/ });
});

t.test('access denied: exit 1 at once, saying what to allow', async (t) => {
  const moto = await motoServer(t);
  await moto.put('callback', callback.privatePem);
  const iam = new IAMClient({
    endpoint: moto.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await iam.send(new CreateUserCommand({ UserName: 'without-permissions' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'without-permissions' }));
  // From now on, permissions are enforced.
  await fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body: '0' });
  const startedAt = performance.now();
  const handler = start(t, moto, {
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
  });
  t.equal(await handler.exited, 1);
  t.ok(performance.now() - startedAt < 20_000);
  t.match(handler.lines.at(-1), {
    level: 'fatal',
    reason: /denies access to .*ssm:GetParameters.*kms:Decrypt/,
  });
});

t.test('keys that can’t be used', async (t) => {
  const moto = await motoServer(t);
  const p256 = p256Pair();
  const small = rsaPair(1024);
  const large = rsaPair(4096);

  for (const [what, value, message] of [
    ['nothing', undefined, /There is no callback private key at/],
    ['a P-256 key', p256.privatePem, /type ec/],
    ['a 1024-bit RSA key', small.privatePem, /1024 bits/],
    ['a 4096-bit RSA key', large.privatePem, /4096 bits/],
    ['an empty value', ' ', /it is empty/],
    ['a public key', callback.publicPem, /holds a public key/],
  ] as const) {
    await t.test(`${what} in place of the private key: exit 1 at once, saying what is wrong`, async (t) => {
      if (value !== undefined) await moto.put('callback', value);
      const handler = start(t, moto);
      t.equal(await handler.exited, 1);
      t.match(handler.lines.at(-1), { level: 'fatal', event: 'boot_failed', reason: message });
      t.match(handler.lines.at(-1)?.['reason'], PARAMETERS.callback);
    });
  }

  await moto.put('callback', callback.privatePem);
  for (const [what, value, code] of [
    ['a P-256 key', p256.publicPem, 'KEY_NOT_RSA'],
    ['a 1024-bit RSA key', small.publicPem, 'KEY_WRONG_SIZE'],
    ['a 4096-bit RSA key', large.publicPem, 'KEY_WRONG_SIZE'],
    ['an empty value', ' ', 'KEY_EMPTY'],
    ['a private key', cosigner.privatePem, 'KEY_IS_PRIVATE'],
  ] as const) {
    await t.test(`${what} in place of the Co-signer’s: refused, and awaited`, async (t) => {
      await moto.put('cosigner', value);
      const handler = start(t, moto);
      const url = await handler.listening();
      t.match(await handler.line({ event: 'key_refused' }), {
        level: 'error',
        from: PARAMETERS.cosigner,
        code,
      });
      t.match(await health(url), { status: 'awaiting_cosigner_key' });
    });
  }

  await t.test('later, the good keys stay in force', async (t) => {
    await moto.put('cosigner', cosigner.publicPem);
    const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
    const url = await handler.listening();
    const before = await health(url);
    await moto.put('callback', callback.publicPem);
    t.match(await handler.line({ event: 'key_refused', key: 'callback' }), { code: 'KEY_IS_PUBLIC' });
    await moto.remove('cosigner');
    t.match(await handler.line({ event: 'key_missing', key: 'cosigner' }), { level: 'error' });
    t.match(await health(url), { callbackKey: before.callbackKey, cosignerKeys: before.cosignerKeys });
    const client = cosignerFor(t, url, cosigner, callback);
    t.ok((await client.ask('transaction', samplePayload('transaction'))).answer);
  });
});
