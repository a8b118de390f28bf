// Tests the console's whole life with the operator commands: turned on, looked at, scaled, turned off, turned on again.
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import { awsProxy, parameter } from '../helpers/aws-proxy.js';
import { emulateCodeBuild } from '../helpers/codebuild.js';
import { motoServer } from '../helpers/moto.js';
import { workspace } from '../helpers/operator.js';
import { CHOICES } from '../helpers/settings.js';

t.setTimeout(300_000);

/** The emulator has no such group. */
const CONSOLE = { console: { ...CHOICES.console.console, clientSecurityGroups: [] } };

const HELD = `version: 1
approvers:
  alice: { name: Alice Example, passkeys: [] }
holds:
  treasury: { of: [alice], quorum: 1, expires: 50m }
rules:
  - id: large
    for: transaction
    when: tx.operation == "TRANSFER"
    action: hold
    hold: treasury
`;

const ORIGIN = 'https://callback.internal:8443';

t.test('the console is turned on, operated, turned off and destroyed', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  proxy.before = emulateCodeBuild(moto.endpoint);
  const account = accountAt(moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  const stacks = async (): Promise<readonly string[]> =>
    (await account.stacks()).map(({ name }) => name.replace('fireblocks-dev-', ''));

  await t.test(
    'a deployment creates it last, with the image and the certificate of the service',
    async (t) => {
      place.settings(CONSOLE);
      const plan = await place.run('deploy', '--dry-run');
      t.match(plan.stdout, new RegExp(`^console +${ORIGIN}$`, 'm'));
      t.match(
        plan.stdout,
        /^console +create \d+ resources\nconsole service +wait until its task is healthy$/m,
      );
      t.match(plan.stdout, '"console.webhookUrl" needs a route to the internet');
      const { code, stdout, stderr } = await place.run('deploy', '--yes');
      t.equal(code, 0, stderr);
      t.match(stdout, `The console is at ${ORIGIN}`);
      t.strictSame(await stacks(), ['callback', 'console', 'foundation', 'image', 'security']);
      const last = proxy.calls.filter(({ action }) => action === 'CreateStack').at(-1);
      const sent = (name: string): string => (last && parameter(last, name)) ?? '';
      t.equal(sent('StackName'), 'fireblocks-dev-console');
      const values = Object.fromEntries(
        Array.from({ length: 30 }, (_, index) => [
          sent(`Parameters.member.${index + 1}.ParameterKey`),
          sent(`Parameters.member.${index + 1}.ParameterValue`),
        ]),
      );
      t.match(values, { ImageTag: place.tag, DesiredCount: '1', CertificateArn: /^arn:aws:acm:/ });
      t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change\./ });
    },
  );

  await t.test('the doctor checks its service', async (t) => {
    const { checks } = await place.json<{ checks: { check: string; findings: unknown }[] }>('doctor');
    t.match(
      checks.find(({ check }) => check === 'console'),
      { findings: [{ state: 'note', text: 'the endpoint is an emulator, which runs no tasks' }] },
    );
  });

  await t.test('--status shows its service and its address', async (t) => {
    t.match(await place.json<Status>('deploy', '--status'), {
      console: {
        origin: ORIGIN,
        service: { desired: 1, desiredBySettings: 1, image: new RegExp(`:${place.tag}$`) },
      },
    });
    t.match((await place.run('deploy', '--status')).stdout, new RegExp(`^console .*\n +${ORIGIN}$`, 'm'));
  });

  await t.test('scale and restart change it, and leave the handler alone', async (t) => {
    const { stdout } = await place.run('scale', '2', '--console');
    t.match(stdout, 'infra/settings.json has "console.desiredCount": 1');
    t.equal((await place.run('restart', '--console')).code, 0);
    t.match(await place.json<Status>('deploy', '--status'), {
      service: { desired: 1 },
      console: { service: { desired: 2 } },
    });
  });

  await t.test('logs shows its log', async (t) => {
    const logs = new CloudWatchLogsClient(clientOptions(moto.endpoint));
    const stream = { logGroupName: NAMES.logGroups.console, logStreamName: 'task/1' };
    await logs.send(new CreateLogStreamCommand(stream));
    const message = JSON.stringify({ level: 'info', event: 'person_decided', approver: 'alice' });
    await logs.send(new PutLogEventsCommand({ ...stream, logEvents: [{ message, timestamp: Date.now() }] }));
    t.equal((await place.run('logs', '--console')).stdout.trim(), message);
    t.match(await place.run('logs'), { stdout: '', stderr: 'There are no log lines in the last hour.\n' });
  });

  await t.test('a policy with holds needs it, so that no deployment could start without', async (t) => {
    const policy = join(place.directory, 'held.yaml');
    writeFileSync(policy, HELD);
    t.equal((await place.run('policy', 'push', policy, '--why', 'two people')).code, 0);
    place.settings({});
    const advice = /set "console" in infra\/settings\.json, or push a policy without holds/;
    const refused = await place.run('deploy', '--dry-run');
    t.match(refused, { code: 1, stderr: /POLICY_UNSOUND/ });
    t.match(refused.stderr, advice);
    t.match(await place.run('policy', 'push', policy, '--why', 'again'), { code: 1, stdout: advice });
    place.settings(CONSOLE);
    t.equal((await place.run('policy', 'push', 'policy.yaml', '--why', 'nobody')).code, 0);
  });

  await t.test('without the setting, its stack is deleted before the others change', async (t) => {
    place.settings({});
    const { stdout } = await place.run('deploy', '--dry-run');
    t.match(stdout, /^console +delete the stack: the settings have no "console"\nfoundation/m);
    t.ok((await stacks()).includes('console'), '--dry-run changes nothing');
    proxy.calls.length = 0;
    // The emulator can't take a security group from a load balancer, as the whole deployment would.
    const removal = await place.run('deploy', '--yes', '--only-stacks', 'foundation');
    t.equal(removal.code, 0);
    t.match(removal.stdout, '[STARTED] Stack fireblocks-dev-console');
    t.strictSame(await stacks(), ['callback', 'foundation', 'image', 'security']);
    t.strictSame(
      proxy.calls.map(({ action }) => action).filter((action) => /^(Delete|Update)Stack$/.test(action)),
      ['DeleteStack', 'UpdateStack'],
    );
  });

  await t.test('without it, the other commands know no console', async (t) => {
    t.equal((await place.json<Status>('deploy', '--status')).console, undefined);
    t.notMatch((await place.run('deploy', '--dry-run')).stdout, /^console/m);
  });

  await t.test('destroy deletes it with the rest, and the secret of the webhook too', async (t) => {
    // The emulator can't add outputs to a stack that exists.
    await moto.reset();
    place.settings(CONSOLE);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await new SSMClient(clientOptions(moto.endpoint)).send(
      new PutParameterCommand({
        Name: NAMES.console.webhookSecret,
        Type: 'SecureString',
        KeyId: 'alias/fireblocks-dev',
        Value: 'a-secret-of-32-characters-at-least',
      }),
    );
    const { stdout } = await place.run('destroy', '--dry-run');
    t.match(stdout, 'stack fireblocks-dev-console');
    t.match(stdout, 'parameter /fireblocks/dev/webhook-secret');
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    t.strictSame(await stacks(), []);
    t.equal(await account.parameter(NAMES.console.webhookSecret), undefined);
  });
});
