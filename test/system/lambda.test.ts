// Tests the built Lambda function as a process on the runtime API. moto_server emulates SSM, DynamoDB and S3.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { samplePayload, signToken } from '../../cli/cosigner/request.js';
import { type Head, readHead } from '../../src/store/chain.js';
import { HEADS, recordPartition } from '../../src/store/keys.js';
import { StoredBlobs } from '../../src/store/stored-blobs.js';
import type { Table } from '../../src/store/table.js';
import { awsProxy } from '../helpers/aws-proxy.js';
import { forgetfulNetwork } from '../helpers/forgetful-network.js';
import { rsaPair } from '../helpers/keys.js';
import { ask, BUCKET, environment, lambdaAccount, policy } from '../helpers/lambda-account.js';
import { albEvent, type LambdaFunction, startFunction } from '../helpers/lambda.js';
import { allItems, replaceAll } from '../helpers/table-items.js';

/** How long an environment is frozen. With 200, the periods are the default ones, as in production. */
const FREEZE_SECONDS = Number(process.env['LAMBDA_FREEZE_SECONDS'] ?? 3);
const SHORT_PERIODS = { KEY_REFRESH_SECONDS: '1', POLICY_REFRESH_SECONDS: '2' };
/** Longer than twice the longer one of them, in ms. */
const LONG_FREEZE_MS = 5000;
const PERIODS: Readonly<Record<string, string>> = FREEZE_SECONDS >= 120 ? {} : SHORT_PERIODS;
const KILLS = 5;
/** Longer than everything else at the start takes, shorter than the start waits, in ms. */
const SLOW_WRITE_MS = 1000;
/** How often a store that counts as lost is looked at, in ms. */
const LOSS_CHECK_MS = 5000;
/** How long connections to AWS are kept without use, in ms. */
const IDLE_MS = 5000;

async function account(t: Test) {
  const created = await lambdaAccount(t);
  return { ...created, env: { ...created.env, ...PERIODS } };
}

/** Lets an environment stand still, as Lambda does between two events. */
async function freeze({ handler }: LambdaFunction, meanwhile: () => Promise<unknown>): Promise<void> {
  handler.child.kill('SIGSTOP');
  const frozen = sleep(FREEZE_SECONDS * 1000);
  await meanwhile();
  await frozen;
}

/** The request is handed over as the environment thaws. */
function thaw<Result>({ handler }: LambdaFunction, request: Promise<Result>): Promise<Result> {
  handler.child.kill('SIGCONT');
  return request;
}

const TIMEOUT = { timeout: (FREEZE_SECONDS * 4 + 120) * 1000 };

t.test('after a freeze, the first answer is by what is stored then', TIMEOUT, async (t) => {
  const { env, callback, cosigner, put } = await account(t);
  const lambda = await environment(t, env);
  t.match(await ask(lambda.client(cosigner, callback)), { answer: { action: 'APPROVE' } });

  const [nextCallback, nextCosigner] = [rsaPair(), rsaPair()];
  await freeze(lambda, async () => {
    await put('callback', nextCallback.privatePem);
    await put('cosigner', nextCosigner.publicPem);
    await put('policy', policy('reject'));
  });
  const next = lambda.client(nextCosigner, nextCallback);
  t.match(await thaw(lambda, ask(next)), {
    status: 200,
    answer: { action: 'REJECT', rejectionReason: 'Changed.' },
  });
  t.match(await ask(lambda.client(cosigner, nextCallback)), { status: 401 }, 'the old key is not trusted');

  await freeze(lambda, () => put('stop', 'RETRY'));
  t.match(await thaw(lambda, ask(next)), { status: 200, answer: { action: 'RETRY' } });
  await freeze(lambda, () => put('stop', 'RUN'));
  t.match(await thaw(lambda, ask(next)), { status: 200, answer: { action: 'REJECT' } });
});

t.test('after a long freeze, decides nothing by what can’t be read again', TIMEOUT, async (t) => {
  const { endpoint, env, callback, cosigner, put } = await account(t);
  const proxy = await awsProxy(t, endpoint);
  const lambda = await environment(t, { ...env, ...SHORT_PERIODS, AWS_ENDPOINT_URL: proxy.endpoint });
  const client = lambda.client(cosigner, callback);
  t.match(await ask(client), { answer: { action: 'APPROVE' } });
  lambda.handler.child.kill('SIGSTOP');
  await put('policy', policy('reject'));
  await sleep(LONG_FREEZE_MS);
  proxy.before = ({ service }) => (service === 'ssm' ? { status: 500, body: '{}' } : undefined);
  t.match(await thaw(lambda, ask(client)), { status: 200, answer: { action: 'RETRY' } });
  await lambda.handler.line({ event: 'stale', which: 'policy' });
  proxy.before = () => undefined;
  await sleep(Number(SHORT_PERIODS.POLICY_REFRESH_SECONDS) * 1000);
  t.match(await ask(client), { status: 200, answer: { action: 'REJECT', rejectionReason: 'Changed.' } });
});

