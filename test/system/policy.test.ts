// Tests the real process with its policy in SSM, which moto_server emulates, and in a file that is edited under load.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { ROOT, runPolicy } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { startLoad } from '../helpers/load.js';
import { motoServer, PARAMETERS } from '../helpers/moto.js';
import { startHandler, until } from '../helpers/process.js';

const callback = rsaPair();
const cosigner = rsaPair();
const EXAMPLE = readFileSync(join(ROOT, 'examples/local-policy.yaml'), 'utf8');

t.jobs = 2;

t.test('a policy in SSM', async (t) => {
  const moto = await motoServer(t);
  const env = { ...moto.env, POLICY_FILE: '', POLICY_PARAMETER: PARAMETERS.policy };
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);

  t.test('exits with 1 and names the next step if the policy is missing or invalid at startup', async (t) => {
    const boot = async () => {
      const handler = startHandler(t, { built: true, cwd: t.testdirName, env });
      t.equal(await handler.exited, 1);
      return handler.failure();
    };
    t.testdir({});
    t.match(await boot(), { level: 'fatal', msg: /There is no policy at \/fireblocks\/test\/policy/ });
    await moto.put('policy', 'version: 1\nrules: [', 'String');
    t.match(await boot(), { level: 'fatal', event: 'boot_failed', problems: [{ line: 2 }] });
    // Someone may swap the names of two parameters; even then, the key must not end up in the log.
    await moto.put('policy', callback.privatePem);
    const swapped = await boot();
    t.match(swapped, { problems: [{ message: /^not a policy: / }] });
    t.notMatch(JSON.stringify(swapped), /BEGIN|MII/);
  });

  t.test('later, a valid policy replaces the current one, and an invalid policy does not', async (t) => {
    const policyThat = (otherwise: string): string => `version: 1\nrules: []\notherwise: ${otherwise}\n`;
    await moto.put('policy', policyThat('reject'), 'String');
    const handler = startHandler(t, {
      ...{ built: true, cwd: t.testdir() },
      env: { ...env, POLICY_REFRESH_SECONDS: '1' },
    });
    const url = await handler.listening();
    const client = createCosigner({
      url,
      keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
    });
    t.teardown(() => client.close());
    const send = async () => (await client.send('transaction', samplePayload('transaction'))).answer?.action;
    const hash = async () => ((await (await fetch(`${url}/health`)).json()) as { policy: string }).policy;

    const good = await handler.line({ event: 'policy_loaded', from: PARAMETERS.policy });
    t.equal(await hash(), good['after']);
    t.equal(await send(), 'REJECT');

    await moto.put('policy', policyThat('retry'), 'SecureString');
    const changed = await handler.line({ event: 'policy_loaded', before: good['after'] });
    t.equal(await send(), 'RETRY');
    t.equal(await hash(), changed['after']);

    await moto.put('policy', policyThat('approve'), 'String');
    t.match(await handler.line({ event: 'policy_refused' }), {
      level: 'error',
      from: PARAMETERS.policy,
      policy: changed['after'],
      problems: [{ file: PARAMETERS.policy, line: 3, column: 12, message: /otherwise must be one of/ }],
    });
    t.equal(await send(), 'RETRY', 'broken');

    await moto.remove('policy');
    t.match(await handler.line({ event: 'policy_missing' }), { level: 'error', from: PARAMETERS.policy });
    t.equal(await send(), 'RETRY', 'deleted');

    await moto.stop();
    await handler.line({ event: 'policy_refresh_failed' }, 60_000);
    t.equal(await send(), 'RETRY', 'SSM unreachable');
    t.equal(await hash(), changed['after']);
  });
});

t.test('an edited policy file takes effect within 5 s without a failed request', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { built: true, cwd, args: ['--local'] });
  const url = await handler.listening();
  const client = createCosigner({ url, keys: keysIn(join(cwd, '.local/keys')), maxSockets: 16 });
  t.teardown(() => client.close());
  const load = startLoad(() => client, 16);
  const file = join(cwd, '.local/policy.yaml');
  let slowestMs = 0;
  for (const limit of ['10', '10000', '11']) {
    writeFileSync(file, EXAMPLE.replace('decimal("10000")', `decimal("${limit}")`));
    const editedAt = performance.now();
    const expected = limit === '10000' ? 'APPROVE' : 'RETRY';
    const decided = await until(async () => {
      const { answer } = await client.send('transaction', samplePayload('transaction'));
      return answer?.action === expected ? true : undefined;
    }, 5000);
    t.ok(decided, `${limit}: ${expected}`);
    slowestMs = Math.max(slowestMs, performance.now() - editedAt);
  }
  await load.stop();
  t.ok(slowestMs < 5000, `in force after ${Math.round(slowestMs)} ms at most`);
  t.strictSame([...load.failed.values()], []);
  t.ok(load.answered.size > 500, `${load.answered.size} answers`);
  t.equal(await handler.stop(), 0);

  // The log names the policy for each decision. Each policy has one limit, so all its decisions are the same.
  const actions = new Map<unknown, Set<unknown>>();
  for (const { policy, action } of handler.lines.filter(({ event }) => event === 'decision')) {
    actions.set(policy, (actions.get(policy) ?? new Set()).add(action));
  }
  t.equal(actions.size, 3);
  for (const [policy, decided] of actions) t.equal(decided.size, 1, String(policy));
});

t.test('replaying a service’s log lists exactly the decisions that would change', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { built: true, cwd, args: ['--local'] });
  const client = createCosigner({ url: await handler.listening(), keys: keysIn(join(cwd, '.local/keys')) });
  t.teardown(() => client.close());
  const sample = samplePayload('transaction');
  const [destination] = sample['destinations'] as Record<string, unknown>[];
  const ids = new Map<number, unknown>();
  for (const amountUSD of [50, 499.99, 500, 500.01, 9999, 20_000]) {
    const payload = { ...samplePayload('transaction'), destinations: [{ ...destination, amountUSD }] };
    ids.set(amountUSD, (payload as Record<string, unknown>)['requestId']);
    await client.send('transaction', payload);
  }
  await client.send('configuration', samplePayload('configuration'));
  client.close();
  t.equal(await handler.stop(), 0);

  writeFileSync(join(cwd, 'log.ndjson'), handler.lines.map((line) => JSON.stringify(line)).join('\n'));
  writeFileSync(join(cwd, 'next.yaml'), EXAMPLE.replace('decimal("10000")', 'decimal("500")'));
  const replay = async (policy: string) =>
    JSON.parse((await runPolicy(['replay', 'log.ndjson', '--policy', policy, '--json'], { cwd })).stdout) as {
      replayed: number;
      changes: { requestId: string; from: object; to: object }[];
    };
  t.match(await replay('.local/policy.yaml'), { replayed: 7, changes: [] });
  const { replayed, changes } = await replay('next.yaml');
  t.equal(replayed, 7);
  t.strictSame(
    changes.map(({ requestId }) => requestId),
    [ids.get(500.01), ids.get(9999)],
  );
  for (const { from, to } of changes) {
    t.strictSame(from, { action: 'APPROVE', rule: 'small-internal' });
    t.strictSame(to, { action: 'RETRY', rule: 'hold-large-transfers' });
  }
});
