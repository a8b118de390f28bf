// Tests the emergency stop and the limit on staleness with the real process and its parameters in SSM, which moto_server
// emulates.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { type AwsCall, awsProxy, json } from '../helpers/aws-proxy.js';
import { runPolicy } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { type Load, startLoad } from '../helpers/load.js';
import { motoServer, PARAMETERS } from '../helpers/moto.js';
import { type Handler, startHandler, until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();

const REFRESH_SECONDS = 2;
const APPROVING = `version: 1
rules:
  - { id: all, for: transaction, when: 'true', action: approve }
`;

interface Recorded {
  readonly action: string;
  readonly rejectionReason: string | undefined;
  /** When the answer arrived, in ms. */
  readonly at: number;
}

interface Running {
  readonly handler: Handler;
  readonly url: string;
  readonly client: Cosigner;
  /** Every verified answer so far. */
  readonly answers: Recorded[];
  /** @returns the answer to one request */
  readonly ask: () => Promise<Recorded>;
  readonly health: () => Promise<Record<string, unknown>>;
}

async function startWith(t: Test, env: Readonly<Record<string, string>>): Promise<Running> {
  const handler = startHandler(t, { built: true, cwd: t.testdir(), env });
  const url = await handler.listening();
  const client = createCosigner({
    url,
    maxSockets: 16,
    keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
  });
  t.teardown(() => client.close());
  const answers: Recorded[] = [];
  const recording: Cosigner = {
    ...client,
    async send(kind, payload) {
      const outcome = await client.send(kind, payload);
      const { action, rejectionReason } = outcome.answer ?? { action: `no answer: ${outcome.problem}` };
      answers.push({ action, rejectionReason, at: performance.now() });
      return outcome;
    },
  };
  return {
    ...{ handler, url, client: recording, answers },
    ask: async () => {
      await recording.send('transaction', samplePayload('transaction'));
      return answers.at(-1) ?? { action: 'none', rejectionReason: undefined, at: 0 };
    },
    health: async () => (await (await fetch(`${url}/health`)).json()) as Record<string, unknown>,
  };
}

/**
 * Waits until all answers have this action and keep it for a while.
 * @returns the time from `since` until the last answer with another action, in ms
 */
async function untilAll(load: Load, { answers }: Running, action: string, since: number): Promise<number> {
  const last = (): Recorded | undefined => answers.findLast((answer) => answer.action !== action);
  await until(() => (answers.at(-1)?.action === action ? true : undefined), 15_000);
  // Longer than one refresh, so that a late answer with another action is noticed.
  await sleep(1200);
  await load.untilAnswered(16);
  return Math.max(0, (last()?.at ?? 0) - since);
}

t.jobs = 2;

t.test('the emergency stop', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const about = (call: AwsCall, name: keyof typeof PARAMETERS): boolean =>
    call.body.includes(`"${PARAMETERS[name]}"`);
  const env = {
    ...moto.env,
    AWS_ENDPOINT_URL: proxy.endpoint,
    POLICY_FILE: '',
    POLICY_PARAMETER: PARAMETERS.policy,
    STOP_PARAMETER: PARAMETERS.stop,
    POLICY_REFRESH_SECONDS: String(REFRESH_SECONDS),
    KEY_REFRESH_SECONDS: '1',
    SHUTDOWN_TIMEOUT_MS: '5000',
  };
  t.beforeEach(async () => {
    proxy.before = () => undefined;
    await moto.reset();
    await moto.put('callback', callback.privatePem);
    await moto.put('cosigner', cosigner.publicPem);
    await moto.put('policy', APPROVING, 'String');
  });

  t.test('is in force within POLICY_REFRESH_SECONDS under load, and resume undoes it', async (t) => {
    const running = await startWith(t, env);
    const load = startLoad(() => running.client, 16);
    await load.untilAnswered(100);
    for (const [value, action] of [
      ['RETRY', 'RETRY'],
      ['RUN', 'APPROVE'],
      ['REJECT', 'REJECT'],
      ['halt', 'RETRY'],
      ['RUN', 'APPROVE'],
    ] as const) {
      await moto.put('stop', value);
      const ms = await untilAll(load, running, action, performance.now());
      t.ok(ms <= REFRESH_SECONDS * 1000, `${value} is in force after ${Math.round(ms)} ms`);
      t.equal(running.answers.at(-1)?.action, action);
    }
    await load.stop();
    t.strictSame([...load.failed.values()], [], 'every request got a verified answer');
    running.client.close();
    t.equal(await running.handler.stop(), 0);
  });

  t.test('wins over a broken policy and over a policy that can’t be read', async (t) => {
    const { handler, ask } = await startWith(t, env);
    await moto.put('policy', 'version: 1\nrules: [', 'String');
    await handler.line({ event: 'policy_refused' });
    t.match(await ask(), { action: 'APPROVE' }, 'the policy in force');
    // Each read of the policy takes longer than the test; it must not delay the stop.
    proxy.before = async (call) => {
      if (about(call, 'policy')) await sleep(20_000, undefined, { ref: false });
      return undefined;
    };
    await moto.put('stop', 'RETRY');
    const storedAt = performance.now();
    await handler.line({ event: 'emergency_stop', before: 'RUN' });
    t.match(await ask(), { action: 'RETRY' });
    t.ok(performance.now() - storedAt <= REFRESH_SECONDS * 1000);
  });

  t.test('survives a restart, and is shown by health check and log', async (t) => {
    await moto.put('stop', 'reject\n');
    const first = await startWith(t, env);
    const stopped = { action: 'REJECT', rejectionReason: 'All decisions are stopped by the operator.' };
    t.match(await first.ask(), stopped, 'the first request');
    t.match(await first.health(), { status: 'emergency_stop', emergencyStop: 'REJECT', stale: [] });
    const events = first.handler.lines.map(({ event }) => event);
    t.ok(events.indexOf('emergency_stop') < events.indexOf('listening'));
    t.match(await first.handler.line({ event: 'emergency_stop' }), {
      level: 'error',
      action: 'REJECT',
      from: PARAMETERS.stop,
    });
    const decision = await first.handler.line({ event: 'decision' });
    t.match(decision, { action: 'REJECT', rule: 'emergency stop', reason: stopped.rejectionReason });
    t.equal(decision['policy'], undefined, 'no policy decided');
    await until(
      () => first.handler.lines.filter(({ event }) => event === 'emergency_stop').length > 2 || undefined,
      5000,
    );
    first.client.close();
    t.equal(await first.handler.stop(), 0);

    const second = await startWith(t, env);
    t.match(await second.ask(), stopped);
    await moto.put('stop', 'RUN');
    t.match(await second.handler.line({ event: 'emergency_stop_lifted' }), {
      level: 'info',
      before: 'REJECT',
    });
    t.match(await second.ask(), { action: 'APPROVE' });
    t.match(await second.health(), { status: 'ok', emergencyStop: null });
  });

  t.test('stays in force while SSM can’t be read', async (t) => {
    await moto.put('stop', 'RETRY');
    const { handler, ask } = await startWith(t, env);
    proxy.before = () => json({ __type: 'InternalServerError' }, 500);
    await handler.line({ event: 'stop_refresh_failed', action: 'RETRY' });
    t.match(await ask(), { action: 'RETRY' });
    proxy.before = () => undefined;
    await moto.remove('stop');
    t.match(await handler.line({ event: 'emergency_stop_lifted' }), { msg: /policy-stop no longer exists$/ });
    t.match(await ask(), { action: 'APPROVE' });
  });

  t.test('that can’t be read at startup prevents the start, and the reason is logged', async (t) => {
    proxy.before = (call) =>
      about(call, 'stop') ? json({ __type: 'AccessDeniedException', message: 'no' }, 400) : undefined;
    const handler = startHandler(t, { built: true, cwd: t.testdir(), env });
    t.equal(await handler.exited, 1);
    t.match(handler.failure(), {
      event: 'boot_failed',
      reason:
        /SSM denies access to \/fireblocks\/test\/policy-stop .*: grant the task role ssm:GetParameters/,
    });
  });

  t.test(
    'keys, policy or stop that are not confirmed for MAX_STALENESS_SECONDS make decisions RETRY',
    async (t) => {
      const { handler, ask, health } = await startWith(t, {
        ...env,
        ...{ POLICY_REFRESH_SECONDS: '1', MAX_STALENESS_SECONDS: '3' },
      });
      const isFresh = async () => ((await health())['status'] === 'ok' ? true : undefined);
      t.match(await ask(), { action: 'APPROVE' });
      await sleep(4000);
      t.match(await ask(), { action: 'APPROVE' }, 'while everything is confirmed');

      for (const [name, which] of [
        ['cosigner', 'keys'],
        ['policy', 'policy'],
        ['stop', 'stop'],
      ] as const) {
        proxy.before = (call) => (about(call, name) ? json({ __type: 'Internal' }, 500) : undefined);
        await handler.line({ event: 'stale', which });
        t.match(await ask(), { action: 'RETRY' }, which);
        t.match(await health(), { status: 'stale', stale: [which], emergencyStop: null });
        proxy.before = () => undefined;
        await handler.line({ event: 'fresh_again', which });
        t.ok(await until(isFresh, 5000));
        t.match(await ask(), { action: 'APPROVE' }, `${which} confirmed again`);
      }
      t.match(await handler.line({ event: 'decision', action: 'RETRY' }), {
        rule: 'stale data',
        reason: 'Keys, policy or emergency stop could not be refreshed for too long.',
      });
      t.equal(handler.lines.filter(({ event }) => event === 'fresh_again').length, 3);

      // A value that is refused, and one that was deleted, are not confirmed either.
      await moto.put('policy', 'version: 2', 'String');
      await moto.remove('callback');
      t.ok(
        await until(
          async () => (String((await health())['stale']) === 'keys,policy' ? true : undefined),
          10_000,
        ),
      );
      t.match(await ask(), { action: 'RETRY' });
      await moto.put('stop', 'REJECT');
      await handler.line({ event: 'emergency_stop', before: 'RUN' });
      t.match(await ask(), { action: 'REJECT' }, 'a stop wins');
      await moto.put('stop', 'RUN');
      await moto.put('policy', APPROVING, 'String');
      await moto.put('callback', callback.privatePem);
      t.ok(await until(isFresh, 10_000));
      t.match(await ask(), { action: 'APPROVE' });
    },
  );
});

t.test('in local mode, the commands stop and resume the handler that runs in this directory', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { built: true, cwd, args: ['--local'] });
  const client = createCosigner({ url: await handler.listening(), keys: keysIn(join(cwd, '.local/keys')) });
  t.teardown(() => client.close());
  const action = async () => (await client.send('transaction', samplePayload('transaction'))).answer?.action;
  const inForce = async (expected: string) =>
    until(async () => ((await action()) === expected ? true : undefined), 2500);
  t.equal(await action(), 'APPROVE');
  t.match(await runPolicy(['stop', '--local'], { cwd }), { code: 0 });
  t.ok(await inForce('RETRY'));
  t.match(await runPolicy(['stop', '--local', '--action', 'reject', '--yes'], { cwd }), { code: 0 });
  t.ok(await inForce('REJECT'));
  t.match(await runPolicy(['resume', '--local'], { cwd }), { code: 0 });
  t.ok(await inForce('APPROVE'));
});
