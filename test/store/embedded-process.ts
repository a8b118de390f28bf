// A process that uses an embedded store, for the tests: `embedded-process.js MODE DIRECTORY`.
import { writeSync } from 'node:fs';
import { open } from 'lmdb';
import { openEmbedded } from '../../src/store/embedded.js';

const [mode, directory = ''] = process.argv.slice(2);
const print = (line: string): number => writeSync(1, `${line}\n`);

switch (mode) {
  case 'count':
    await count();
    break;
  case 'claim':
    await claim();
    break;
  case 'lock':
    lock();
    break;
}

/** Counts two items up together as quickly as it can, and prints each number once it is written. */
async function count(): Promise<void> {
  const table = await openEmbedded(directory);
  const keys = ['one', 'two'].map((sort) => ({ partition: 'count', sort }));
  for (;;) {
    const items = await table.read(keys);
    const next = Number(items[0]?.data.split(' ')[0] ?? 0) + 1;
    const conflicts = await table.write(
      keys.map((key, place) => ({
        type: 'put',
        ...key,
        // Of several pages.
        data: `${next} ${'x'.repeat(10_000)}`,
        seen: items[place]?.version ?? 0,
      })),
    );
    if (conflicts.length === 0) print(String(next));
  }
}

/** Claims 1 of 18 for each of 20 concurrent requests, and prints how many it got. */
async function claim(): Promise<void> {
  const table = await openEmbedded(directory);
  const key = { partition: 'claims', sort: 'sum' };
  const one = async (): Promise<boolean> => {
    for (;;) {
      const [item] = await table.read([key]);
      const sum = Number(item?.data ?? 0) + 1;
      if (sum > 18) return false;
      const conflicts = await table.write([
        { type: 'put', ...key, data: String(sum), seen: item?.version ?? 0 },
      ]);
      if (conflicts.length === 0) return true;
    }
  };
  const claimed = await Promise.all(Array.from({ length: 20 }, one));
  print(String(claimed.filter(Boolean).length));
  await table.close();
}

/** Holds the lock of writers until it is killed. */
function lock(): void {
  const database = open({ path: directory, noSubdir: false, overlappingSync: false });
  database.transactionSync(() => {
    print('locked');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  });
}