t.test(
  'after a freeze in which connections were forgotten, the first answer is not late',
  TIMEOUT,
  async (t) => {
    const { endpoint, env, callback, cosigner, put } = await account(t);
    const proxy = await awsProxy(t, endpoint, { keepAliveMs: 600_000 });
    const network = await forgetfulNetwork(t, proxy.endpoint);
    const lambda = await environment(t, { ...env, ...SHORT_PERIODS, AWS_ENDPOINT_URL: network.endpoint });
    const client = lambda.client(cosigner, callback);
    t.match(await ask(client), { answer: { action: 'APPROVE' } });
    lambda.handler.child.kill('SIGSTOP');
    t.ok(network.forget() > 2, 'connections were kept');
    await put('policy', policy('reject'));
    await sleep(IDLE_MS);
    const { answer, durationMs } = await thaw(lambda, ask(client));
    t.match(answer, { action: 'REJECT', rejectionReason: 'Changed.' });
    t.ok(durationMs < 2500, `${durationMs} ms`);
  },
);

t.test(
  'what was answered is logged, recorded and sealed if the environment never thaws',
  TIMEOUT,
  async (t) => {
    const { env, table, s3, callback, cosigner, put } = await account(t);
    await put('candidate', policy('reject'));
    for (let kill = 0; kill < KILLS; kill++) {
      const lambda = await environment(t, env);
      const payload = samplePayload('transaction');
      const client = lambda.client(cosigner, callback);
      t.match(await ask(client), { answer: { action: 'APPROVE' } });
      const { answer } = await ask(client, payload);
      lambda.handler.child.kill('SIGSTOP');
      t.equal(answer?.action, 'APPROVE');
      lambda.handler.child.kill('SIGKILL');
      await lambda.handler.exited;

      const { requestId } = payload;
      const logged = lambda.handler.lines.filter((line) => line['requestId'] === requestId);
      t.match(logged, [{ event: 'decision', action: 'APPROVE' }, { event: 'candidate_differs' }]);
      const records = await recordsOf(table);
      const ours = records.find(({ data }) => data.includes(String(requestId)));
      t.ok(ours, 'recorded');
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'heads/' }));
      const last = (await headsOf(table)).find(({ writer }) => writer === ours?.writer);
      t.equal(last?.sequence, 3, 'the start record, and two decisions');
      t.ok(
        Contents.some(({ Key = '' }) => Key.includes(`/${last?.writer}/`) && Key.includes(`.${last?.hash}.`)),
        'the last one is sealed',
      );
    }
  },
);

/** Ends the process at the moment at which it would return an answer. */
const KILL_AT_ANSWER = `
import { createRequire } from 'node:module';
const http = createRequire('/')('http');
const { request } = http;
http.request = (options, ...rest) => {
  if (options.path?.endsWith('/response')) process.kill(process.pid, 'SIGKILL');
  return request(options, ...rest);
};`;

t.test('is not taken for overloaded after a freeze', TIMEOUT, async (t) => {
  const { env, callback, cosigner } = await account(t);
  const lambda = await environment(t, env);
  const { child } = lambda.handler;
  child.kill('SIGSTOP');
  await sleep(1500);
  child.kill('SIGCONT');
  // What is looked at begins anew here, so that nearly all of it is the second freeze.
  await sleep(10);
  child.kill('SIGSTOP');
  await sleep(4000);
  t.match(await thaw(lambda, ask(lambda.client(cosigner, callback))), { status: 200 });
});

t.test('has logged everything before it returns the answer', TIMEOUT, async (t) => {
  const { env, cosigner, put } = await account(t);
  await put('policy', 'version: 1\nrules: []\n');
  await put(
    'candidate',
    'version: 1\nrules: [{ id: all, for: transaction, when: "true", action: approve }]\n',
  );
  const preload = `data:text/javascript,${encodeURIComponent(KILL_AT_ANSWER)}`;
  const lambda = await startFunction(t, {
    cwd: t.testdir(),
    env: { ...env, STORE_TABLE: '', STORE_ARCHIVE: '' },
    nodeArgs: ['--import', preload],
  });
  const token = signToken(samplePayload('transaction'), cosigner.privateKey);
  const request = { method: 'POST', url: '/callback/v2/tx_sign_request', headers: {} };
  t.match(await lambda.invoke(albEvent(request, Buffer.from(token))), { isError: true });
  t.match(lambda.handler.lines.slice(-2), [{ event: 'decision' }, { event: 'candidate_differs' }]);
});

