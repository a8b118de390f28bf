// Tests the commands for the store with the table and the archive of a deployment, as an operator runs them.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { archiveBucket } from '../../infra/names.js';
import { EXAMPLE_FILE, SETTINGS_FILE } from '../../infra/settings.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { awsProxy } from '../helpers/aws-proxy.js';
import { ROOT, runAudit, runExpect, runHolds, runStore } from '../helpers/cli.js';
import { motoStore } from '../helpers/moto-store.js';
import { OPERATOR_KEY } from '../helpers/operator-calls.js';
import { REGION } from '../helpers/operator.js';

t.test('audit, expect, holds and store work with a deployed table', async (t) => {
  const moto = await motoStore(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const bucket = archiveBucket(NAMES, '123456789012', REGION);
  const s3 = new S3Client({ ...clientOptions(moto.endpoint), forcePathStyle: true });
  await s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: REGION },
    }),
  );
  const env = {
    ...moto.env,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: OPERATOR_KEY,
  };
  const cwd = t.testdir();
  const created = await runStore(['create', '--table', NAMES.table], {
    cwd,
    env: { ...moto.env, AWS_REGION: REGION },
  });
  t.equal(created.code, 0, created.stderr);
  const table = ['--table', NAMES.table];
  const place = [...table, '--archive', `s3://${bucket}/archive`];

  const added = await runExpect(['add', join(ROOT, 'examples/payouts.json'), ...table], { cwd, env });
  t.equal(added.code, 0, added.stderr);
  const listed = await runExpect(['list', ...table], { cwd, env });
  t.match(listed.stdout, 'payout-1002');
  const removed = await runExpect(['remove', 'payout-1002', ...table], { cwd, env });
  t.equal(removed.code, 0, removed.stderr);
  const verified = await runAudit(['verify', ...place], { cwd, env });
  t.equal(verified.code, 0, `${verified.stdout}${verified.stderr}`);

  mkdirSync(join(cwd, 'infra'));
  cpSync(join(ROOT, EXAMPLE_FILE), join(cwd, SETTINGS_FILE));
  const byEnvironment = { cwd, env: { ...env, AWS_REGION: 'us-east-1' } };
  const holds = await runHolds(['-e', 'dev'], byEnvironment);
  t.match(holds, { code: 0, stderr: '' });
  const accepted = await runStore(['accept', '-e', 'dev', '--yes'], byEnvironment);
  t.match(accepted.stdout, `table ${NAMES.table} lacks nothing`);
  t.match(await runHolds(['-e', 'dev', '-r', 'us-east-1'], byEnvironment), {
    code: 1,
    stderr: /REGION_DIFFERS/,
  });
});
