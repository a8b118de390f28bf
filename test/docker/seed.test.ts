// Tests what docker/seed.ts creates for the local copy of production.
import '../helpers/needs-moto.js';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DescribeTableCommand, DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetObjectLockConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { tableDefinition } from '../../src/store/table-definition.js';
import { ROOT } from '../helpers/cli.js';
import { motoServer } from '../helpers/moto.js';

const run = promisify(execFile);

t.test('creates the table that the stack creates, and a bucket with Object Lock, once', async (t) => {
  const { endpoint, env } = await motoServer(t);
  const directory = t.testdir();
  const seed = () =>
    run(
      process.execPath,
      [
        join(import.meta.dirname, '../../docker/seed.js'),
        '--keys',
        directory,
        '--tls',
        join(directory, 'tls'),
      ],
      {
        cwd: ROOT,
        env: {
          ...process.env,
          ...env,
          POLICY_PARAMETER: '/fireblocks/test/policy',
          STORE_TABLE: 'callback-handler-store',
          STORE_ARCHIVE: 's3://callback-handler-archive/archive',
        },
      },
    );
  const first = await seed();
  t.match(
    first.stdout,
    /created +the table callback-handler-store\ncreated +the bucket callback-handler-archive/,
  );

  const options = {
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const dynamodb = new DynamoDBClient(options);
  const TableName = 'callback-handler-store';
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName }));
  const { BillingMode, ...definition } = tableDefinition(TableName);
  t.match(Table, { ...definition, BillingModeSummary: { BillingMode } });
  const { TimeToLiveDescription } = await dynamodb.send(new DescribeTimeToLiveCommand({ TableName }));
  t.match(TimeToLiveDescription, { AttributeName: 'expires', TimeToLiveStatus: 'ENABLED' });
  const s3 = new S3Client(options);
  t.match(await s3.send(new GetObjectLockConfigurationCommand({ Bucket: 'callback-handler-archive' })), {
    ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' },
  });

  t.notMatch((await seed()).stdout, 'created');
});
