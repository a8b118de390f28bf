// Tests that the built Lambda function starts in the time that Lambda gives, or reports why it can't, and no secret.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { awsProxy } from '../helpers/aws-proxy.js';
import { ask, environment, lambdaAccount } from '../helpers/lambda-account.js';
import { RUNTIME, startFunction } from '../helpers/lambda.js';
import { PARAMETERS } from '../helpers/moto.js';
import { freePort } from '../helpers/port.js';

const TIMEOUT = { timeout: 120_000 };
/** How often a store that counts as lost is looked at, in ms. */
const LOSS_CHECK_MS = 5000;

/** @returns the error that was reported to Lambda */
async function assertFails(t: Test, env: Readonly<Record<string, string>>): Promise<string> {
  const startedAt = performance.now();
  const lambda = await startFunction(t, { cwd: t.testdir(), env });
  t.equal(await lambda.handler.exited, 1);
  t.ok(performance.now() - startedAt < 9000, `${performance.now() - startedAt} ms`);
  t.match(lambda.handler.failure(), { level: 'fatal', event: 'boot_failed' });
  return JSON.stringify(await lambda.initError);
}

const NAMES = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'eu-central-1',
  CALLBACK_PRIVATE_KEY_PARAMETER: PARAMETERS.callback,
  COSIGNER_PUBLIC_KEY_PARAMETER: PARAMETERS.cosigner,
  POLICY_PARAMETER: PARAMETERS.policy,
};

t.test('without SSM, reports it and exits in the time that Lambda gives', TIMEOUT, async (t) => {
  const error = await assertFails(t, { ...NAMES, AWS_ENDPOINT_URL: `http://127.0.0.1:${await freePort()}` });
  t.match(error, /"SOURCE_UNREADABLE".*SSM Parameter Store/);
});

t.test('with an SSM that does not respond, reports it and exits in time', TIMEOUT, async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const error = await assertFails(t, { ...NAMES, AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}` });
  t.match(error, /"SOURCE_UNREADABLE".*SSM Parameter Store/);
});

t.test('reports a wrong configuration, and no secret', TIMEOUT, async (t) => {
  t.match(await assertFails(t, { ...NAMES, STORE_PATH: '/tmp/store' }), /CONFIG_INVALID.*STORE_PATH/);
  const { env, put } = await lambdaAccount(t);
  const secret = randomUUID();
  await put('callback', `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----`);
  const error = await assertFails(t, env);
  t.match(error, /CALLBACK_KEY_UNUSABLE/);
  t.notMatch(error, secret);
});

t.test('outside of Lambda, names the variable that is missing', TIMEOUT, (t) => {
  for (const address of [undefined, '']) {
    const env = { ...process.env, AWS_LAMBDA_RUNTIME_API: address };
    const { status, stdout, stderr } = spawnSync(process.execPath, [RUNTIME], { env, encoding: 'utf8' });
    t.equal(status, 1);
    t.equal(stdout, '');
    t.match(stderr, /^AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it; .*\n$/);
  }
  t.end();
});

t.test('starts although the store hangs, which costs RETRY until it responds', TIMEOUT, async (t) => {
  const { endpoint, env, callback, cosigner } = await lambdaAccount(t);
  const proxy = await awsProxy(t, endpoint);
  let respond: () => void = () => undefined;
  const responding = new Promise<undefined>((resolve) => (respond = () => resolve(undefined)));
  proxy.before = ({ service }) => (service === 's3' ? responding : undefined);
  const lambda = await environment(t, { ...env, AWS_ENDPOINT_URL: proxy.endpoint });
  const client = lambda.client(cosigner, callback);
  t.match(await ask(client), { status: 200, answer: { action: 'RETRY' } });
  respond();
  await sleep(LOSS_CHECK_MS);
  t.match(await ask(client), { status: 200, answer: { action: 'APPROVE' } });
});
