// Asserts what a decision costs in DynamoDB: the calls, and the read and write units, as DEPLOYMENT.md prices them.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { type AwsCall, awsProxy } from '../helpers/aws-proxy.js';
import { storeWorld } from '../helpers/moto-store.js';
import { ROOT } from '../helpers/paths.js';
import { startHandler } from '../helpers/process.js';

const POLICY = `version: 1
limits:
  payouts: { amount: tx.amount, window: 24h, max: "1000000" }
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;
const KB = 1024;

type Attributes = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

/** As DynamoDB counts: names and values, numbers at their digits. */
function sizeOf(item: Attributes): number {
  return Object.entries(item).reduce(
    (sum, [name, { S = '', N = '' }]) =>
      sum + Buffer.byteLength(name) + Buffer.byteLength(S) + Math.ceil(N.length / 2) + 1,
    0,
  );
}

interface Written {
  readonly Put?: { readonly Item: Attributes };
}

t.test('a decision with one limit reads once and writes once', { timeout: 120_000 }, async (t) => {
  const { moto, cwd, keys, env: direct } = await storeWorld(t, POLICY);
  const proxy = await awsProxy(t, moto.endpoint);
  const env = { ...direct, AWS_ENDPOINT_URL: proxy.endpoint };
  const handler = startHandler(t, { built: true, cwd, env });
  const cosigner = createCosigner({ url: await handler.listening(60_000), keys });
  t.teardown(() => cosigner.close());
  const ask = async () => {
    const payload = { ...samplePayload('transaction'), externalTxId: randomUUID() };
    const { answer } = await cosigner.send('transaction', payload);
    t.equal(answer?.action, 'APPROVE');
  };
  // The first one also keeps the policy and the keys, and the first record of the process.
  await ask();
  proxy.calls.length = 0;
  await ask();
  const calls = proxy.calls.filter(({ service }) => service === 'dynamodb');
  t.strictSame(
    calls.map(({ action }) => action),
    ['BatchGetItem', 'TransactWriteItems'],
  );
  const { reads, writes } = unitsOf(calls);
  t.comment(`${reads} read units; written: ${writes.join(', ')}`);
  const [read, write] = documented();
  t.equal(reads, read, 'read units as in DEPLOYMENT.md');
  t.equal(
    writes.reduce((sum, units) => sum + units, 0),
    write,
    'write units as in DEPLOYMENT.md',
  );
});

/** @returns read units, and the write units of each item, the largest first */
function unitsOf(calls: readonly AwsCall[]): { reads: number; writes: readonly number[] } {
  const [read, write] = calls.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  const requests = Object.values((read?.['RequestItems'] ?? {}) as Record<string, { Keys: unknown[] }>);
  const items = (write?.['TransactItems'] ?? []) as readonly Written[];
  const writes = items.map(({ Put }) => 2 * Math.ceil((Put === undefined ? 1 : sizeOf(Put.Item)) / KB));
  return {
    // What is read again is below 4 KB.
    reads: requests.reduce((sum, { Keys }) => sum + Keys.length, 0),
    writes: writes.sort((a, b) => b - a),
  };
}

/** @returns the sums in the guide's table */
function documented(): readonly number[] {
  const guide = readFileSync(join(ROOT, 'DEPLOYMENT.md'), 'utf8');
  const [, read, write] = /^\| \*\*a decision\*\* \| \*\*(\d+)\*\* \| \*\*(\d+)\*\* \|$/m.exec(guide) ?? [];
  return [Number(read), Number(write)];
}
