// A process that stores decisions of people, as a console does: `decision-writer.js PLACE`, a place as `openStore` takes
// it, in JSON. Each line on standard input is `{ id, key, data }`; each line that is printed says what is stored.
import { createInterface } from 'node:readline';
import { openStore, type StorePlace } from '../../src/store/open.js';
import type { Key } from '../../src/store/table.js';

interface Order {
  readonly id: number;
  readonly key: Key;
  readonly data: string;
}

const { table } = await openStore(JSON.parse(process.argv[2] ?? '') as StorePlace);
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, key, data } = JSON.parse(line) as Order;
  table.write([{ type: 'put', ...key, data, seen: 0 }]).then(
    (failed) => console.log(JSON.stringify({ id, isNew: failed.length === 0 })),
    (error: unknown) => console.log(JSON.stringify({ id, problem: String(error) })),
  );
});
