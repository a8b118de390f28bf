// Tests the operator commands against an emulated account, from the first deployment to its deletion.
import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { DescribeServicesCommand, DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import { archiveBucket } from '../../infra/names.js';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import { awsProxy, isMutating } from '../helpers/aws-proxy.js';
import { ROOT, runCosigner } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { motoServer } from '../helpers/moto.js';
import { piecesOf, REGION, workspace } from '../helpers/operator.js';
import { startHandler } from '../helpers/process.js';

const run = promisify(execFile);

// Runs dozens of commands.
t.setTimeout(900_000);

const moto = await motoServer(t);

t.test('deploys, operates and destroys an environment', async (t) => {
  await moto.reset();
  const proxy = await awsProxy(t, moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({ auth: 'jwt' });
  const account = accountAt(moto.endpoint);
  const file = (name: string): string => join(place.directory, name);
  const read = (name: string): string => readFileSync(file(name), 'utf8');
  const { callbackPrivateKey, cosignerPublicKey, policy } = NAMES.parameters;

  await t.test('the first deployment ends with the next steps', async (t) => {
    const { code, stdout, stderr } = await place.spawn('deploy', '-e', 'dev', '--yes');
    t.equal(code, 0);
    t.equal(stderr, '');
    t.match(stdout, 'Deployed.');
    const next = stdout.slice(stdout.indexOf('Next steps'));
    t.match(next, 'https://callback.internal/callback');
    t.match(next, 'Choose an option that includes it:');
    for (const piece of piecesOf(read('.keys/dev/callback_public.pem'))) t.match(next, piece);
    t.match(next, 'npm run keys -- cosigner cosigner_public.pem -e dev');
    t.notMatch(stdout, '\u001b', 'no colour without a terminal');
  });

  await t.test('the first deployment creates stacks, parameters, certificate and service', async (t) => {
    t.match(
      await account.stacks(),
      ['callback', 'foundation', 'image', 'security'].map((name) => ({
        name: `fireblocks-dev-${name}`,
        status: 'CREATE_COMPLETE',
      })),
    );
    t.equal((await account.parameter(callbackPrivateKey))?.Value, read('.keys/dev/callback_private.pem'));
    t.equal((await account.parameter(policy))?.Value, read('policy.yaml'));
    const { Parameters = [] } = await new SSMClient(clientOptions(moto.endpoint)).send(
      new DescribeParametersCommand({}),
    );
    t.strictSame(
      Parameters.map(({ Name, Type, KeyId }) => [Name, Type, KeyId]).sort(),
      [
        [callbackPrivateKey, 'SecureString', 'alias/fireblocks-dev'],
        [NAMES.publicKey, 'String', undefined],
        [policy, 'SecureString', 'alias/fireblocks-dev'],
      ].sort(),
      'encrypted with the environment’s KMS key, but for the public key',
    );
    t.strictSame(await account.certificates(), ['callback.internal']);
    t.equal((await account.service())?.desiredCount, 1);
  });

  await t.test('only the owner may read the keys', (t) => {
    const modes = Object.fromEntries(place.files('.keys'));
    t.strictSame(modes, {
      '.keys/dev': 0o700,
      '.keys/dev/callback_private.pem': 0o600,
      '.keys/dev/callback_public.pem': 0o600,
      '.keys/dev/tls.pem': 0o600,
      '.keys/dev/tls_ca.pem': 0o600,
    });
    t.end();
  });

  await t.test('a second deployment reports that nothing needs to change', async (t) => {
    proxy.calls.length = 0;
    const { code, stdout } = await place.run('deploy', '-e', 'dev', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'Nothing to change.');
    t.strictSame(proxy.calls.filter(isMutating), []);
  });

  await t.test('--status shows the state of everything', async (t) => {
    const status = await place.json<Status>('deploy', '--status');
    t.match(status, {
      environment: 'dev',
      account: '123456789012',
      region: REGION,
      stacks: [
        { stack: 'fireblocks-dev-foundation', status: 'CREATE_COMPLETE', condition: 'ready' },
        {},
        {},
        {},
      ],
      service: { desired: 1, image: new RegExp(`fireblocks-callback-dev:${place.tag}$`) },
      parameters: {
        callbackKey: { state: 'good', holds: [/^[0-9a-f]{64}$/] },
        cosignerKeys: { state: 'missing' },
        policy: { state: 'good', holds: [/^[0-9a-f]{64}, 0 rules$/] },
      },
      store: { table: 'fireblocks-dev-store', state: 'ACTIVE', sealed: undefined, problem: undefined },
      certificate: { status: 'ISSUED', daysLeft: 396, expiresSoon: false },
      alarms: { firing: [] },
    });
    const { stdout } = await place.run('deploy', '--status');
    for (const expected of [
      'CREATE_COMPLETE',
      'callback key',
      'certificate',
      'in 396 days',
      'alarms',
      place.tag,
    ]) {
      t.match(stdout, expected);
    }
  });

  await t.test('--status shows when a head was last sealed', async (t) => {
    const s3 = new S3Client({ ...clientOptions(moto.endpoint), forcePathStyle: true });
    for (const day of ['2026-11-25', '2026-11-26']) {
      await s3.send(
        new PutObjectCommand({
          Bucket: archiveBucket(NAMES, '123456789012', REGION),
          Key: `archive/heads/${day}/writer/1`,
          Body: '{}',
        }),
      );
    }
    const { store } = await place.json<Status>('deploy', '--status');
    t.ok(Date.now() - Date.parse(store.sealed ?? '') < 60_000, String(store.sealed));
  });

  await t.test('--status shows the alarms that are firing', async (t) => {
    proxy.after = (call, reply) =>
      call.service === 'monitoring'
        ? {
            ...reply,
            body: JSON.stringify({
              MetricAlarms: [
                { AlarmName: 'fireblocks-dev-errors', StateValue: 'ALARM', StateReason: 'one datapoint' },
                { AlarmName: 'fireblocks-dev-cpu', StateValue: 'OK' },
              ],
            }),
          }
        : undefined;
    const { stdout } = await place.run('deploy', '--status');
    t.match(stdout, '1 of 2 firing');
    t.match(stdout, 'fireblocks-dev-errors: one datapoint');
    proxy.after = () => undefined;
  });

  const cosigner = rsaPair();
  await t.test('keys registers a Co-signer’s key', async (t) => {
    writeFileSync(file('cosigner_public.pem'), cosigner.publicPem);
    const refused = await place.run('keys', 'cosigner', 'cosigner_public.pem');
    t.match(refused, { code: 2, stderr: /no terminal for the confirmation prompt: add --yes/ });
    const { code, stdout } = await place.spawn('keys', 'cosigner', 'cosigner_public.pem', '--yes');
    t.equal(code, 0);
    t.match(stdout, /Registered in .*\n +[0-9a-f]{64} {2}cosigner_public.pem/);
    t.equal((await account.parameter(cosignerPublicKey))?.Value, cosigner.publicPem);
    const again = await place.run('keys', 'cosigner', 'cosigner_public.pem');
    t.match(again, { code: 0, stdout: /^Nothing to change/ });
  });

  await t.test('keys adds a second key, or replaces the first after confirmation', async (t) => {
    const second = rsaPair().publicPem;
    writeFileSync(file('second.pem'), second);
    const refused = await place.run('keys', 'cosigner', 'second.pem');
    t.match(refused, { code: 2, stderr: /no terminal for the confirmation prompt: add --yes/ });
    t.equal(
      (await account.parameter(cosignerPublicKey))?.Value,
      cosigner.publicPem,
      'the registered key stays',
    );

    const { after, changed } = await place.json<{ after: string[]; changed: boolean }>(
      ...(['keys', 'cosigner', 'second.pem', '--add', '--yes'] as const),
    );
    t.match({ after, changed }, { after: [/^[0-9a-f]{64}$/, /^[0-9a-f]{64}$/], changed: true });
    t.equal((await account.parameter(cosignerPublicKey))?.Value, cosigner.publicPem + second);

    t.match(await place.json('keys', 'cosigner', 'cosigner_public.pem', '--yes'), {
      before: after,
      after: [after[0]],
    });
    t.equal((await account.parameter(cosignerPublicKey))?.Value, cosigner.publicPem);
  });

  await t.test('keys rejects a file without a valid Co-signer key, and stores nothing', async (t) => {
    writeFileSync(file('private.pem'), rsaPair().privatePem);
    writeFileSync(file('large.pem'), rsaPair(3072).publicPem);
    const cases: Readonly<Record<string, RegExp>> = {
      'private.pem': /KEY_IS_PRIVATE/,
      'large.pem': /3072 bits.*KEY_WRONG_SIZE/,
      '.keys/dev/callback_public.pem': /handler's own public key.*KEY_ON_BOTH_SIDES/,
      'package.json': /KEY_NOT_PEM/,
    };
    proxy.calls.length = 0;
    for (const [name, problem] of Object.entries(cases)) {
      t.match(await place.run('keys', 'cosigner', name), { code: 1, stderr: problem }, name);
    }
    t.match(await place.run('keys', 'cosigner', 'none.pem'), { code: 2, stderr: /no such file/ });
    t.match(await place.run('keys', 'callback', 'x.pem'), { code: 2 });
    t.strictSame(proxy.calls.filter(isMutating), []);
  });

  await t.test('policy push stores only a valid policy', async (t) => {
    const shipped = read('policy.yaml');
    writeFileSync(
      file('mine.yaml'),
      'version: 1\nrules:\n  - { id: all, for: transaction, when: "true", action: approve }\n',
    );
    const { code, stdout } = await place.run('policy', 'push', '--policy', 'mine.yaml');
    t.equal(code, 0);
    t.match(stdout, /In force within a minute: [0-9a-f]{12}, 1 rule/);
    t.equal((await account.parameter(policy))?.Value, read('mine.yaml'));

    writeFileSync(
      file('broken.yaml'),
      'version: 1\nrules:\n  - { id: all, when: "tx.amont > 1", action: approve }\n',
    );
    t.match(await place.run('policy', 'push', '--policy', 'broken.yaml'), { code: 1 });
    t.equal((await account.parameter(policy))?.Value, read('mine.yaml'));

    t.match(await place.json('policy', 'push'), { changed: true, rules: 0 });
    t.equal((await account.parameter(policy))?.Value, shipped);
    t.match(await place.json('policy', 'push'), { changed: false });
    t.match(await place.run('policy', 'check', '-e', 'dev'), { code: 2, stderr: /unknown option '-e'/ });
  });

  await t.test('a deployment does not change a stored policy', async (t) => {
    await place.run('policy', 'push', '--policy', 'mine.yaml');
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal((await account.parameter(policy))?.Value, read('mine.yaml'));
  });

  await t.test('scale and restart change the service, and wait for it', async (t) => {
    const { code, stdout } = await place.spawn('scale', '2');
    t.equal(code, 0);
    t.match(stdout, 'infra/settings.json has "desiredCount": 1');
    t.equal((await account.service())?.desiredCount, 2);
    t.match(await place.json('scale', '1'), { desired: 1, service: { desired: 1 } });
    t.equal((await account.service())?.desiredCount, 1);
    for (const wrong of ['21', '-1', 'many']) {
      const message = `the number of tasks must be a whole number from 0 to 20, or settings, not "${wrong}"`;
      t.match(await place.run('scale', wrong), { code: 2, stderr: message });
    }
    for (const wrong of [[], ['1', '2']]) t.match(await place.run('scale', ...wrong), { code: 2 });

    proxy.calls.length = 0;
    t.equal((await place.spawn('restart')).code, 0);
    t.match(
      proxy.calls.filter(isMutating).map(({ action, body }) => [action, JSON.parse(body) as unknown]),
      [['UpdateService', { service: 'callback-handler-service', forceNewDeployment: true }]],
    );
  });

  await t.test('logs shows all lines, only errors, or only the lines about one request', async (t) => {
    const logs = new CloudWatchLogsClient(clientOptions(moto.endpoint));
    const stream = { logGroupName: NAMES.logGroups.service, logStreamName: 'task/callback-handler/1' };
    const lines = [
      '{"level":"info","msg":"decided","requestId":"request-1"}',
      '{"level":"info","msg":"decided","requestId":"request-2"}',
      '{"level":"error","msg":"SSM"}',
      'Error: out of memory',
    ];
    await logs.send(new CreateLogStreamCommand(stream));
    t.match(await place.run('logs'), { code: 0, stdout: /^$/ }, 'prints nothing if there is no line');
    await logs.send(
      new PutLogEventsCommand({
        ...stream,
        logEvents: lines.map((message, index) => ({ message, timestamp: Date.now() - 1000 + index })),
      }),
    );
    const shown = async (...args: string[]) => (await place.run('logs', ...args)).stdout.trim().split('\n');
    t.strictSame(await shown(), lines);
    t.strictSame(await shown('--errors'), lines.slice(2));
    t.strictSame(await shown('--request', 'request-2'), lines.slice(1, 2));
    t.match(await place.run('logs', '--since', 'yesterday'), { code: 2, stderr: /a duration such as 15m/ });

    const following = place.start('logs', '--follow');
    let seen = '';
    following.child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes('out of memory')) {
        void logs.send(
          new PutLogEventsCommand({
            ...stream,
            logEvents: [{ message: '{"level":"info","msg":"later"}', timestamp: Date.now() }],
          }),
        );
      }
      if (seen.includes('later')) following.child.kill('SIGINT');
    });
    const { code, stdout } = await following.ended;
    t.equal(code, 130);
    t.equal(stdout.split('later').length, 2, 'shows each line once');
  });

  await t.test('a handler with the deployed configuration responds to the Co-signer', async (t) => {
    const ecs = new ECSClient(clientOptions(moto.endpoint));
    const { services } = await ecs.send(
      new DescribeServicesCommand({ cluster: NAMES.cluster, services: [NAMES.service] }),
    );
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: services?.[0]?.taskDefinition }),
    );
    const container = taskDefinition?.containerDefinitions?.[0];
    const handler = startHandler(t, {
      cwd: t.testdir(),
      built: true,
      env: {
        ...Object.fromEntries(
          (container?.environment ?? []).map(({ name = '', value = '' }) => [name, value]),
        ),
        AWS_ENDPOINT_URL: moto.endpoint,
        AWS_REGION: REGION,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      },
    });
    const url = await handler.listening();
    writeFileSync(file('cosigner_private.pem'), cosigner.privatePem);
    const response = await runCosigner(
      [
        ...['--url', `${url}/callback`, '--json'],
        ...['--cosigner-private-key', 'cosigner_private.pem'],
        ...['--callback-public-key', '.keys/dev/callback_public.pem'],
      ],
      { cwd: place.directory },
    );
    t.equal(response.code, 0, response.stderr);
    t.match(JSON.parse(response.stdout), { answer: { action: 'APPROVE' } });
    await handler.stop();
  });

  await t.test('the private key is only in its directory and in SSM', async (t) => {
    const pieces = piecesOf(read('.keys/dev/callback_private.pem'));
    t.ok(pieces.length > 20);
    const hasKey = (content: string): boolean =>
      pieces.some((piece) => content.includes(piece)) || content.includes('PRIVATE KEY-----');
    t.notOk(hasKey(place.output()), 'not in any output');
    t.ok([...place.commandLines].some((line) => line.includes('cli/deploy/main.js')));
    t.notOk([...place.commandLines].some(hasKey), 'not in the arguments of a process');
    for (const { name } of await account.stacks()) t.notOk(hasKey(await account.template(name)), name);
    const elsewhere = [...place.files().keys()].filter(
      (name) => !name.startsWith('.keys') && !name.endsWith('private.pem') && /\.\w+$/.test(name),
    );
    t.ok(elsewhere.length > 3);
    for (const name of elsewhere) {
      const content = (() => {
        try {
          return read(name);
        } catch {
          return '';
        }
      })();
      t.notOk(hasKey(content), name);
    }
    const { stdout } = await run('git', ['status', '--porcelain', '--ignored'], { cwd: place.directory });
    t.match(stdout, /^!! \.keys\/$/m, 'and git ignores it');
  });

  await t.test('destroy deletes everything except the keys on this machine', async (t) => {
    t.match(await place.run('destroy'), { code: 2, stderr: /add --confirm dev/ });
    t.match(await place.run('destroy', '--confirm', 'prod'), { code: 2 });
    t.match(await place.run('destroy', '--dry-run'), {
      code: 0,
      stdout:
        /delete +stack fireblocks-dev-callback[^]*The store is deleted with its stack: the table fireblocks-dev-store/,
    });
    t.equal((await account.stacks()).length, 4, 'nothing is deleted yet');

    const { code, stdout } = await place.spawn('destroy', '--confirm', 'dev');
    t.equal(code, 0);
    t.match(stdout, /keep +the keys in \.keys\/dev/);
    t.strictSame(await account.stacks(), []);
    t.strictSame(await account.certificates(), []);
    for (const name of Object.values(NAMES.parameters)) t.equal(await account.parameter(name), undefined);
    t.ok(place.files('.keys').has('.keys/dev/callback_private.pem'));
    t.match(await place.run('destroy', '--confirm', 'dev'), {
      code: 0,
      stdout: /There is nothing to delete in dev/,
    });
  });
});

