// Tests the real process with its keys in SSM, which moto_server emulates.
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { CreateAccessKeyCommand, CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { startLoad } from '../helpers/load.js';
import { type Pair, p256Pair, rsaPair, withPem } from '../helpers/keys.js';
import { type Moto, motoServer, PARAMETERS } from '../helpers/moto.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler, until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();
const p256 = p256Pair();
const p384 = withPem(generateKeyPairSync('ec', { namedCurve: 'P-384' }));
const small = rsaPair(1024);
const large = rsaPair(3072);

function start(t: Test, moto: Moto, env: Record<string, string> = {}): Handler {
  return startHandler(t, { built: true, cwd: t.testdir(), env: { ...moto.env, ...env } });
}

function clientFor(t: Test, url: string, sender: Pair, ...callbacks: Pair[]): Cosigner {
  const client = createCosigner({
    url,
    keys: { privateKey: sender.privateKey, callbackPublicKeys: callbacks.map(({ publicKey }) => publicKey) },
  });
  t.teardown(() => client.close());
  return client;
}

/** A client that accepts the answers of those handler keys that the test accepts when a request is sent. */
function createRotatingClient(t: Test, url: string, callbacks: () => readonly Pair[]): () => Cosigner {
  let accepted: readonly Pair[] = [];
  let client: Cosigner | undefined;
  return () => {
    if (client === undefined || accepted !== callbacks()) {
      accepted = callbacks();
      client = clientFor(t, url, cosigner, ...accepted);
    }
    return client;
  };
}

async function isAnswered(client: Cosigner): Promise<boolean> {
  return (await client.send('transaction', samplePayload('transaction'))).answer !== undefined;
}

interface Health {
  readonly status: string;
  readonly callbackKey: string;
  readonly callbackAlgorithm: string;
  readonly cosignerKeys: readonly string[];
}

async function health(url: string): Promise<Health> {
  return (await (await fetch(`${url}/health`)).json()) as never;
}

// The first test spends a minute waiting, so the others run in parallel.
t.jobs = 2;

t.test('without SSM at startup, exits with 1 after retrying for a minute', async (t) => {
  const moto = await motoServer(t, { started: false });
  const startedAt = performance.now();
  const handler = start(t, moto);
  t.equal(await handler.exited, 1);
  const seconds = (performance.now() - startedAt) / 1000;
  t.ok(seconds > 55 && seconds < 75, `after ${seconds.toFixed(1)} s`);
  t.ok(handler.lines.filter(({ event }) => event === 'key_load_retry').length > 5);
  t.match(handler.failure(), { level: 'fatal', event: 'boot_failed', reason: /can't be read from SSM/ });
});

t.test('with SSM', async (t) => {
  const moto = await motoServer(t);
  t.beforeEach(async () => {
    await moto.reset();
    await moto.put('callback', callback.privatePem);
    await moto.put('cosigner', cosigner.publicPem);
  });

  for (const type of ['SecureString', 'String'] as const) {
    t.test(`starts with keys stored as ${type}`, async (t) => {
      await moto.put('callback', callback.privatePem, type);
      await moto.put('cosigner', cosigner.publicPem, type);
      const handler = start(t, moto);
      const url = await handler.listening();
      t.match(await handler.line({ event: 'key_loaded', key: 'callback' }), { from: PARAMETERS.callback });
      t.ok(await isAnswered(clientFor(t, url, cosigner, callback)));
      t.notMatch(handler.stderr(), /LOCAL MODE/);
    });
  }

  t.test('starts without a Co-signer key, and serves requests once one is stored', async (t) => {
    await moto.remove('cosigner');
    const handler = start(t, moto);
    const url = await handler.listening();
    await handler.line({ event: 'awaiting_cosigner_key', from: PARAMETERS.cosigner });
    t.match(await health(url), { status: 'awaiting_cosigner_key', cosignerKeys: [] });
    const client = clientFor(t, url, cosigner, callback);
    const send = () => client.send('transaction', samplePayload('transaction'));
    t.match(await send(), { status: 503, body: /awaiting_cosigner_key/ });

    await moto.put('cosigner', cosigner.publicPem);
    const answered = await until(async () => (await send()).answer, 10_000);
    t.match(answered, { action: 'REJECT' });
    t.match(await health(url), { status: 'ok', cosignerKeys: [String] });
    t.ok(handler.child.pid !== undefined && handler.child.exitCode === null, 'without a restart');
  });

  t.test('rotates both keys under load without a failed request', async (t) => {
    const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
    const url = await handler.listening();
    const before = await health(url);
    const nextCallback = rsaPair();
    const nextCosigner = rsaPair();

    let client = clientFor(t, url, cosigner, callback, nextCallback);
    const load = startLoad(() => client, 8);
    const isInForce = (condition: (now: typeof before) => boolean) =>
      until(async () => condition(await health(url)) || undefined, 10_000);

    await moto.put('cosigner', cosigner.publicPem + nextCosigner.publicPem);
    t.ok(await isInForce(({ cosignerKeys }) => cosignerKeys.length === 2), 'both Co-signer keys are trusted');
    client = clientFor(t, url, nextCosigner, callback, nextCallback);
    // Wait for more responses than there are connections, so that every request signed with the old key has been
    // answered.
    await load.untilAnswered(50);
    await moto.put('cosigner', nextCosigner.publicPem);
    t.ok(
      await isInForce(({ cosignerKeys }) => cosignerKeys.length === 1),
      'the old one is not trusted any more',
    );
    await moto.put('callback', nextCallback.privatePem);
    t.ok(await isInForce(({ callbackKey }) => callbackKey !== before.callbackKey), 'the callback key is new');
    await load.untilAnswered(50);
    await load.stop();

    t.ok(load.answered.size > 100, `${load.answered.size} requests were answered`);
    t.strictSame([...load.failed.values()], []);
    const after = await health(url);
    t.match(await handler.line({ event: 'key_loaded', msg: 'callback key replaced' }), {
      before: [before.callbackKey],
      after: [after.callbackKey],
    });
    t.ok(
      await isAnswered(clientFor(t, url, nextCosigner, nextCallback)),
      'answers are signed with the new key',
    );
  });

  t.test(
    'rotates the callback key from RS256 to ES256 and back under load without a failed request',
    async (t) => {
      const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
      const url = await handler.listening();
      let accepted = [callback];
      const client = createRotatingClient(t, url, () => accepted);
      const load = startLoad(() => client(), 8);
      await load.untilAnswered(50);

      for (const [next, algorithm] of [
        [p256, 'ES256'],
        [rsaPair(), 'RS256'],
      ] as const) {
        // Both keys are accepted only while the change is on its way.
        accepted = [...accepted, next];
        await moto.put('callback', next.privatePem);
        const isNew = async () => (await health(url)).callbackAlgorithm === algorithm || undefined;
        t.ok(await until(isNew, 10_000), `${algorithm} is in force`);
        // Every request sent before has been answered.
        await load.untilAnswered(50);
        accepted = [next];
        await load.untilAnswered(50);
        await handler.line({ event: 'key_loaded', key: 'callback', algorithm, msg: 'callback key replaced' });
      }
      await load.stop();
      t.ok(load.answered.size > 200, `${load.answered.size} requests were answered`);
      t.strictSame([...load.failed.values()], []);
    },
  );

  t.test('withdraws deleted and unusable Co-signer keys with KEY_WITHDRAWAL=refuse', async (t) => {
    const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1', KEY_WITHDRAWAL: 'refuse' });
    const url = await handler.listening();
    const client = clientFor(t, url, cosigner, callback);
    const send = () => client.send('transaction', samplePayload('transaction'));
    const isRefused = async () => (await send()).status === 503 || undefined;
    const isAccepted = async () => (await isAnswered(client)) || undefined;
    t.ok(await isAnswered(client));

    await moto.remove('cosigner');
    t.ok(await until(isRefused, 10_000));
    t.match(await health(url), { status: 'awaiting_cosigner_key', cosignerKeys: [] });
    t.match(await handler.line({ event: 'key_withdrawn' }), { level: 'error', from: PARAMETERS.cosigner });
    await moto.put('cosigner', cosigner.publicPem);
    t.ok(await until(isAccepted, 10_000));

    await moto.put('cosigner', 'revoked');
    t.ok(await until(isRefused, 10_000));
    await handler.line({ event: 'key_withdrawn', code: 'KEY_NOT_PEM' });
    await moto.put('callback', 'revoked');
    await moto.put('cosigner', cosigner.publicPem);
    t.ok(await until(isAccepted, 10_000), 'the callback key is never withdrawn');
  });

  t.test('logs a read of SSM that hangs, and continues once SSM responds again', async (t) => {
    let hangs = false;
    const port = await freePort();
    const open = new Set<Socket>();
    const silent = new Set<Socket>();
    const forwarder = createServer((socket) => {
      socket.on('error', () => undefined);
      // A half-open connection: open, but nothing ever comes back.
      if (hangs) silent.add(socket);
      else socket.pipe(connect(Number(new URL(moto.endpoint).port), '127.0.0.1')).pipe(socket);
      open.add(socket);
    }).listen(port, '127.0.0.1');
    await once(forwarder, 'listening');
    t.teardown(() => {
      for (const socket of open) socket.destroy();
      forwarder.close();
    });

    const handler = start(t, moto, {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      KEY_REFRESH_SECONDS: '1',
    });
    const url = await handler.listening();
    hangs = true;
    // The SDK keeps a connection open: it must open a new one.
    for (const socket of open) socket.destroy();
    t.match(await handler.line({ event: 'key_refresh_failed' }, 30_000), {
      reason: /no response within 10 s/,
    });
    t.ok(silent.size > 0);
    t.ok(await isAnswered(clientFor(t, url, cosigner, callback)), 'requests are served with the known keys');
    hangs = false;
    await moto.put('cosigner', cosigner.publicPem + rsaPair().publicPem);
    await handler.line({ event: 'key_loaded', msg: 'cosigner key replaced' }, 30_000);
  });

  t.test('keeps serving requests while SSM is unreachable, and rereads it afterwards', async (t) => {
    const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
    const url = await handler.listening();
    await moto.stop();
    t.match(await handler.line({ event: 'key_refresh_failed' }), {
      level: 'error',
      reason: /can't be read from SSM/,
    });
    const client = clientFor(t, url, cosigner, callback);
    t.ok(await isAnswered(client));
    await moto.start();
    await moto.put('callback', callback.privatePem);
    await moto.put('cosigner', cosigner.publicPem + rsaPair().publicPem);
    await handler.line({ event: 'key_loaded', msg: 'cosigner key replaced' });
    t.ok(await isAnswered(client));
  });

  t.test('starts once SSM becomes reachable', async (t) => {
    const port = await freePort();
    const handler = start(t, moto, { AWS_ENDPOINT_URL: `http://127.0.0.1:${port}` });
    await handler.line({ event: 'key_load_retry' });
    const forwarder = createServer((socket) => {
      socket.pipe(connect(Number(new URL(moto.endpoint).port), '127.0.0.1')).pipe(socket);
    }).listen(port, '127.0.0.1');
    await once(forwarder, 'listening');
    t.teardown(() => forwarder.close());
    t.ok(await isAnswered(clientFor(t, await handler.listening(30_000), cosigner, callback)));
  });

  t.test('without permission, exits with 1 at once and names the missing permissions', async (t) => {
    const iam = new IAMClient({
      endpoint: moto.endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
    await iam.send(new CreateUserCommand({ UserName: 'without-permissions' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'without-permissions' }));
    // moto starts to enforce permissions after this number of requests.
    const enforceAfter = (requests: string) =>
      fetch(`${moto.endpoint}/moto-api/reset-auth`, { method: 'POST', body: requests });
    await enforceAfter('0');
    t.teardown(() => enforceAfter('inf'));
    const startedAt = performance.now();
    const handler = start(t, moto, {
      AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
    });
    t.equal(await handler.exited, 1);
    t.ok(performance.now() - startedAt < 20_000);
    t.match(handler.failure(), {
      level: 'fatal',
      reason: /denies access to .*ssm:GetParameters.*kms:Decrypt/,
    });
  });

  for (const [what, value, message] of [
    ['no callback private key', undefined, /There is no callback private key at/],
    ['a P-384 callback private key', p384.privatePem, /EC key on the curve secp384r1 \(P-384\)/],
    ['a 1024-bit callback private key', small.privatePem, /1024 bits/],
    ['a 3072-bit callback private key', large.privatePem, /3072 bits/],
    ['an empty callback private key', ' ', /it is empty/],
    ['a public key as the callback private key', callback.publicPem, /contains a public key/],
  ] as const) {
    t.test(`with ${what}, exits with 1 at once and gives the reason`, async (t) => {
      if (value === undefined) await moto.remove('callback');
      else await moto.put('callback', value);
      const handler = start(t, moto);
      t.equal(await handler.exited, 1);
      t.match(handler.failure(), { level: 'fatal', event: 'boot_failed', reason: message });
      t.match(handler.failure()?.['reason'], PARAMETERS.callback);
    });
  }

  for (const [what, value, code] of [
    ['a P-256 Co-signer key', p256.publicPem, 'KEY_NOT_RSA'],
    ['a 1024-bit Co-signer key', small.publicPem, 'KEY_WRONG_SIZE'],
    ['a 3072-bit Co-signer key', large.publicPem, 'KEY_WRONG_SIZE'],
    ['an empty Co-signer key', ' ', 'KEY_EMPTY'],
    ['a private key as the Co-signer key', cosigner.privatePem, 'KEY_IS_PRIVATE'],
  ] as const) {
    t.test(`with ${what}, starts and waits for a usable one`, async (t) => {
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

  t.test('keeps its keys if unusable keys are stored or a parameter is deleted', async (t) => {
    const handler = start(t, moto, { KEY_REFRESH_SECONDS: '1' });
    const url = await handler.listening();
    const before = await health(url);
    await moto.put('callback', callback.publicPem);
    t.match(await handler.line({ event: 'key_refused', key: 'callback' }), { code: 'KEY_IS_PUBLIC' });
    await moto.remove('cosigner');
    t.match(await handler.line({ event: 'key_missing', key: 'cosigner' }), { level: 'error' });
    t.match(await health(url), { callbackKey: before.callbackKey, cosignerKeys: before.cosignerKeys });
    t.ok(await isAnswered(clientFor(t, url, cosigner, callback)));
  });
});
