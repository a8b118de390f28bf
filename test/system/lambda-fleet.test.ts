// Tests with 20 environments of the Lambda function on one store that a limit holds and each transaction is counted once,
// whatever is asked at the same time and asked again, and whoever is killed.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { DynamoTable } from '../../src/store/dynamodb.js';
import type { Table } from '../../src/store/table.js';
import { type Ran, runAudit } from '../helpers/cli.js';
import { type Fleet, startFunctionFleet } from '../helpers/fleet.js';
import { storeWorld } from '../helpers/moto-store.js';
import { askAll, assertRound, FITTING, POLICY, spentBy } from '../helpers/payouts.js';

const SIZE = 20;
const ROUNDS = 2;
/** How often each transaction is asked about again by another request. */
const RETRIES = 1;
/** How long to wait until the next environment is killed, in ms. */
const KILL_PAUSE_MS = 1500;

t.test(`a limit that fits ${FITTING} approves exactly ${FITTING}`, async (t) => {
  const { fleet, table } = await setUp(t);
  for (let round = 0; round < ROUNDS; round++) await assertLimit(t, fleet, table);
});

t.test('a limit holds while environments are killed', async (t) => {
  const { fleet, table, verify } = await setUp(t);
  const running = new AbortController();
  let kills = 0;
  const killing = (async () => {
    while (!running.signal.aborted) {
      await sleep(KILL_PAUSE_MS);
      await fleet.restart(kills++ % SIZE);
    }
  })();
  for (let round = 0; round < ROUNDS; round++) await assertLimit(t, fleet, table);
  running.abort();
  await killing;
  const audit = await verify();
  t.equal(audit.code, 0, 'the chains verify');
  t.match(audit.stdout, /every record is as it was written/);
  t.comment(`${kills} environments were killed`);
  t.ok(kills > 2);
});

interface Setup {
  readonly fleet: Fleet;
  readonly table: Table;
  /** Runs the audit, beside the running processes. */
  readonly verify: () => Promise<Ran>;
}

async function setUp(t: Test): Promise<Setup> {
  const { moto, cwd, keys, env } = await storeWorld(t, POLICY);
  const fleet = await startFunctionFleet(t, SIZE, { cwd, env }, keys);
  const table = new DynamoTable(env.STORE_TABLE, { createClient: () => moto.client() });
  t.teardown(() => table.close());
  const verify = () => runAudit(['verify', '--table', env.STORE_TABLE], { cwd, env });
  return { fleet, table, verify };
}

async function assertLimit(t: Test, fleet: Fleet, table: Table): Promise<void> {
  const source = randomUUID();
  assertRound(t, await askAll(fleet, source, RETRIES));
  t.equal(await spentBy(table, source), String(FITTING), 'each is counted once');
}