t.test('deploys a fresh clone with the command in the README', async (t) => {
  await moto.reset();
  const clone = join(t.testdir(), 'clone');
  await run('git', ['clone', '--quiet', ROOT, clone]);
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  const env = {
    PATH: process.env['PATH'],
    HOME: t.testdirName,
    AWS_ENDPOINT_URL: moto.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const deploy = () => run('npm', ['run', 'deploy', '--', '-e', 'dev', '--yes'], { cwd: clone, env });
  const { stdout } = await deploy();
  t.match(stdout, 'infra/settings.json was created from infra/settings.example.json for ap-northeast-1');
  t.match(stdout, 'Next steps');
  t.match(stdout, 'certificate pinning');
  t.match((await deploy()).stdout, 'Nothing to change.');
  const { stdout: changes } = await run('git', ['status', '--porcelain'], { cwd: clone });
  // This test adds the link.
  t.equal(changes.trim(), '?? node_modules', 'git ignores the files that it created');
});

t.test('a first deployment to another region looks up the availability zones in that region', async (t) => {
  await moto.reset();
  const place = workspace(t, moto.endpoint);
  const { stdout, code } = await place.run('deploy', '-r', 'eu-west-1', '--dry-run');
  t.equal(code, 0);
  t.match(stdout, 'Nothing was changed in AWS');
  const settings = JSON.parse(readFileSync(join(place.directory, 'infra/settings.json'), 'utf8')) as {
    s3PrefixListId: string;
    dynamodbPrefixListId: string;
  };
  t.match(settings, {
    region: 'eu-west-1',
    availabilityZones: ['eu-west-1a', 'eu-west-1b'],
    s3PrefixListId: /^pl-/,
    dynamodbPrefixListId: /^pl-/,
  });
  t.not(settings.dynamodbPrefixListId, settings.s3PrefixListId);
});
