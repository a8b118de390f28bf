// Tests on the real stores that people's decisions are read and written as on the one in memory.
import '../helpers/needs-moto.js';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { openEmbedded } from '../../src/store/embedded.js';
import { StoredBlobs } from '../../src/store/stored-blobs.js';
import type { Table } from '../../src/store/table.js';
import { heldWorldOn } from '../helpers/held-world.js';
import { payment, signing, worldState } from '../helpers/memory-world.js';
import { motoStore } from '../helpers/moto-store.js';

const moto = await motoStore(t);

const STORES: Readonly<Record<string, (t: Test) => Promise<Table>>> = {
  embedded: (t) => openEmbedded(join(t.testdir(), 'store'), {}),
  DynamoDB: async () =>
    new DynamoTable(await moto.createTable(), { createClient: () => moto.client(), timeoutMs: 30_000 }),
};

for (const [name, open] of Object.entries(STORES)) {
  t.test(`${name}: held, approved by two at once, signed, and asked again`, async (t) => {
    const table = await open(t);
    t.teardown(() => table.close());
    const state = worldState('version: 1\nrules: []\n', Date.now());
    state.patienceMs = 60_000;
    const { process, vote, plant, held, waiting } = heldWorldOn(
      { table, blobs: new StoredBlobs(table) },
      state,
    );
    const [one, two] = [process(), process()];
    const askBoth = () => Promise.all([one.ask(payment('a')), two.ask(payment('a'))]);
    t.match(await askBoth(), [{ decision: { action: 'RETRY' } }, { decision: { action: 'RETRY' } }]);
    t.match(await held(payment('a')), { tries: 2 });
    t.match(await waiting(), [{ requestId: 'a' }]);
    await plant('carol', payment('a'), 'x'.repeat(300_000));
    await Promise.all([vote('alice', 'approve', payment('a')), vote('bob', 'approve', payment('a'))]);
    const [first, second] = await askBoth();
    t.match(first.decision, { action: 'APPROVE' });
    t.equal(second.answer, first.answer);
    t.match(await held(payment('a')), { done: { action: 'APPROVE' } });
    t.strictSame(await waiting(), []);
    t.match((await two.ask(signing('a'))).decision, { action: 'APPROVE', hold: { carried: true } });
  });

  t.test(`${name}: a rejection that is stored meanwhile rejects`, async (t) => {
    const table = await open(t);
    t.teardown(() => table.close());
    const state = worldState('version: 1\nrules: []\n', Date.now());
    state.patienceMs = 60_000;
    const { process, sign, plant, vote } = heldWorldOn({ table, blobs: new StoredBlobs(table) }, state);
    const { ask, lines } = process();
    await ask(payment('a'));
    await vote('alice', 'approve', payment('a'));
    await vote('bob', 'approve', payment('a'));
    const rejection = sign('carol', 'reject', payment('a'));
    state.meanwhile = () => {
      state.meanwhile = () => undefined;
      return plant('carol', payment('a'), rejection);
    };
    t.match((await ask(payment('a'))).decision, { action: 'REJECT', hold: { rejectedBy: 'carol' } });
    t.match(lines, [{ event: 'store_conflict' }]);
  });
}
