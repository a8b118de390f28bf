// Tests `npm run policy -- limits` on a store in a directory.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../../cli/policy/program.js';
import { subjectFromData, subjectToData } from '../../../../src/memory/transaction-data.js';
import type { Counter, Share } from '../../../../src/policy/limits/counter.js';
import { counterFromJson, counterToJson } from '../../../../src/policy/limits/counter-json.js';
import { bucketAt } from '../../../../src/policy/limits/window.js';
import { Decimal } from '../../../../src/protocol/decimal.js';
import { createWriter, emptyHead, type Head, putHead } from '../../../../src/store/chain.js';
import { counterKey, HEADS, recordPartition, subjectKey } from '../../../../src/store/keys.js';
import { openStore } from '../../../../src/store/open.js';
import type { Table } from '../../../../src/store/table.js';
import { runInProcess } from '../../../helpers/cli.js';

const POLICY = `version: 1
limits:
  daily: { amount: tx.amount, per: [tx.sourceId, tx.asset], window: 24h, max: { "7 / ETH": 5, default: 100 } }
  count: { window: 1h, max: 10 }
rules: []
`;

const BUCKET = bucketAt({ type: 'sliding', ms: 86_400_000 }, Date.now());
const counterOf = (sum: string, bucket = BUCKET): Counter => ({
  buckets: [{ ...bucket, sum: new Decimal(sum) }],
});
const shareOf = (amount: string): Share => ({ limit: 'daily', key: '0 / ETH', amount, ...BUCKET });

/** @param at Unix time in ms of the last record @param keptSeconds how long it is kept */
function headOf(at: number, keptSeconds: number): Head {
  const expires = Math.ceil(at / 1000) + keptSeconds;
  return { ...emptyHead(createWriter(at), at, expires), sequence: 1 };
}

/** A store with counters, and a transaction that has shares in one of them. */
async function storeOf(t: Test) {
  const cwd = t.testdir({ 'policy.yaml': POLICY });
  const path = join(cwd, 'store');
  const use = async <Result>(action: (table: Table) => Promise<Result>): Promise<Result> => {
    const { table } = await openStore({ path });
    try {
      return await action(table);
    } finally {
      await table.close();
    }
  };
  const entry = { essentials: {}, at: 1 };
  const state = {
    entries: [
      { id: '', ...entry, shares: [shareOf('30.5')] },
      { id: '_2', ...entry, shares: [shareOf('4')] },
    ],
  };
  const hour = bucketAt({ type: 'sliding', ms: 3_600_000 }, Date.now());
  const counters = [
    [counterKey('daily', '0 / ETH'), counterOf('40.5')],
    [counterKey('daily', '7 / ETH'), counterOf('4.75')],
    [counterKey('daily', '9 / BTC'), counterOf('90', { from: 0, to: 1 })],
    [counterKey('count', ''), counterOf('3', hour)],
    [counterKey('gone', 'a#b'), counterOf('1')],
  ] as const;
  await use((table) =>
    table.write([
      { type: 'put', ...subjectKey('transaction:tx-1'), data: subjectToData(state) },
      ...counters.map(([key, counter]) => ({
        ...{ type: 'put' as const, ...key, data: JSON.stringify(counterToJson(counter)) },
      })),
    ]),
  );
  const run = (...args: readonly string[]) =>
    runInProcess(createPolicyProgram, ['limits', join(cwd, 'policy.yaml'), '--store-path', path, ...args]);
  return { run, use };
}

t.test('shows what is spent of each limit, the fullest counter first', async (t) => {
  const { run } = await storeOf(t);
  const { code, stdout } = await run();
  t.equal(code, 0);
  t.strictSame(stdout.split('\n'), [
    'limit  counter  spent  max  window',
    'daily  7 / ETH   4.75    5  24h     ███████████████████░  95 %',
    'daily  0 / ETH   40.5  100  24h     ████████░░░░░░░░░░░░  40 %',
    'daily  9 / BTC      0  100  24h     ░░░░░░░░░░░░░░░░░░░░   0 %',
    'count  -            3   10  1h      ██████░░░░░░░░░░░░░░  30 %',
    'gone   a#b          ?    ?  ?',
    '',
    '1 counter of limits that the policy does not have',
    '',
  ]);
  t.match(JSON.parse((await run('--json')).stdout), {
    counters: [
      { limit: 'daily', key: '7 / ETH', spent: '4.75', max: '5', window: '24h', share: 0.95 },
      ...[{ key: '0 / ETH' }, { key: '9 / BTC' }, { limit: 'count' }, { limit: 'gone' }],
    ],
  });
});

t.test('gives back what one transaction was counted for, once, and records it', async (t) => {
  const { run, use } = await storeOf(t);
  const order = ['--release', 'tx-1', '--by', 'alice', '--reason', 'never sent'];
  const { code, stdout } = await run(...order);
  t.equal(code, 0);
  t.equal(
    stdout,
    'gave back 2 shares of tx-1, and recorded it:\n  daily, 0 / ETH: 30.5\n  daily, 0 / ETH: 4\n',
  );
  await use(async (table) => {
    const [counter, subject] = await table.read([
      counterKey('daily', '0 / ETH'),
      subjectKey('transaction:tx-1'),
    ]);
    t.equal(counterFromJson(JSON.parse(counter?.data ?? '')).buckets[0]?.sum.toFixed(), '6');
    t.strictSame(
      subjectFromData(subject?.data).entries.map(({ shares }) => shares),
      [[], []],
    );
    const records: string[] = [];
    for await (const { sort } of table.query(HEADS)) {
      for await (const { data } of table.query(recordPartition(sort))) records.push(data);
    }
    t.match(records[0], /"type":"start"/);
    t.match(records[1], /"type":"released".*"by":"alice".*"txId":"tx-1".*"reason":"never sent"/);
  });
  const again = await run(...order);
  t.match(again, { code: 2, stderr: /the transaction tx-1 has no share in any limit/ });
});

t.test('the record of a release is kept as long as the service keeps its own', async (t) => {
  const { run, use } = await storeOf(t);
  const service = headOf(Date.now(), 30 * 86_400);
  await use((table) => table.write([putHead(service, 0)]));
  await run('--release', 'tx-1', '--by', 'alice', '--reason', 'never sent');
  await use(async (table) => {
    const kept: number[] = [];
    for await (const { sort, expires = Infinity } of table.query(HEADS)) {
      if (sort === service.writer) continue;
      kept.push(expires);
      for await (const record of table.query(recordPartition(sort))) kept.push(record.expires ?? Infinity);
    }
    t.equal(kept.length, 3, 'the head and two records');
    for (const expires of kept) t.equal(Math.round((expires - Date.now() / 1000) / 86_400), 30);
  });
});

t.test('refuses a release without a name or a reason, and one of an unknown transaction', async (t) => {
  const { run } = await storeOf(t);
  t.match(await run('--release', 'tx-1'), { code: 2, stderr: /--release needs --by.*and --reason/ });
  t.match(await run('--by', 'alice'), { code: 2, stderr: /need --release/ });
  const unknown = ['--release', 'other', '--by', 'alice', '--reason', 'x'];
  t.match(await run(...unknown), { code: 2, stderr: /the transaction other has no share in any limit/ });
});

t.test('fails on a counter that can’t be read', async (t) => {
  const { run, use } = await storeOf(t);
  await use((table) => table.write([{ type: 'put', ...counterKey('count', ''), data: '{"buckets":[[1]]}' }]));
  await t.rejects(run(), { code: 'COUNTER_INVALID' });
});
