// Tests the real process with a store that is slow, throttled, refused, gone, back, emptied or restored: only RETRY until
// it is known again what was counted, and nothing is lost.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { type AwsCall, type AwsProxy, awsProxy, json } from '../helpers/aws-proxy.js';
import { runAudit, runStore } from '../helpers/cli.js';
import { storeWorld } from '../helpers/moto-store.js';
import { type Handler, startHandler, until } from '../helpers/process.js';
import { allItems, replaceAll } from '../helpers/table-items.js';

const MAX = 6;
const POLICY = `version: 1
limits:
  payouts: { window: 24h, max: "${MAX}" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;
const BUCKET = 'archive';
/** The Co-signer waits this long. */
const COSIGNER_MS = 30_000;

interface World {
  readonly proxy: AwsProxy;
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly start: () => Promise<Running>;
}

interface Running {
  readonly handler: Handler;
  readonly ask: (id?: string) => Promise<string | undefined>;
}

async function world(t: Test): Promise<World> {
  const { moto, cwd, keys, env: direct } = await storeWorld(t, POLICY);
  await createBucket(moto.endpoint);
  const proxy = await awsProxy(t, moto.endpoint);
  const env = { ...direct, AWS_ENDPOINT_URL: proxy.endpoint, STORE_ARCHIVE: `s3://${BUCKET}/records` };
  const client = moto.client();
  t.teardown(() => client.destroy());
  return {
    ...{ proxy, client, table: env.STORE_TABLE, env, cwd },
    async start() {
      const handler = startHandler(t, { built: true, cwd, env });
      const cosigner = createCosigner({ url: await handler.listening(60_000), keys });
      t.teardown(() => cosigner.close());
      return { handler, ask: (id = randomUUID()) => ask(t, cosigner, id) };
    },
  };
}

async function createBucket(endpoint: string): Promise<void> {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const s3 = new S3Client({ endpoint, credentials, region: 'eu-central-1', forcePathStyle: true });
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration }));
  s3.destroy();
}

async function ask(t: Test, cosigner: Cosigner, id: string): Promise<string | undefined> {
  const payload: Payload = {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: '1' },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: '1' }],
  };
  const { answer, durationMs, problem } = await cosigner.send('transaction', payload);
  t.ok(durationMs < COSIGNER_MS, 'the Co-signer gets an answer in time');
  return answer?.action ?? problem;
}

const isStore = ({ service }: AwsCall): boolean => service === 'dynamodb';
const refusal = (type: string, message: string) =>
  json({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message }, 400);

const FAULTS: Readonly<Record<string, AwsProxy['before']>> = {
  slow: async (call) => {
    if (isStore(call)) await sleep(5000);
    return undefined;
  },
  throttled: (call) =>
    isStore(call) ? refusal('ProvisionedThroughputExceededException', 'too many requests') : undefined,
  refused: (call) => (isStore(call) ? refusal('AccessDeniedException', 'not authorized') : undefined),
  'without its table': (call) =>
    isStore(call) ? refusal('ResourceNotFoundException', 'no table') : undefined,
  gone: (call) => {
    if (isStore(call)) throw new Error('gone');
    return undefined;
  },
};

t.test('a store that fails costs RETRY, and nothing is lost', { timeout: 240_000 }, async (t) => {
  const { proxy, start } = await world(t);
  const { ask, handler } = await start();
  t.equal(await ask('before'), 'APPROVE');
  let counted = 1;
  for (const [name, fault] of Object.entries(FAULTS)) {
    proxy.before = fault;
    t.equal(await ask(name), 'RETRY', name);
    t.equal(await ask('before'), 'RETRY', `${name}: not even a known answer`);
    proxy.before = () => undefined;
    t.equal(await untilFinal(() => ask(name)), 'APPROVE', `after it was ${name}`);
    counted++;
  }
  t.ok(handler.lines.some(({ event, throttled }) => event === 'store_failed' && throttled === true));
  t.equal(counted, MAX);
  t.equal(await ask(), 'REJECT', 'each was counted, and once');
});

t.test('a write whose response is lost is found out, and counted once', { timeout: 120_000 }, async (t) => {
  const { proxy, start } = await world(t);
  const { ask } = await start();
  for (let count = 0; count < MAX; count++) {
    let lost = false;
    proxy.after = (call) => {
      if (call.action !== 'TransactWriteItems' || lost) return undefined;
      lost = true;
      throw new Error('the response is lost');
    };
    t.equal(await untilFinal(() => ask(`tx-${count}`)), 'APPROVE');
    t.ok(lost);
  }
  t.equal(await ask(), 'REJECT');
});

t.test(
  'a store that was emptied or restored costs RETRY until that is accepted',
  { timeout: 240_000 },
  async (t) => {
    const { client, table, start, env, cwd } = await world(t);
    const running = await start();
    t.equal(await running.ask(), 'APPROVE');
    const backup = await allItems(client, table);
    t.equal(await running.ask(), 'APPROVE');
    // Seals its last head.
    const stopping = await start();
    t.equal(await stopping.ask(), 'APPROVE');
    t.equal(await stopping.handler.stop(), 0);

    const idle = await start();
    await replaceAll(client, table, backup);
    t.equal(await idle.ask(), 'RETRY', 'a process that has decided nothing notices it');
    t.equal(await running.ask(), 'RETRY', 'restored from before the last decisions');
    const fresh = await start();
    t.equal(await fresh.ask(), 'RETRY', 'a new process notices it too');
    await fresh.handler.line({ event: 'store_lost' });
    await replaceAll(client, table, []);
    t.equal(await running.ask(), 'RETRY', 'emptied');
    t.equal(await fresh.ask(), 'RETRY');

    const accept = await runStore(
      ['accept', '--table', table, '--archive', env['STORE_ARCHIVE'] ?? '', '--by', 'alice', '--yes'],
      { cwd, env },
    );
    t.equal(accept.code, 0, accept.stderr);
    for (const { ask } of [running, fresh, idle]) t.equal(await untilFinal(ask), 'APPROVE', 'accepted');
    const place = ['--table', table, '--archive', env['STORE_ARCHIVE'] ?? ''];
    const audit = await runAudit(['verify', ...place], { cwd, env });
    t.equal(audit.code, 0, `what was recorded since is whole: ${audit.stdout}`);
  },
);

/** Asks again until the answer is final, as the Co-signer does. */
async function untilFinal(ask: () => Promise<string | undefined>): Promise<string | undefined> {
  return until(async () => {
    const action = await ask();
    return action === 'RETRY' ? undefined : action;
  }, 60_000);
}
