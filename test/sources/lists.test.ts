import { appendFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ListReference } from '../../src/policy/parse/catalog.js';
import { ListError, problemIn } from '../../src/policy/parse/problem.js';
import { ListReader } from '../../src/sources/lists.js';
import { SourceError } from '../../src/sources/source.js';
import type { Stamped } from '../../src/sources/stream.js';

const ONE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n';
const TWO = `${ONE}0x0000000000000000000000000000000000000001\n`;
/** Long ago, so that the file counts as complete. */
const EARLIER = new Date('2026-01-01');

const sha256Of = (content: string): string => createHash('sha256').update(content).digest('hex');

function reference(from: string, sha256?: string): ListReference {
  return { name: 'l', from, sha256, place: problemIn('policy.yaml', '') };
}

function directoryWith(t: Test, content: string) {
  const directory = t.testdir({ 'list.txt': content });
  const path = join(directory, 'list.txt');
  utimesSync(path, EARLIER, EARLIER);
  let time = EARLIER.getTime();
  const replace = (changed: string): void => {
    writeFileSync(`${path}.new`, changed);
    time += 1000;
    utimesSync(`${path}.new`, new Date(time), new Date(time));
    renameSync(`${path}.new`, path);
  };
  return { path, replace, reader: new ListReader(directory) };
}

t.test('reads a list from a file beside the policy, and again only if it has changed', async (t) => {
  const { reader, replace } = directoryWith(t, ONE);
  const first = await reader.read(reference('list.txt'));
  t.equal(first.sha256, sha256Of(ONE));
  t.equal(first.addresses.size, 1);
  t.equal(await reader.read(reference('list.txt')), first, 'the same object');
  replace(TWO);
  const second = await reader.read(reference('list.txt'));
  t.equal(second.addresses.size, 2);
  t.equal(second.sha256, sha256Of(TWO));
});

t.test('does not read a file again that it has refused, and takes the corrected one', async (t) => {
  const { reader, replace } = directoryWith(t, 'garbage\n');
  const error = await reader.read(reference('list.txt')).catch((reason: unknown) => reason);
  t.ok(error instanceof ListError);
  t.equal(
    await reader.read(reference('list.txt')).catch((reason: unknown) => reason),
    error,
    'the same error',
  );
  replace(ONE);
  t.equal((await reader.read(reference('list.txt'))).addresses.size, 1);
});

t.test('refuses a list that is not the pinned one', async (t) => {
  const { reader, replace } = directoryWith(t, ONE);
  const pinned = reference('list.txt', sha256Of(ONE));
  t.equal((await reader.read(pinned)).addresses.size, 1);
  replace(TWO);
  const error = await reader.read(pinned).catch((reason: unknown) => reason);
  t.match(error, {
    name: 'ListError',
    problems: [{ file: 'policy.yaml', message: /the policy demands the SHA-256/ }],
  });
  t.match((error as Error).message, new RegExp(sha256Of(TWO)));
});

t.test('waits until a file that is being written stays the same', async (t) => {
  const { reader, path } = directoryWith(t, ONE);
  writeFileSync(path, ONE);
  let writes = 0;
  const timer = setInterval(() => {
    if (writes++ < 4) appendFileSync(path, `0x${String(writes).padStart(40, '0')}\n`);
  }, 400);
  t.teardown(() => clearInterval(timer));
  t.equal((await reader.read(reference('list.txt'))).addresses.size, 5);
  t.ok(Date.now() - statSync(path).mtimeMs >= 900);
});

t.test('says why a file can’t be read', async (t) => {
  const { reader, path } = directoryWith(t, ONE);
  rmSync(path);
  await t.rejects(reader.read(reference('list.txt')), {
    name: 'SourceError',
    message: /^list.txt does not exist: create it/,
  });
  await t.rejects(reader.read(reference('.')), { name: 'SourceError', message: /^. is no file/ });
});

t.test('policies that use the same file share what was read of it', async (t) => {
  const { reader, path } = directoryWith(t, ONE);
  const [one, other] = await Promise.all([reader.read(reference('list.txt')), reader.read(reference(path))]);
  t.equal(one, other);
});

t.test('asks S3 for the content only if it has changed', async (t) => {
  const asked: (string | undefined)[] = [];
  let stored: Stamped | undefined = {
    bytes: Buffer.from(ONE),
    sha256: sha256Of(ONE),
    durationMs: 1,
    stamp: '"1"',
  };
  const reader = new ListReader('.', ({ url }, maxBytes, knownEtag) => {
    t.equal(url, 's3://bucket/list.txt');
    t.equal(maxBytes, 100_000_000);
    asked.push(knownEtag);
    return Promise.resolve(stored?.stamp === knownEtag ? undefined : stored);
  });
  const from = reference('s3://bucket/list.txt');
  const first = await reader.read(from);
  t.equal(await reader.read(from), first);
  stored = { ...stored, bytes: Buffer.from(TWO.slice(0, -1)), stamp: '"2"' };
  await t.rejects(reader.read(from), ListError);
  await t.rejects(reader.read(from), ListError);
  t.strictSame(asked, [undefined, '"1"', '"1"', '"2"']);
});

t.test('refuses an object that is too large without reading it', async (t) => {
  const reader = new ListReader('.', () => Promise.resolve('too large'));
  await t.rejects(reader.read(reference('s3://b/l')), {
    name: 'ListError',
    problems: [{ file: 's3://b/l', message: /larger than 100 MB/ }],
  });
});

t.test('a failed read does not block the next one', async (t) => {
  let reads = 0;
  const reader = new ListReader('.', () =>
    reads++ === 0
      ? Promise.reject(new SourceError('away', { transient: true }))
      : Promise.resolve({ bytes: Buffer.from(ONE), sha256: '', durationMs: 1, stamp: '1' }),
  );
  await t.rejects(reader.read(reference('s3://b/l')), { message: 'away' });
  t.equal((await reader.read(reference('s3://b/l'))).addresses.size, 1);
});
