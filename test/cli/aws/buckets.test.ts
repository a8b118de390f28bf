// Tests that buckets are emptied before their stack is deleted.
import '../../helpers/needs-moto.js';
import { CreateBucketCommand, PutObjectCommand, PutObjectLockConfigurationCommand } from '@aws-sdk/client-s3';
import t from 'tap';
import { emptyBucket } from '../../../cli/aws/buckets.js';
import { clientsFor } from '../../../cli/aws/clients.js';
import type { Session } from '../../../cli/aws/session.js';
import { motoServer } from '../../helpers/moto.js';

t.test('deletes objects that Object Lock keeps in governance mode only if asked to', async (t) => {
  const moto = await motoServer(t);
  Object.assign(process.env, moto.env);
  const aws = clientsFor('eu-central-1');
  const session = { aws } as unknown as Session;
  await aws.s3.send(
    new CreateBucketCommand({
      Bucket: 'archive',
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
    }),
  );
  await aws.s3.send(
    new PutObjectLockConfigurationCommand({
      Bucket: 'archive',
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 400 } },
      },
    }),
  );
  await aws.s3.send(new PutObjectCommand({ Bucket: 'archive', Key: 'archive/heads/1', Body: '{}' }));
  await t.rejects(emptyBucket(session, 'archive'), { code: 'BUCKET_NOT_EMPTIED' });
  t.equal(await emptyBucket(session, 'archive', { bypassGovernance: true }), 1);
  t.equal(await emptyBucket(session, 'archive', { bypassGovernance: true }), 0);
});
