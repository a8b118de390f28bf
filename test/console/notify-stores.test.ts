// Tests on the real stores that two consoles notify of each request once, as they do on the one in memory.
import '../helpers/needs-moto.js';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { HoldWatch } from '../../src/console/notify/watch.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { openEmbedded } from '../../src/store/embedded.js';
import { notifiedKey } from '../../src/store/keys.js';
import { StoredBlobs } from '../../src/store/stored-blobs.js';
import type { Table } from '../../src/store/table.js';
import { ORIGIN } from '../helpers/held-people.js';
import { heldWorldOn } from '../helpers/held-world.js';
import { memoryLog } from '../helpers/log.js';
import { payment, worldState } from '../helpers/memory-world.js';
import { motoStore } from '../helpers/moto-store.js';

const moto = await motoStore(t);

const STORES: Readonly<Record<string, (t: Test) => Promise<Table>>> = {
  embedded: (t) => openEmbedded(join(t.testdir(), 'store'), {}),
  DynamoDB: async () =>
    new DynamoTable(await moto.createTable(), { createClient: () => moto.client(), timeoutMs: 30_000 }),
};

for (const [name, open] of Object.entries(STORES)) {
  t.test(`${name}: two consoles notify of each request once`, async (t) => {
    const table = await open(t);
    t.teardown(() => table.close());
    const store = { table, blobs: new StoredBlobs(table) };
    const state = worldState('version: 1\nrules: []\n', Date.now());
    state.patienceMs = 60_000;
    const { process, hashFor } = heldWorldOn(store, state);
    const { ask } = process();
    const ids = Array.from({ length: 12 }, (_, index) => `tx-${index}`);
    for (const id of ids) await ask(payment(id));
    const told: string[] = [];
    const { log, of } = memoryLog();
    const send = ({ requestId }: { readonly requestId: string }) => {
      told.push(requestId);
      return Promise.resolve();
    };
    const watch = () => new HoldWatch({ store, channels: [{ name: 'sns', send }], origin: ORIGIN, log });
    const [one, two] = [watch(), watch()];
    for (let round = 0; round < 3; round++) await Promise.all([one.look(), two.look()]);
    t.strictSame(told.sort(), ids.sort());
    const marks = await table.read(ids.map((id) => notifiedKey(hashFor(payment(id)))));
    for (const mark of marks)
      t.match(JSON.parse(mark?.data ?? ''), { state: 'sent', tries: 1, told: ['sns'] });
    await one.count();
    t.match(of('holds_waiting'), [{ waiting: 12, overTen: 0 }]);
    t.strictSame(of('notify_failed'), []);
  });
}
