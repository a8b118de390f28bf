import { createHash, randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import type { Blobs } from '../../src/store/blobs.js';
import { SplitBlobs } from '../../src/store/split-blobs.js';
import { type EmbeddedTable, openEmbedded } from '../../src/store/embedded.js';
import { blobKey } from '../../src/store/keys.js';
import { StoredBlobs } from '../../src/store/stored-blobs.js';
import { collect } from './suite.js';

const DAY = 24 * 60 * 60;
/** Unix time in seconds. */
const START = 1_700_000_000;

function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function openTable(t: Test, now = () => START * 1000): Promise<EmbeddedTable> {
  const table = await openEmbedded(t.testdir(), { now });
  t.teardown(() => table.close());
  return table;
}

/** Blobs in memory that count how often they are asked. */
function countingBlobs(): Blobs & { readonly puts: string[]; readonly gets: string[] } {
  const kept = new Map<string, Buffer>();
  const [puts, gets]: [string[], string[]] = [[], []];
  return {
    puts,
    gets,
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
    async put(sha256, bytes) {
      puts.push(sha256);
      kept.set(sha256, bytes);
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface is asynchronous
    async get(sha256) {
      gets.push(sha256);
      return kept.get(sha256);
    },
  };
}

t.test('keeps bytes of any size in parts', async (t) => {
  const table = await openTable(t);
  const blobs = new StoredBlobs(table);
  for (const [size, parts] of [
    [0, 1],
    [1, 1],
    [284_988, 1],
    [284_989, 2],
    [1_000_000, 4],
  ] as const) {
    const bytes = randomBytes(size);
    const sha256 = hashOf(bytes);
    t.equal(await blobs.get(sha256), undefined);
    await blobs.put(sha256, bytes, START + DAY);
    t.ok((await blobs.get(sha256))?.equals(bytes), `${size} bytes`);
    t.equal((await collect(table.query(blobKey(sha256, 0).partition))).length, parts);
  }
});

t.test('does not take a part for the whole', async (t) => {
  const table = await openTable(t);
  const blobs = new StoredBlobs(table);
  const bytes = randomBytes(700_000);
  const sha256 = hashOf(bytes);
  await blobs.put(sha256, bytes, START + DAY);
  await table.write([{ type: 'remove', ...blobKey(sha256, 2) }]);
  t.equal(await blobs.get(sha256), undefined, 'as if the writer had been killed');
  await blobs.put(sha256, bytes, START + DAY);
  t.ok((await blobs.get(sha256))?.equals(bytes), 'it is completed');
});

t.test('refuses altered bytes', async (t) => {
  const table = await openTable(t);
  const blobs = new StoredBlobs(table);
  const sha256 = hashOf(Buffer.from('a'));
  await table.write([
    { type: 'put', ...blobKey(sha256, 0), data: `1:${Buffer.from('b').toString('base64')}` },
  ]);
  await t.rejects(blobs.get(sha256), { code: 'STORE_FAILED', message: /it was altered$/ });
});

t.test('keeps a blob longer if it is still in use, and rarely writes it', async (t) => {
  let days = 0;
  const table = await openTable(t, () => (START + days * DAY) * 1000);
  const blobs = new StoredBlobs(table);
  const bytes = Buffer.from('a key');
  const sha256 = hashOf(bytes);
  const stored = async () => (await table.read([blobKey(sha256, 0)]))[0];
  for (; days < 90; days++) await blobs.put(sha256, bytes, START + (days + 100) * DAY);
  const item = await stored();
  t.ok((item?.expires ?? 0) >= START + (89 + 100) * DAY);
  t.equal(item?.version, 3, 'written once a month');
  days = 89 + 100 - 1;
  t.ok(await blobs.get(sha256));
});

t.test('keeps large blobs elsewhere', async (t) => {
  const [small, large] = [countingBlobs(), countingBlobs()];
  const blobs = new SplitBlobs(small, large);
  await blobs.put('small', Buffer.alloc(300 * 1024), START);
  await blobs.put('large', Buffer.alloc(300 * 1024 + 1), START);
  t.strictSame([small.puts, large.puts], [['small'], ['large']]);
  t.equal((await blobs.get('small'))?.length, 300 * 1024);
  t.strictSame(large.gets, []);
  t.equal((await blobs.get('large'))?.length, 300 * 1024 + 1);
  t.equal(await blobs.get('none'), undefined);
});