t.test('has written its start record before it can be frozen', TIMEOUT, async (t) => {
  const { endpoint, env, table } = await account(t);
  const proxy = await awsProxy(t, endpoint);
  proxy.before = ({ action }) =>
    action === 'TransactWriteItems' ? sleep(SLOW_WRITE_MS, undefined) : undefined;
  const lambda = await startFunction(t, {
    cwd: t.testdir(),
    env: { ...env, AWS_ENDPOINT_URL: proxy.endpoint },
  });
  await lambda.ready;
  t.match(await recordsOf(table), [{ data: /"type":"start"/ }]);
});

t.test('has kept a list that was read for a request before it can be frozen', TIMEOUT, async (t) => {
  const { endpoint, env, table, s3, put } = await account(t);
  const proxy = await awsProxy(t, endpoint);
  const lambda = await environment(t, { ...env, AWS_ENDPOINT_URL: proxy.endpoint });
  proxy.before = ({ service }) => (service === 'dynamodb' ? sleep(SLOW_WRITE_MS, undefined) : undefined);
  const list = '0x0000000000000000000000000000000000000001\n';
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'payees.txt', Body: list }));
  await put('policy', `lists: { payees: { from: "s3://${BUCKET}/payees.txt" } }\n${policy('approve')}`);
  await sleep(Number(PERIODS['POLICY_REFRESH_SECONDS'] ?? 60) * 1000);
  t.match(await lambda.invoke(albEvent({ method: 'GET', url: '/health', headers: {} }, Buffer.from(''))), {
    body: { statusCode: 200, body: /"payees":/ },
  });
  const sha256 = createHash('sha256').update(list).digest('hex');
  t.equal(String(await new StoredBlobs(table).get(sha256)), list);
});

async function headsOf(table: Table): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for await (const item of table.query(HEADS)) {
    const head = readHead(item);
    if (head !== undefined) heads.push(head);
  }
  return heads;
}

async function recordsOf(table: Table) {
  const records: { readonly writer: string; readonly data: string }[] = [];
  for (const { writer } of await headsOf(table)) {
    for await (const { data } of table.query(recordPartition(writer))) records.push({ writer, data });
  }
  return records;
}

t.test('a store that was lost is noticed, and its return as well', TIMEOUT, async (t) => {
  const { env, client, callback, cosigner } = await account(t);
  const lambda = await environment(t, env);
  const asking = lambda.client(cosigner, callback);
  t.match(await ask(asking), { answer: { action: 'APPROVE' } });
  const table = env['STORE_TABLE'] ?? '';
  const items = await allItems(client, table);
  await replaceAll(client, table, []);
  t.match(await ask(asking), { answer: { action: 'RETRY' } });
  t.match(await ask(asking), { answer: { action: 'RETRY' } });
  await lambda.handler.line({ event: 'store_lost' });
  lambda.handler.child.kill('SIGSTOP');
  await replaceAll(client, table, items);
  await sleep(LOSS_CHECK_MS);
  t.match(await thaw(lambda, ask(asking)), { answer: { action: 'APPROVE' } });
});

t.test('while SSM hangs, one answer waits, and the later ones do not', TIMEOUT, async (t) => {
  const { endpoint, env, callback, cosigner } = await account(t);
  const proxy = await awsProxy(t, endpoint);
  const lambda = await environment(t, { ...env, AWS_ENDPOINT_URL: proxy.endpoint });
  const client = lambda.client(cosigner, callback);
  t.match(await ask(client), { answer: { action: 'APPROVE' } });
  proxy.before = ({ service }) => (service === 'ssm' ? new Promise(() => undefined) : undefined);
  await sleep(Number(PERIODS['POLICY_REFRESH_SECONDS'] ?? 60) * 1000);
  const first = await ask(client);
  t.match(first, { answer: { action: 'APPROVE' } });
  t.ok(first.durationMs > 4500 && first.durationMs < 6500, `${first.durationMs} ms`);
  for (let later = 0; later < 5; later++) {
    const { durationMs, answer } = await ask(client);
    t.equal(answer?.action, 'APPROVE');
    t.ok(durationMs < 4000, `${durationMs} ms`);
    await sleep(1500);
  }
  await lambda.handler.line({ event: 'key_refresh_failed' });
});

t.test('reports an event that is not HTTP, and goes on', TIMEOUT, async (t) => {
  const { env, callback, cosigner } = await account(t);
  const lambda = await environment(t, env);
  for (const event of [null, 'text', {}, { Records: [] }]) {
    t.match(await lambda.invoke(event), { isError: true, body: { errorType: 'EVENT_UNREADABLE' } });
  }
  t.match(await ask(lambda.client(cosigner, callback)), { answer: { action: 'APPROVE' } });
});

t.test('ends gracefully by SIGTERM', TIMEOUT, async (t) => {
  const { env, callback, cosigner } = await account(t);
  const lambda = await environment(t, env);
  await ask(lambda.client(cosigner, callback));
  const startedAt = performance.now();
  t.equal(await lambda.handler.stop(), 0);
  t.ok(performance.now() - startedAt < 1000);
  t.match(lambda.handler.lines.at(-1), { event: 'stopped' });
});
