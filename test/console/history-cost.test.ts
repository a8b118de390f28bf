// What each page costs in DynamoDB: the calls. No page scans the table.
import '../helpers/needs-moto.js';
import t from 'tap';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { awsProxy } from '../helpers/aws-proxy.js';
import { pagesApp } from '../helpers/console-pages.js';
import { MemoryBlobs } from '../helpers/memory-blobs.js';
import { motoStore } from '../helpers/moto-store.js';
import { decisionAt, RecordWriter } from '../helpers/record-writer.js';

const START = Date.parse('2026-11-24T10:00:00Z');
const HOUR = 3_600_000;
const POLICY = `version: 1
limits:
  all: { amount: tx.amount, window: 24h, max: "10" }
  each: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: { "1": "5", default: "3" } }
rules: []
`;

t.test('calls of each page', { timeout: 120_000 }, async (t) => {
  const moto = await motoStore(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const table = new DynamoTable(await moto.createTable(), {
    createClient: () => moto.client(proxy.endpoint),
  });
  t.teardown(() => table.close());
  const writers = [0, 1, 2].map((place) => new RecordWriter(table, START + place * 1000));
  for (let hour = 0; hour < 48; hour++) {
    for (const [place, writer] of writers.entries()) {
      const at = START + hour * HOUR + place * 1000;
      const ids = [0, 1, 2, 3, 4].map((number) => `${place}-${hour}-${number}`);
      await writer.write(
        ids.map((id) => decisionAt(at, id)),
        at,
      );
    }
  }
  const options = { table, blobs: new MemoryBlobs(), policy: parsePolicy(POLICY, 'test') };
  const app = pagesApp({ ...options, now: () => START + 48 * HOUR });
  t.teardown(() => app.close());
  const callsOf = async (url: string) => {
    proxy.calls.length = 0;
    const { statusCode } = await app.inject({ url });
    t.ok([200, 404].includes(statusCode), `${url}: ${statusCode}`);
    const counted: Record<string, number> = {};
    for (const { action } of proxy.calls) counted[action] = (counted[action] ?? 0) + 1;
    return counted;
  };
  t.strictSame(
    await callsOf('/history'),
    { Query: 5 },
    'the heads, and small chunks: 16 records of each writer, and more of one',
  );
  t.strictSame(
    await callsOf('/history?day=2026-11-24'),
    { Query: 7, BatchGetItem: 7 },
    'halves of 240 records, all writers in one read',
  );
  t.strictSame(
    await callsOf('/history?rule=none'),
    { Query: 13 },
    'all 720 records: heads, and 16, 64, 128 and 32 of each writer',
  );
  t.strictSame(await callsOf('/history/1-40-2'), { Query: 4 }, 'answers and holds of both kinds');
  t.strictSame(await callsOf('/limits'), { Query: 7, BatchGetItem: 2 });
  t.strictSame(await callsOf('/policy'), {});
});
