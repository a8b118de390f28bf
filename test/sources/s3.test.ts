// Tests S3 errors, which a server in the test simulates. Successful reads are tested with an emulator in test/system.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import { objectReader } from '../../src/sources/s3.js';

const object = { url: 's3://bucket/lists/a b.txt' };

/** Reads from a server that responds like this. */
async function readerFor(t: Test, status: number, body: string, seen: string[] = []) {
  const server = createServer((request, response) => {
    seen.push(`${request.url} ${request.headers['if-none-match'] ?? ''}`);
    const headers = { 'content-type': 'application/xml', 'content-length': body.length, etag: '"1"' };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  t.teardown(() => client.destroy());
  return objectReader(client);
}

const errorBody = (code: string): string => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;

t.test('says what to do about an error, and whether a retry may help', async (t) => {
  const errors = [
    [
      'AccessDenied',
      403,
      false,
      /S3 denies access to s3:\/\/bucket\/lists\/a b.txt.*s3:GetObject on it, and kms:Decrypt/,
    ],
    ['NoSuchKey', 404, false, /a b.txt does not exist \(NoSuchKey\): upload it/],
    ['NoSuchBucket', 404, false, /does not exist \(NoSuchBucket\)/],
    ['InvalidAccessKeyId', 403, false, /does not accept the credentials/],
    ['ExpiredToken', 400, false, /does not accept the credentials/],
    ['PermanentRedirect', 301, false, /in a bucket of another region/],
    ['SlowDown', 503, true, /can't be read from S3: SlowDown/],
    ['InternalError', 500, true, /can't be read from S3: InternalError/],
    ['InvalidRequest', 400, false, /can't be read from S3: InvalidRequest/],
  ] as const;
  for (const [code, status, transient, message] of errors) {
    const read = await readerFor(t, status, errorBody(code));
    await t.rejects(read(object, 100), { name: 'SourceError', transient, message }, code);
  }
  const read = await readerFor(t, 403, errorBody('AccessDenied'));
  await t.rejects(read({ ...object, version: 'v1' }, 100), {
    message: /grant the task role s3:GetObjectVersion/,
  });
});

t.test('reads an object, its version, and nothing if it is unchanged', async (t) => {
  const seen: string[] = [];
  const read = await readerFor(t, 200, 'content', seen);
  t.match(await read(object, 100), { stamp: '"1"', bytes: Buffer.from('content') });
  await read({ ...object, version: 'v1' }, 100, '"1"');
  t.match(seen, [/^\/bucket\/lists\/a%20b\.txt\?x-id=GetObject $/, /versionId=v1.* "1"$/]);
  const unchanged = await readerFor(t, 304, '');
  t.equal(await unchanged(object, 100, '"1"'), undefined);
});

t.test('does not read an object that is too large', async (t) => {
  const read = await readerFor(t, 200, 'content');
  t.equal(await read(object, 6), 'too large');
});

t.test('nothing listens: transient', async (t) => {
  const client = new S3Client({
    ...{ endpoint: 'http://127.0.0.1:1', region: 'x', maxAttempts: 1 },
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  await t.rejects(objectReader(client)(object, 100), { transient: true, message: /ECONNREFUSED/ });
});
