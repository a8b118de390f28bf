// A process that uses an embedded store, for the tests: `embedded-process.js MODE DIRECTORY`.
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { open } from 'lmdb';
import { openEmbedded } from '../../src/store/embedded.js';

const [mode, directory = ''] = process.argv.slice(2);
const print = (line: string): number => writeSync(1, `${line}\n`);

switch (mode) {
  case 'put':
    await put();
    break;
  case 'count':
    await count();
    break;
  case 'claim':
    await claim();
    break;
  case 'fill':
    await fill();
    break;
  case 'lock':
    lock();
    break;
}

/** Writes one item. */
async function put(): Promise<void> {
  const table = await openEmbedded(directory);
  await table.write([{ type: 'put', partition: 'P', sort: 'a', data: 'other process', seen: 0 }]);
  await table.close();
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

/** Writes until the disk is full, and then makes room. Prints the error, and what can be read and written after it. */
async function fill(): Promise<void> {
  const table = await openEmbedded(directory);
  const item = (sort: string) => ({ partition: 'P', sort });
  for (let count = 1; count < 1000; count++) {
    try {
      await table.write([
        { type: 'put', ...item(String(count)), data: 'x'.repeat(100_000) },
        { type: 'put', ...item('last'), data: String(count) },
      ]);
    } catch (error) {
      print((error as Error).message);
      const [last, failed] = await table.read([item('last'), item(String(count))]);
      print(`${last?.data === String(count - 1)} ${failed === undefined}`);
      break;
    }
  }
  await sleep(100);
  print(JSON.stringify(await table.write([{ type: 'remove', ...item('1') }])));
  print(JSON.stringify(await table.write([{ type: 'put', ...item('small'), data: 'x' }])));
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
