// Tests with several real processes on one store that a limit holds and each transaction is counted once, whatever is
// asked at the same time, and whoever is killed.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { keysIn } from '../../cli/cosigner/keys.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { openStore } from '../../src/store/open.js';
import type { Table } from '../../src/store/table.js';
import { type Fleet, startFleet } from '../helpers/fleet.js';
import { type Ran, runAudit } from '../helpers/cli.js';
import { assertRound, limitOf, paymentOf, type Result, spentBy } from '../helpers/limit-round.js';
import { storeWorld } from '../helpers/moto-store.js';

const SIZE = 4;
const TRANSACTIONS = 30;
const FITTING = 18;
/** The emulator of DynamoDB takes 10 s for a round: `STORE_TEST_ROUNDS=20` asks for more. */
const ROUNDS: Readonly<Record<string, number>> = {
  embedded: 20,
  DynamoDB: Number(process.env['STORE_TEST_ROUNDS'] ?? 3),
};
const KILLED_ROUNDS: Readonly<Record<string, number>> = { embedded: 20, DynamoDB: 4 };

const POLICY = limitOf(FITTING);

interface Setup {
  readonly fleet: Fleet;
  readonly table: Table;
  /** Runs the audit, beside the running processes. */
  readonly verify: () => Promise<Ran>;
}

const SETUPS: Readonly<Record<string, (t: Test) => Promise<Setup>>> = {
  embedded: async (t) => {
    const cwd = t.testdir({ '.local': { 'policy.yaml': POLICY } });
    await createMissingKeys(join(cwd, LOCAL_KEY_DIRECTORY));
    const env = { POLICY_FILE: join(cwd, '.local/policy.yaml') };
    const fleet = await startFleet(
      t,
      SIZE,
      { cwd, env, args: ['--local'] },
      keysIn(join(cwd, LOCAL_KEY_DIRECTORY)),
    );
    const { table } = await openStore({ path: join(cwd, '.local/store') });
    t.teardown(() => table.close());
    const verify = () => runAudit(['verify'], { cwd });
    return { fleet, table, verify };
  },
  DynamoDB: async (t) => {
    const { moto, cwd, keys, env } = await storeWorld(t, POLICY);
    const fleet = await startFleet(t, SIZE, { cwd, env }, keys);
    const table = new DynamoTable(env.STORE_TABLE, { createClient: () => moto.client() });
    t.teardown(() => table.close());
    const verify = () => runAudit(['verify', '--table', env.STORE_TABLE], { cwd, env });
    return { fleet, table, verify };
  },
};

for (const [name, setUp] of Object.entries(SETUPS)) {
  t.test(
    `${name}: a limit that fits ${FITTING} approves exactly ${FITTING}`,
    { timeout: 600_000 },
    async (t) => {
      const { fleet, table } = await setUp(t);
      for (let round = 0; round < (ROUNDS[name] ?? 0); round++) {
        const source = randomUUID();
        const results = await askAll(fleet, source);
        assertRound(t, results, FITTING);
        t.equal(await spentBy(table, source), String(FITTING), 'each is counted once');
      }
    },
  );

  t.test(`${name}: a limit holds while processes are killed`, { timeout: 600_000 }, async (t) => {
    const { fleet, table, verify } = await setUp(t);
    const running = new AbortController();
    let kills = 0;
    const killing = (async () => {
      while (!running.signal.aborted) {
        await sleep(1000);
        await fleet.restart(kills++ % SIZE);
      }
    })();
    for (let round = 0; round < (KILLED_ROUNDS[name] ?? 0); round++) {
      const source = randomUUID();
      assertRound(t, await askAll(fleet, source), FITTING);
      t.equal(await spentBy(table, source), String(FITTING));
      await sleep(300);
    }
    running.abort();
    await killing;
    const audit = await verify();
    t.equal(audit.code, 0, 'the chains verify');
    t.match(audit.stdout, /every record is as it was written/);
    t.comment(audit.stdout);
    t.comment(`${kills} processes were killed`);
    t.ok(kills > 2);
  });
}

/** Sends each transaction twice, all at once, to all handlers in turn. */
function askAll(fleet: Fleet, source: string): Promise<readonly Result[]> {
  const ids = Array.from({ length: TRANSACTIONS }, () => randomUUID());
  return Promise.all(
    [...ids, ...ids].map(async (txId, place) => ({
      txId,
      answers: await fleet.ask(paymentOf(txId, source), place),
    })),
  );
}
