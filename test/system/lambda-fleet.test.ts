// Tests with 20 environments of the built Lambda function on one table that a limit holds, each transaction is counted
// once, and a request gets the same answer again, from whichever environment, and whichever is killed.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { runAudit } from '../helpers/cli.js';
import { askUntilFinal } from '../helpers/fleet.js';
import { type LambdaFleet, startLambdaFleet } from '../helpers/lambda-fleet.js';
import { assertRound, limitOf, paymentOf, spentBy } from '../helpers/limit-round.js';
import { storeWorld } from '../helpers/moto-store.js';

const SIZE = 20;
const TRANSACTIONS = 10;
const FITTING = 6;
/** Of each kind. The emulator of DynamoDB takes 10 s for one: `STORE_TEST_ROUNDS=20` asks for more. */
const ROUNDS = Number(process.env['STORE_TEST_ROUNDS'] ?? 1);
/** Until the next environment is killed, at most, in ms. */
const KILL_PAUSE_MS = 500;
/** After this time without a request, every environment loads the keys again as it thaws. */
const KEY_REFRESH_SECONDS = 1;

const TIMEOUT = { timeout: 600_000 };

t.test(`${SIZE} environments on one table`, TIMEOUT, async (t) => {
  const { moto, cwd, keys, env } = await storeWorld(t, limitOf(FITTING));
  const table = new DynamoTable(env.STORE_TABLE, { createClient: () => moto.client() });
  t.teardown(() => table.close());
  const fleet = await startLambdaFleet(t, SIZE, {
    cwd,
    env: { ...env, KEY_REFRESH_SECONDS: String(KEY_REFRESH_SECONDS) },
  });
  const client = createCosigner({ url: fleet.url, keys });
  t.teardown(() => client.close());
  /** @returns every answer that was not final */
  const rounds = async (t: Test): Promise<string[]> => {
    const others: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      others.push(...(await askRound(t, client, table)));
      await sleep(KEY_REFRESH_SECONDS * 1000);
    }
    return others;
  };

  await t.test(`a limit that fits ${FITTING} approves exactly ${FITTING}`, TIMEOUT, async (t) => {
    const others = await rounds(t);
    t.strictSame(
      others.filter((answer) => answer !== 'RETRY'),
      [],
      'every request was answered',
    );
  });

  await t.test('a limit holds while environments are killed', TIMEOUT, async (t) => {
    const running = new AbortController();
    const killing = keepKilling(fleet, running.signal);
    const others = await rounds(t);
    running.abort();
    const kills = await killing;
    const failed = others.filter((answer) => answer !== 'RETRY');
    t.comment(`${kills} environments were killed, of which ${failed.length} while they answered`);
    t.ok(failed.length > 0, 'some of them had to answer');
    t.ok(failed.length <= kills, 'no other environment failed');
    t.ok(
      failed.every((answer) => answer === 'status 502: status 502'),
      'the load balancer answered 502',
    );
  });

  const audit = await runAudit(['verify', '--table', env.STORE_TABLE], { cwd, env });
  t.equal(audit.code, 0, 'the chains verify');
  t.match(audit.stdout, /every record is as it was written/);
  t.comment(audit.stdout);
});

/** Kills environments at random moments. @returns how many */
async function keepKilling(fleet: LambdaFleet, signal: AbortSignal): Promise<number> {
  let kills = 0;
  while (!signal.aborted) {
    await sleep(Math.random() * KILL_PAUSE_MS);
    await fleet.replaceOne();
    kills++;
  }
  return kills;
}

/**
 * Asks about the transactions of a new source: about each one three times at once, twice by the same request, and then
 * again by that request and by a new one.
 * @returns every answer that was not final
 */
async function askRound(t: Test, client: Cosigner, table: DynamoTable): Promise<readonly string[]> {
  const source = randomUUID();
  const ask = async (txId: string, requestId = txId) => ({
    txId,
    ...(await askUntilFinal([client], paymentOf(txId, source, requestId))),
  });
  const ids = Array.from({ length: TRANSACTIONS }, () => randomUUID());
  const atOnce = await Promise.all(ids.flatMap((id) => [ask(id), ask(id), ask(id, randomUUID())]));
  const again = await Promise.all(ids.flatMap((id) => [ask(id), ask(id, randomUUID())]));
  const asked = [...atOnce, ...again];
  assertRound(t, asked, FITTING);
  t.equal(new Set(asked.map(({ body }) => body)).size, 3 * TRANSACTIONS, 'each request has one answer');
  t.equal(await spentBy(table, source), String(FITTING), 'each is counted once');
  return asked.flatMap(({ answers }) => answers.slice(0, -1));
}
