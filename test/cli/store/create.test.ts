import '../../helpers/needs-moto.js';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import t from 'tap';
import { createStoreProgram } from '../../../cli/store/program.js';
import { runInProcess } from '../../helpers/cli.js';
import { motoStore } from '../../helpers/moto-store.js';

const moto = await motoStore(t);
Object.assign(process.env, moto.env);

const run = (...args: readonly string[]) => runInProcess(createStoreProgram, ['create', ...args]);

t.test('creates the table, and changes nothing the second time', async (t) => {
  t.match(await run('--table', 'callback-store'), {
    code: 0,
    stdout:
      'table callback-store: created, expiry turned on\n\nFor the handler: STORE_TABLE=callback-store\n',
  });
  const client = moto.client();
  t.teardown(() => client.destroy());
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'callback-store' }));
  t.match(Table, {
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  const expiry = await client.send(new DescribeTimeToLiveCommand({ TableName: 'callback-store' }));
  t.match(expiry.TimeToLiveDescription, { AttributeName: 'expires', TimeToLiveStatus: 'ENABLED' });

  t.match(await run('--table', 'callback-store'), {
    code: 0,
    stdout: /exists already, expiry was on already/,
  });
  const { stdout } = await run('--table', 'callback-store', '--json');
  t.strictSame(JSON.parse(stdout), { table: 'callback-store', created: false, expiryEnabled: false });
});

t.test('creates it in another region', async (t) => {
  t.match(await run('--table', 'callback-store', '--region', 'us-east-1'), { stdout: /: created,/ });
});

t.test('refuses a table with other keys', async (t) => {
  const client = moto.client();
  t.teardown(() => client.destroy());
  await client.send(
    new CreateTableCommand({
      TableName: 'other',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    }),
  );
  await t.rejects(run('--table', 'other'), {
    code: 'TABLE_DIFFERS',
    message: 'the table other exists with other keys (id HASH S)',
    next: 'choose another name with --table',
  });
});

t.test('needs a name', async (t) => {
  t.match(await run(), { code: 2, stderr: /required option '--table <name>' not specified/ });
});
