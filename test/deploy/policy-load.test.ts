// Tests that a rollback under load is in force in the real service within POLICY_REFRESH_SECONDS, and loses nothing.
import t from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { accountAt, NAMES } from '../helpers/aws.js';
import { rsaPair } from '../helpers/keys.js';
import { startLoad } from '../helpers/load.js';
import { motoServer } from '../helpers/moto.js';
import { REGION, workspace } from '../helpers/operator.js';
import { EXAMPLE_POLICY, policyAccount, writePolicy } from '../helpers/policies.js';
import { startHandler, until } from '../helpers/process.js';

const REFRESH_SECONDS = 2;
/** A new policy must read the same twice, 100 ms apart; the rest is for a busy machine. */
const TOLERANCE_MS = 1500;
/** Holds the sample back, which the example approves. */
const WRONG = EXAMPLE_POLICY.replace('decimal("10000")', 'decimal("10")');

t.test('a rollback under load is in force in time, and loses nothing', async (t) => {
  const moto = await motoServer(t);
  const account = accountAt(moto.endpoint);
  const policies = policyAccount(moto.endpoint);
  const place = workspace(t, moto.endpoint);
  place.settings({});
  for (const text of [EXAMPLE_POLICY, WRONG]) {
    writePolicy(place, text);
    t.equal((await place.run('policy', 'push')).code, 0);
  }
  const callback = rsaPair();
  const cosigner = rsaPair();
  await account.put(NAMES.parameters.callbackPrivateKey, callback.privatePem, 'SecureString');
  await account.put(NAMES.parameters.cosignerPublicKey, cosigner.publicPem, 'SecureString');

  const handler = startHandler(t, {
    ...{ built: true, cwd: t.testdirName },
    env: {
      ...moto.env,
      AWS_REGION: REGION,
      CALLBACK_PRIVATE_KEY_PARAMETER: NAMES.parameters.callbackPrivateKey,
      COSIGNER_PUBLIC_KEY_PARAMETER: NAMES.parameters.cosignerPublicKey,
      POLICY_FILE: '',
      POLICY_PARAMETER: policies.parameter,
      POLICY_REFRESH_SECONDS: String(REFRESH_SECONDS),
    },
  });
  const client = createCosigner({
    url: await handler.listening(),
    keys: { privateKey: cosigner.privateKey, callbackPublicKeys: [callback.publicKey] },
    maxSockets: 8,
  });
  t.teardown(() => client.close());
  const decision = async (): Promise<string | undefined> =>
    (await client.send('transaction', samplePayload('transaction'))).answer?.action;
  t.equal(await decision(), 'RETRY', 'the wrong policy is in force');

  const load = startLoad(() => client, 8);
  await load.untilAnswered(50);
  const startedAt = performance.now();
  const { code } = await place.run('policy', 'rollback', '--why', 'held everything back');
  const storedAt = performance.now();
  t.equal(code, 0);
  const decided = await until(async () => ((await decision()) === 'APPROVE' ? true : undefined), 30_000);
  const inForceAt = performance.now();
  t.ok(decided);
  await load.untilAnswered(50);
  await load.stop();
  t.ok(
    inForceAt - storedAt <= REFRESH_SECONDS * 1000 + TOLERANCE_MS,
    `stored after ${Math.round(storedAt - startedAt)} ms, in force ${Math.round(inForceAt - storedAt)} ms later`,
  );
  t.strictSame([...load.failed.values()], [], 'nothing is lost');
  t.ok(load.answered.size > 100, `${load.answered.size} answers`);
  t.equal(await handler.stop(), 0);
  const answers = handler.lines.filter(({ event }) => event === 'decision').map(({ action }) => action);
  t.strictSame(
    answers.slice(answers.indexOf('APPROVE')).filter((action) => action !== 'APPROVE'),
    [],
    'the policy changes once, between two requests',
  );
});
