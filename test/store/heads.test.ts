import '../helpers/needs-moto.js';
import { appendFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { test, type Test } from 'tap';
import type { Head } from '../../src/store/chain.js';
import { fileHeadStore, headsFile } from '../../src/store/file-heads.js';
import { type HeadStore, isAccepted } from '../../src/store/heads.js';
import { s3HeadStore } from '../../src/store/s3-heads.js';
import { motoServer } from '../helpers/moto.js';

const ACCEPTANCE = { at: '2026-11-26T12:00:00.000Z', by: 'Ann', heads: [headOf('a', 7)] };

/** @param letter of the writer */
function headOf(letter: string, sequence: number, at = '2026-11-26T10:15:00.000Z'): Head {
  const writer = `20261126T101500Z-${letter.repeat(12)}`;
  return { writer, sequence, hash: letter.repeat(64), at, expires: 1_830_247_200 };
}

async function everSealed(store: HeadStore): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for await (const head of store.everSealed()) heads.push(head);
  return heads;
}

/** What both implementations do. */
async function sealsAndAccepts(t: Test, store: HeadStore): Promise<void> {
  t.same(await store.sealed(), []);
  t.same(await everSealed(store), []);
  t.same(await store.acceptances(), []);

  await store.seal([headOf('a', 1), headOf('b', 5, '2026-11-26T11:00:00.000Z')]);
  await store.seal([headOf('a', 2, '2026-11-26T10:16:00.000Z')]);
  await store.seal([headOf('c', 9, '2026-11-28T00:00:00.000Z')]);
  t.same(await store.sealed(), [
    headOf('c', 9, '2026-11-28T00:00:00.000Z'),
    headOf('b', 5, '2026-11-26T11:00:00.000Z'),
    headOf('a', 2, '2026-11-26T10:16:00.000Z'),
  ]);
  t.equal((await everSealed(store)).length, 4);

  await store.accept(ACCEPTANCE);
  t.same(await store.acceptances(), [ACCEPTANCE]);
  t.equal((await store.sealed()).length, 3);
}

test('heads are sealed in a file', async (t) => {
  await sealsAndAccepts(t, fileHeadStore(join(t.testdir(), 'store.heads')));
});

test('heads are sealed in S3', async (t) => {
  const moto = await motoServer(t);
  const createClient = (): S3Client =>
    new S3Client({
      endpoint: moto.endpoint,
      region: 'eu-central-1',
      forcePathStyle: true,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    });
  const client = createClient();
  const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' } as const;
  await client.send(new CreateBucketCommand({ Bucket: 'heads', CreateBucketConfiguration }));
  for (const prefix of ['', 'some/prefix/']) {
    await sealsAndAccepts(t, s3HeadStore({ bucket: 'heads', prefix }, createClient));
  }

  const store = s3HeadStore({ bucket: 'heads', prefix: 'again/' }, createClient);
  await store.seal([headOf('a', 1)]);
  await store.seal([headOf('a', 1)]);
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: 'heads', Prefix: 'again/' }),
  );
  t.equal(Contents.length, 1, 'a sealed head is never replaced');

  await t.rejects(s3HeadStore({ bucket: 'absent', prefix: '' }, createClient).sealed(), {
    code: 'STORE_FAILED',
    message: /^archive s3:\/\/absent\/ can't be listed: /,
  });
});

test('the newest head of each writer is found at the end of a long file', async (t) => {
  const file = join(t.testdir(), 'store.heads');
  const lines = Array.from({ length: 40_000 }, (_, place) => `${JSON.stringify(headOf('a', place + 1))}\n`);
  writeFileSync(file, lines.join(''));
  const store = fileHeadStore(file);
  await store.seal([headOf('b', 1)]);
  t.same(new Set((await store.sealed()).map(({ sequence }) => sequence)), new Set([40_000, 1]));
});

test('half a line, left by a process that was killed, spoils no other', async (t) => {
  const file = join(t.testdir(), 'store.heads');
  const store = fileHeadStore(file);
  await store.seal([headOf('a', 1)]);
  appendFileSync(file, JSON.stringify(headOf('b', 1)).slice(0, 50));
  await store.seal([headOf('c', 1)]);
  t.equal((await store.sealed()).length, 2);
  t.equal(statSync(file).mode & 0o777, 0o600);
});

test('a file that can’t be used is an error of the store', async (t) => {
  const store = fileHeadStore(join(t.testdir({ file: '' }), 'file', 'store.heads'));
  await t.rejects(store.seal([headOf('a', 1)]), { code: 'STORE_FAILED', message: /ENOTDIR/ });
  await t.rejects(store.sealed(), { code: 'STORE_FAILED' });
});

test('the file is beside the directory of the store', (t) => {
  t.equal(headsFile('.local/store/'), '.local/store.heads');
  t.end();
});

test('an acceptance covers a writer’s head and those before it', (t) => {
  t.ok(isAccepted(headOf('a', 7), [ACCEPTANCE]));
  t.ok(isAccepted(headOf('a', 6), [ACCEPTANCE]));
  t.notOk(isAccepted(headOf('a', 8), [ACCEPTANCE]));
  t.notOk(isAccepted(headOf('b', 7), [ACCEPTANCE]));
  t.notOk(isAccepted({ ...headOf('a', 7), hash: 'b'.repeat(64) }, [ACCEPTANCE]));
  t.end();
});
