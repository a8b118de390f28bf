import '../helpers/needs-moto.js';
import { createHash } from 'node:crypto';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import t from 'tap';
import { openStore } from '../../src/store/open.js';
import { motoStore } from '../helpers/moto-store.js';

const EXPIRES = Math.ceil(Date.now() / 1000) + 1000;
const small = Buffer.from('a policy');
const large = Buffer.alloc(400_000, 'x');
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

t.test('opens a directory, with blobs of any size in it', async (t) => {
  const { table, blobs } = await openStore({ path: t.testdir() });
  for (const bytes of [small, large]) {
    await blobs.put(hashOf(bytes), bytes, EXPIRES);
    t.ok((await blobs.get(hashOf(bytes)))?.equals(bytes));
  }
  t.match(table.name, /^store /);
  await table.close();
});

t.test('opens a table, with large blobs in the archive if there is one', async (t) => {
  const moto = await motoStore(t);
  Object.assign(process.env, moto.env);
  const s3 = new S3Client();
  t.teardown(() => s3.destroy());
  await s3.send(
    new CreateBucketCommand({
      Bucket: 'archive',
      CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
    }),
  );
  const name = await moto.createTable();
  const archive = { bucket: 'archive', prefix: 'blobs/' };
  const { table, blobs } = await openStore({ table: name, archive });
  for (const bytes of [small, large]) {
    await blobs.put(hashOf(bytes), bytes, EXPIRES);
    t.ok((await blobs.get(hashOf(bytes)))?.equals(bytes));
  }
  t.equal(table.name, `table ${name}`);
  await table.close();
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket: 'archive' }));
  t.strictSame(
    Contents?.map(({ Key }) => Key),
    [`blobs/${hashOf(large)}`],
  );

  const without = await openStore({ table: name });
  t.equal(await without.blobs.get(hashOf(large)), undefined);
  await without.blobs.put(hashOf(large), large, EXPIRES);
  t.ok((await without.blobs.get(hashOf(large)))?.equals(large));
  await without.table.close();
});
