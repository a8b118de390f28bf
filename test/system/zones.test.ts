// Tests two tasks with TLS behind a load balancer in two zones, under constant load: a rolling deployment, the loss of
// a zone, and its return. No request may be lost, answered wrongly or counted twice.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { counterFromJson } from '../../src/policy/limits/counter-json.js';
import { DynamoTable } from '../../src/store/dynamodb.js';
import { COUNTER_PREFIX } from '../../src/store/keys.js';
import { runAudit } from '../helpers/cli.js';
import { storeWorld } from '../helpers/moto-store.js';
import { ROOT } from '../helpers/paths.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler } from '../helpers/process.js';
import { APPROVED_AMOUNT, startZoneLoad, type ZoneCounts } from '../helpers/zone-load.js';
import { startZones } from '../helpers/zones.js';

/** Requests to wait for before and after each event. */
const ANSWERS = 30;

const POLICY = `version: 1
limits:
  payouts: { amount: tx.amount, per: [tx.sourceId], window: 24h, max: "1000000" }
rules:
  - { id: small, for: transaction, when: 'tx.amount <= decimal("${APPROVED_AMOUNT}")', action: approve }
otherwise: reject
`;

t.test('two tasks in two zones', { timeout: 180_000 }, async (t) => {
  const { moto, cwd, keys, env } = await storeWorld(t, POLICY);
  const table = new DynamoTable(env.STORE_TABLE, { createClient: () => moto.client() });
  t.teardown(() => table.close());
  const ports = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const [oldA, oldB, newA, newB] = ports;
  const zones = await startZones(t, ports);
  const tasks = new Map<number, Handler>();
  const taskEnv = { ...env, TLS: 'self-signed', SHUTDOWN_TIMEOUT_MS: '5000' };
  /** As ECS does: a task gets requests when its container and its target are healthy. */
  const start = async (port: number): Promise<void> => {
    const handler = startHandler(t, { built: true, cwd, env: { ...taskEnv, PORT: String(port) } });
    tasks.set(port, handler);
    t.match(await handler.listening(30_000), /^https:/);
    await passesHealthCheck(port);
    await zones.register(port);
  };
  const taskOn = (port: number): Handler => {
    const task = tasks.get(port);
    if (task === undefined) throw new Error(`no task on port ${port}`);
    return task;
  };

  await Promise.all([start(oldA), start(oldB)]);
  zones.fewestHealthy();
  const load = startZoneLoad(t, zones.nodes, keys);
  let approvedAmount = 0;
  const take = (t: Test, name: string): ZoneCounts => {
    const counts = load.take();
    const { answered, repeated, byNode, retries, failedOver, failed, lost, wrong } = counts;
    approvedAmount += counts.approvedAmount;
    t.comment(
      `${name}: ${answered} answered, ${repeated} of them again, ${byNode.join(' and ')} by the nodes, ${retries} RETRY, ` +
        `${failedOver.length} failed over, ${failed.length} failed, ${lost.length} lost, ${wrong.length} wrong`,
    );
    t.strictSame(lost, [], 'none is lost');
    t.strictSame(wrong, [], 'none is wrong');
    return counts;
  };
  await load.untilAnswered(ANSWERS);
  take(t, 'steady');

  await t.test('a rolling deployment, with requests in flight when the old tasks stop', async (t) => {
    await Promise.all([start(newA), start(newB)]);
    for (const port of [oldA, oldB]) zones.deregister(port);
    // ECS waits for the deregistration delay first.
    const codes = await Promise.all([oldA, oldB].map((port) => taskOn(port).stop()));
    t.strictSame(codes, [0, 0]);
    await load.untilAnswered(ANSWERS);
    const { failed, failedOver } = take(t, 'rolling deployment');
    t.strictSame([...failed, ...failedOver], [], 'every request was answered at once');
    t.ok(zones.fewestHealthy() >= 2, 'never fewer healthy tasks than before');
    for (const port of [oldA, oldB]) t.ok(decidedWhileStopping(taskOn(port)) > 0, 'requests were in flight');
  });

  await t.test('the loss of a zone', async (t) => {
    const [nodeA] = zones.nodes;
    await Promise.all([nodeA.kill(), taskOn(newA).stop('SIGKILL')]);
    await zones.unhealthy(newA);
    await load.untilAnswered(ANSWERS);
    const { byNode, failedOver } = take(t, 'loss of a zone');
    t.ok(failedOver.length > 0, 'the Co-signers noticed');
    t.ok(byNode[1] > 0, 'the other node answers');
    await load.untilAnswered(ANSWERS);
    t.strictSame(take(t, 'with one zone').failed, [], 'the other zone alone answers every request at once');
  });

  await t.test('its return', async (t) => {
    const [nodeA] = zones.nodes;
    zones.deregister(newA);
    await Promise.all([nodeA.start(), start(oldA)]);
    take(t, 'until its return');
    await load.untilAnswered(ANSWERS);
    const { byNode, failed, failedOver } = take(t, 'after its return');
    t.strictSame([...failed, ...failedOver], [], 'every request was answered at once');
    t.ok(byNode[0] > 0, 'its node forwards');
    t.ok(decided(taskOn(oldA)).length > 0, 'its task decides');
  });

  await load.stop();
  take(t, 'last');
  t.equal(await spentIn(table), approvedAmount, 'each is counted once');
  const audit = await runAudit(['verify', '--table', env.STORE_TABLE], { cwd, env });
  t.equal(audit.code, 0, 'the chains verify');
  t.match(audit.stdout, /every record is as it was written/);
  t.strictSame([await taskOn(oldA).stop(), await taskOn(newB).stop()], [0, 0]);
});

/** Runs the container's health check. */
async function passesHealthCheck(port: number): Promise<void> {
  const env = { ...process.env, PORT: String(port), TLS: 'self-signed', HOST: '127.0.0.1' };
  await promisify(execFile)(process.execPath, [join(ROOT, 'dist/healthcheck.js')], { env });
}

function decided({ lines }: Handler) {
  return lines.filter(({ event }) => event === 'decision');
}

function decidedWhileStopping({ lines }: Handler): number {
  const stopping = lines.findIndex(({ event }) => event === 'stopping');
  return lines.slice(stopping).filter(({ event }) => event === 'decision').length;
}

async function spentIn(table: DynamoTable): Promise<number> {
  let sum = 0;
  for await (const { data } of table.scan(COUNTER_PREFIX)) {
    for (const bucket of counterFromJson(JSON.parse(data)).buckets) sum += bucket.sum.toNumber();
  }
  return sum;
}
