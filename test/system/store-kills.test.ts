// Tests that a handler with an embedded store can be killed at any moment: the store opens again, every final answer that
// was sent is still there, each transaction was counted once, and the chains verify.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type CosignerKeys, createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import { isFinal } from '../../src/memory/stored-answer.js';
import { counterFromJson } from '../../src/policy/limits/counter-json.js';
import { contentHash } from '../../src/protocol/content.js';
import { answerKey, COUNTER_PREFIX } from '../../src/store/keys.js';
import { openStore } from '../../src/store/open.js';
import { MAX_KEYS, type Table } from '../../src/store/table.js';
import { runAudit } from '../helpers/cli.js';
import { type Handler, startHandler } from '../helpers/process.js';

/** A kill takes about half a second: `STORE_TEST_KILLS=200` asks for more. */
const KILLS = Number(process.env['STORE_TEST_KILLS'] ?? 20);
/** Requests that are asked at the same time. */
const CONCURRENCY = 4;
/** A handler is killed at a random moment within this time: every other one after its start, the others while it starts. */
const LIFETIME_MS = 500;

const POLICY = `version: 1
limits:
  payouts: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000" }
rules:
  - { id: small, for: transaction, when: 'tx.amount <= decimal("5")', action: approve }
otherwise: reject
`;

interface Answered {
  readonly payload: Payload;
  readonly action: string;
  /** As it was received. */
  readonly body: string;
}

t.test(`kill -9 at ${KILLS} random moments loses nothing final`, { timeout: 900_000 }, async (t) => {
  const cwd = t.testdir({ '.local': { 'policy.yaml': POLICY } });
  await createMissingKeys(join(cwd, LOCAL_KEY_DIRECTORY));
  const keys = keysIn(join(cwd, LOCAL_KEY_DIRECTORY));
  const answered: Answered[] = [];
  const unanswered: Payload[] = [];
  let writing = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const handler = start(t, cwd);
    const known = answered.length;
    const asking = askUntilKilled(handler, keys, { answered, unanswered });
    if (kill % 2 === 0) await handler.listening(60_000);
    await sleep(Math.random() * LIFETIME_MS);
    await handler.stop('SIGKILL');
    await asking;
    if (answered.length > known) writing++;
    await withTable(cwd, (table) => assertStored(t, table, answered.slice(known)));
  }
  t.ok(writing > KILLS / 4, `${writing} of ${KILLS} were writing`);
  t.comment(`${answered.length} final answers; without an answer were ${unanswered.length}`);
  await finish(t, cwd, keys, { answered, unanswered });
  await withTable(cwd, async (table) => {
    await assertStored(t, table, answered);
    t.equal(await spentIn(table), approvedOf(answered), 'each is counted once');
  });
  const audit = await runAudit(['verify'], { cwd });
  t.equal(audit.code, 0, 'the chains verify');
  t.match(audit.stdout, /every record is as it was written/);
  t.comment(audit.stdout);
});

function start(t: Test, cwd: string): Handler {
  const env = { POLICY_FILE: join(cwd, '.local/policy.yaml') };
  return startHandler(t, { cwd, env, args: ['--local'], built: true });
}

interface Traffic {
  readonly answered: Answered[];
  /** Those without a final answer: they are asked again. */
  readonly unanswered: Payload[];
}

/** Asks as soon as the handler listens, until it does not answer any more. */
async function askUntilKilled(
  handler: Handler,
  keys: CosignerKeys,
  { answered, unanswered }: Traffic,
): Promise<void> {
  const url = await handler.listening(60_000).catch(() => undefined);
  if (url === undefined) return;
  const client = createCosigner({ url, keys });
  const askInTurn = async (): Promise<void> => {
    for (;;) {
      const payload = unanswered.pop() ?? payment();
      const outcome = await client.send('transaction', payload).catch(() => undefined);
      const { answer, body = '' } = outcome ?? {};
      if (answer !== undefined && isFinal(answer.action))
        answered.push({ payload, action: answer.action, body });
      else unanswered.push(payload);
      if (outcome === undefined) return;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, askInTurn));
  client.close();
}

/** Asks again what has no answer, and the last ones that have: those get the same. */
async function finish(
  t: Test,
  cwd: string,
  keys: CosignerKeys,
  { answered, unanswered }: Traffic,
): Promise<void> {
  const handler = start(t, cwd);
  const client = createCosigner({ url: await handler.listening(60_000), keys });
  const others: Answered[] = [];
  for (const known of answered.slice(-MAX_KEYS)) {
    const { body } = await client.send('transaction', known.payload);
    if (body !== known.body) others.push(known);
  }
  t.strictSame(others, [], 'the same answers again');
  for (const payload of unanswered.splice(0)) {
    const { answer, body } = await client.send('transaction', payload);
    const { action = 'RETRY' } = answer ?? {};
    t.ok(isFinal(action), action);
    answered.push({ payload, action, body });
  }
  client.close();
  await handler.stop();
}

/** Opens the store that a killed process left. */
async function withTable(cwd: string, action: (table: Table) => Promise<void>): Promise<void> {
  const { table } = await openStore({ path: join(cwd, '.local/store') });
  await action(table).finally(() => table.close());
}

async function assertStored(t: Test, table: Table, answered: readonly Answered[]): Promise<void> {
  const lost: Answered[] = [];
  for (let first = 0; first < answered.length; first += MAX_KEYS) {
    const some = answered.slice(first, first + MAX_KEYS);
    const items = await table.read(
      some.map(({ payload }) =>
        answerKey('transaction', String(payload['requestId']), 'approval', contentHash(payload)),
      ),
    );
    lost.push(...some.filter(({ body }, place) => storedIn(items[place]?.data) !== body));
  }
  t.strictSame(lost, [], `${answered.length} answers are there`);
}

function storedIn(data = '{}'): unknown {
  return (JSON.parse(data) as { answer?: unknown }).answer;
}

function approvedOf(answered: readonly Answered[]): number {
  return answered
    .filter(({ action }) => action === 'APPROVE')
    .reduce((sum, { payload }) => sum + Number(payload['amountStr']), 0);
}

async function spentIn(table: Table): Promise<number> {
  let sum = 0;
  for await (const { data } of table.scan(COUNTER_PREFIX)) {
    for (const bucket of counterFromJson(JSON.parse(data)).buckets) sum += bucket.sum.toNumber();
  }
  return sum;
}

function payment(): Payload {
  const [id, amount] = [randomUUID(), String(1 + Math.floor(Math.random() * 6))];
  return {
    ...{ requestId: id, txId: id, operation: 'TRANSFER', asset: 'COIN', amountStr: amount },
    ...{ sourceType: 'VAULT', sourceId: String(Math.floor(Math.random() * 5)) },
    destinations: [{ dstAddress: 'somewhere', amountNativeStr: amount }],
  };
}
