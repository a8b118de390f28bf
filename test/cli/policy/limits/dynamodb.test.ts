// Tests `npm run policy -- limits` on a table in DynamoDB: what it shows, changes and reads.
import '../../../helpers/needs-moto.js';
import { join } from 'node:path';
import t from 'tap';
import { subjectFromData, subjectToData } from '../../../../src/memory/transaction-data.js';
import { counterFromJson, counterToJson } from '../../../../src/policy/limits/counter-json.js';
import { bucketAt } from '../../../../src/policy/limits/window.js';
import { Decimal } from '../../../../src/protocol/decimal.js';
import { DynamoTable } from '../../../../src/store/dynamodb.js';
import { counterKey, HEADS, recordKey, recordPartition, subjectKey } from '../../../../src/store/keys.js';
import { awsProxy } from '../../../helpers/aws-proxy.js';
import { runPolicy } from '../../../helpers/cli.js';
import { motoStore } from '../../../helpers/moto-store.js';

const POLICY = `version: 1
limits:
  daily: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: 100 }
rules: []
`;
const BUCKET = bucketAt({ type: 'sliding', ms: 86_400_000 }, Date.now());
const SHARE = { limit: 'daily', key: '7', amount: '30.5', ...BUCKET };
/** DynamoDB reads 1 MB a page, whatever the filter leaves of it. */
const RECORDS = 8;
const RECORD_BYTES = 300_000;
const PAGES = 3;

const moto = await motoStore(t);
const proxy = await awsProxy(t, moto.endpoint);
const name = await moto.createTable();
const table = new DynamoTable(name, { createClient: () => moto.client() });
t.teardown(() => table.close());
for (let sequence = 1; sequence <= RECORDS; sequence++) {
  await table.write([{ type: 'put', ...recordKey('w', sequence), data: 'x'.repeat(RECORD_BYTES) }]);
}
const state = { entries: [{ id: '', essentials: {}, shares: [SHARE], at: 1 }] };
await table.write([
  { type: 'put', ...subjectKey('transaction:tx-1'), data: subjectToData(state) },
  ...[7, 8, 9].map((source) => {
    const counter = { buckets: [{ ...BUCKET, sum: new Decimal(10 * source + 0.5) }] };
    const data = JSON.stringify(counterToJson(counter));
    return { type: 'put' as const, ...counterKey('daily', String(source)), data };
  }),
]);
const cwd = t.testdir({ 'policy.yaml': POLICY });

/** @returns what was printed, and the calls of DynamoDB */
async function run(...args: readonly string[]) {
  proxy.calls.length = 0;
  const ran = await runPolicy(['limits', join(cwd, 'policy.yaml'), '--table', name, ...args], {
    cwd,
    env: { ...moto.env, AWS_ENDPOINT_URL: proxy.endpoint },
  });
  return { ...ran, calls: proxy.calls.map(({ action }) => action) };
}

t.test('shows all counters of a table of several pages', async (t) => {
  const { code, stdout, calls } = await run('--json');
  t.equal(code, 0);
  t.match(JSON.parse(stdout), {
    counters: [
      { limit: 'daily', key: '9', spent: '90.5', max: '100', share: 0.905 },
      { limit: 'daily', key: '8', spent: '80.5' },
      { limit: 'daily', key: '7', spent: '70.5' },
    ],
  });
  t.ok(calls.length >= PAGES, `${calls.length} pages`);
  t.strictSame([...new Set(calls)], ['Scan'], 'it needs no other permission');
});

t.test('gives back what a transaction was counted for, without reading the whole table', async (t) => {
  const order = ['--release', 'tx-1', '--by', 'alice', '--reason', 'never sent'];
  const { code, stdout, calls } = await run(...order);
  t.equal(code, 0);
  t.match(stdout, /gave back 1 share of tx-1/);
  t.strictSame(calls, ['Query', 'BatchGetItem', 'BatchGetItem', 'TransactWriteItems']);
  const [counter, subject] = await table.read([counterKey('daily', '7'), subjectKey('transaction:tx-1')]);
  t.equal(counterFromJson(JSON.parse(counter?.data ?? '')).buckets[0]?.sum.toFixed(), '40');
  t.strictSame(subjectFromData(subject?.data).entries[0]?.shares, []);
  const records: string[] = [];
  for await (const { sort } of table.query(HEADS)) {
    for await (const { data } of table.query(recordPartition(sort))) records.push(data);
  }
  t.match(records.at(-1), /"type":"released".*"by":"alice".*"reason":"never sent"/);
  t.match(await run(...order), { code: 2, stderr: /the transaction tx-1 has no share in any limit/ });
});

t.test('says that the table can’t be read', async (t) => {
  const ran = await runPolicy(['limits', join(cwd, 'policy.yaml'), '--table', 'none'], {
    cwd,
    env: moto.env,
  });
  t.match(ran, { code: 1, stderr: /table none can't be read/ });
});
