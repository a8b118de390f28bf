import '../helpers/needs-moto.js';
import { createHash, randomBytes } from 'node:crypto';
import {
  CreateBucketCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { ArchiveBlobs } from '../../src/store/archive.js';
import { type AwsProxy, awsProxy } from '../helpers/aws-proxy.js';
import { motoStore } from '../helpers/moto-store.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const moto = await motoStore(t);
let buckets = 0;

interface Archive {
  readonly client: S3Client;
  readonly bucket: string;
  readonly proxy: AwsProxy;
  readonly blobs: ArchiveBlobs;
  /** How many versions of an object there are. */
  readonly versions: (sha256: string) => Promise<number>;
}

async function openArchive(t: Test, now = Date.now): Promise<Archive> {
  const proxy = await awsProxy(t, moto.endpoint);
  const createClient = (endpoint: string): S3Client =>
    new S3Client({
      endpoint,
      region: 'eu-central-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
    });
  const client = createClient(moto.endpoint);
  const Bucket = `archive-${++buckets}`;
  await client.send(
    new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }),
  );
  await client.send(
    new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  const place = { bucket: Bucket, prefix: 'blobs/' };
  const blobs = new ArchiveBlobs(place, { now, createClient: () => createClient(proxy.endpoint) });
  t.teardown(() => {
    client.destroy();
    blobs.destroy();
  });
  return {
    client,
    bucket: Bucket,
    proxy,
    blobs,
    async versions(sha256) {
      const { Versions } = await client.send(
        new ListObjectVersionsCommand({ Bucket, Prefix: `blobs/${sha256}` }),
      );
      return Versions?.length ?? 0;
    },
  };
}

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

t.test('keeps bytes under their hash, once', async (t) => {
  const { blobs, proxy, versions } = await openArchive(t);
  const bytes = randomBytes(500_000);
  const sha256 = hashOf(bytes);
  t.equal(await blobs.get(sha256), undefined);
  await blobs.put(sha256, bytes);
  t.ok((await blobs.get(sha256))?.equals(bytes));
  await blobs.put(sha256, bytes);
  t.equal(await versions(sha256), 1);
  t.equal(proxy.calls.filter(({ action }) => action.startsWith('PUT')).length, 1, 'it is not sent again');
});

t.test('accepts that another writer was quicker', async (t) => {
  const { blobs, proxy, versions } = await openArchive(t);
  const bytes = randomBytes(1000);
  const sha256 = hashOf(bytes);
  await blobs.put(sha256, bytes);
  proxy.before = ({ action }) => (action.startsWith('HEAD') ? { status: 404, body: '' } : undefined);
  await blobs.put(sha256, bytes);
  t.equal(await versions(sha256), 1);
});

t.test('stores an object again that is still in use after 30 days', async (t) => {
  let time = Date.now();
  const { blobs, versions } = await openArchive(t, () => time);
  const bytes = randomBytes(1000);
  const sha256 = hashOf(bytes);
  await blobs.put(sha256, bytes);
  time += 29 * DAY_MS;
  await blobs.put(sha256, bytes);
  t.equal(await versions(sha256), 1);
  time += 2 * DAY_MS;
  await blobs.put(sha256, bytes);
  t.equal(await versions(sha256), 2);
  t.ok((await blobs.get(sha256))?.equals(bytes));
});

t.test('refuses altered bytes', async (t) => {
  const { blobs, client, bucket } = await openArchive(t);
  const sha256 = hashOf(Buffer.from('a'));
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: `blobs/${sha256}`, Body: 'b' }));
  await t.rejects(blobs.get(sha256), { code: 'STORE_FAILED', message: /it was altered$/ });
});

t.test('says what went wrong, after repeating what may pass', async (t) => {
  const { blobs, proxy } = await openArchive(t);
  const sha256 = hashOf(Buffer.from('a'));
  const error = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;
  const headers = { 'content-type': 'application/xml' };
  let count = 0;
  proxy.before = () => (count++ === 0 ? { status: 503, body: error('SlowDown'), headers } : undefined);
  t.equal(await blobs.get(sha256), undefined);
  count = 0;
  proxy.before = ({ action }) =>
    action.startsWith('PUT') && count++ === 0
      ? { status: 409, body: error('ConditionalRequestConflict'), headers }
      : undefined;
  await blobs.put(sha256, Buffer.from('a'));
  t.ok(await blobs.get(sha256));
  proxy.before = () => ({ status: 403, body: error('AccessDenied'), headers });
  await t.rejects(blobs.get(sha256), {
    code: 'STORE_FAILED',
    message:
      /^archive s3:\/\/archive-\d+\/blobs\/ can't be read: AWS denies access \(AccessDenied\): grant .* s3:GetObject/,
  });
  await t.rejects(blobs.put(sha256, Buffer.from('a')), { message: /AWS denies access/, mayBeWritten: false });
  proxy.before = () => ({ status: 404, body: error('NoSuchBucket'), headers });
  await t.rejects(blobs.get(sha256), { message: /does not exist \(NoSuchBucket\)/ });
});
