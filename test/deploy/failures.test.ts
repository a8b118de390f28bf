// What goes wrong with a deployment is told with its cause and the next command, and a second run heals it.
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import t, { type Test } from 'tap';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import {
  awsError,
  type AwsCall,
  type AwsProxy,
  type AwsReply,
  awsProxy,
  isMutating,
  json,
  parameter,
  xml,
} from '../helpers/aws-proxy.js';
import { playCodeBuild, putImage } from '../helpers/codebuild.js';
import { type Ran, ROOT } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { motoServer } from '../helpers/moto.js';
import { type Workspace, workspace } from '../helpers/operator.js';

const run = promisify(execFile);

// It starts a command, and with it the CDK, dozens of times.
t.setTimeout(900_000);

t.test('failures', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const account = accountAt(moto.endpoint);
  const log = async (logGroupName: string, logStreamName: string, ...messages: string[]): Promise<void> => {
    const logs = new CloudWatchLogsClient(clientOptions(moto.endpoint));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    await logs.send(
      new PutLogEventsCommand({
        logGroupName,
        logStreamName,
        logEvents: messages.map((message, index) => ({ message, timestamp: Date.now() + index })),
      }),
    );
  };

  /** Each begins with an empty account. */
  const scenario = (
    title: string,
    play: (t: Test, place: Workspace, proxy: AwsProxy) => Promise<void>,
  ): void =>
    void t.test(title, async (t) => {
      await moto.reset();
      healthy();
      proxy.calls.length = 0;
      await play(t, workspace(t, proxy.endpoint), proxy);
    });
  const healthy = (): void => {
    proxy.before = () => undefined;
    proxy.after = () => undefined;
  };
  const heals = async (t: Test, place: Workspace, ...args: string[]): Promise<void> => {
    healthy();
    const { code, stderr } = await place.run('deploy', '--yes', ...args);
    t.equal(code, 0, `a second run heals it ${stderr}`);
    t.match(
      (await account.stacks()).map(({ status }) => status),
      Array.from({ length: 4 }, () => /_COMPLETE$/),
    );
    t.strictSame(await account.certificates(), ['callback.internal']);
  };

  scenario('a profile that is not there', async (t, place) => {
    const ran = await place.run('deploy', '--yes', '--profile', 'nobody');
    fails(
      t,
      ran,
      'CREDENTIALS_MISSING',
      /profile nobody gives no AWS credentials/,
      'aws sso login --profile nobody',
    );
  });

  scenario('credentials that are not accepted', async (t, place) => {
    proxy.before = (call) =>
      awsError(call, 'ExpiredToken', 'The security token included in the request is expired');
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'CREDENTIALS_REFUSED', /does not accept the credentials/, 'aws sso login');
    await heals(t, place);
  });

  for (const [action, step] of [
    ['CreateStack', 'Stack fireblocks-dev-foundation'],
    ['PutParameter', 'Keys and policy in SSM'],
    ['ImportCertificate', 'Certificate in ACM'],
    ['DescribeImages', ''],
    ['GetParameter', ''],
  ] as const) {
    scenario(`no permission for ${action}`, async (t, place) => {
      proxy.before = (call) =>
        call.action === action
          ? awsError(call, 'AccessDeniedException', `test is not authorized to perform ${action}`)
          : undefined;
      const ran = await place.run('deploy', '--yes');
      fails(
        t,
        ran,
        'PERMISSION_MISSING',
        new RegExp(`not authorized to perform ${action}`),
        'ask whoever administers',
      );
      const begun = ran.stdout.split('\n').filter((line) => line.startsWith('[STARTED]'));
      t.equal(begun.at(-1), step === '' ? undefined : `[STARTED] ${step}`);
      await heals(t, place);
    });
  }

  scenario('another region than the settings have', async (t, place) => {
    place.settings({});
    const ran = await place.run('deploy', '--yes', '--region', 'eu-west-1');
    fails(
      t,
      ran,
      'REGION_DIFFERS',
      /infra\/settings\.json is for ap-northeast-1, not for eu-west-1/,
      'leave --region out',
    );
    t.strictSame(proxy.calls, []);
  });

  scenario('a region that does not exist', async (t, place) => {
    const ran = await place.run('deploy', '--yes', '--region', 'eu-north-9');
    fails(t, ran, 'AWS_FAILED', /HTTP 500/, 'check the region');
    t.notOk(place.files('infra').has('infra/settings.json'), 'no settings for it were made');
    await heals(t, place, '--region', 'ap-northeast-1');
  });

  scenario('another account than the settings have', async (t, place) => {
    place.settings({ account: '999999999999' });
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'ACCOUNT_DIFFERS', /account 123456789012.*is for 999999999999/, '--profile');
  });

  scenario('settings with mistakes', async (t, place) => {
    place.settings({ region: 'Tokyo', hostname: 'x' });
    const ran = await place.run('deploy', '--yes');
    t.equal(ran.code, 1);
    t.match(ran.stderr, /region must be an AWS region/);
    t.match(ran.stderr, /hostname is not known: did you mean "hostName"/);
  });

  scenario('nothing that listens', async (t, place) => {
    place.environment['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:9';
    fails(t, await place.run('deploy', '--yes'), 'AWS_UNREACHABLE', /ECONNREFUSED/, 'AWS_ENDPOINT_URL');
    place.environment['AWS_ENDPOINT_URL'] = proxy.endpoint;
    await heals(t, place);
  });

  scenario('a stack that is stuck', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    proxy.after = (call, reply) =>
      call.action === 'DescribeStacks' && reply.body.includes('fireblocks-dev-security')
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'ROLLBACK_COMPLETE') }
        : undefined;
    proxy.before = (call) => {
      if (call.action === 'DeleteStack') healthy();
      return undefined;
    };
    fails(
      t,
      await place.run('deploy', '--yes'),
      'STACK_STUCK',
      /fireblocks-dev-security is ROLLBACK_COMPLETE: it can only be deleted and created again/,
      'npm run deploy -- --yes --env dev --force-recreate',
    );
    t.equal((await account.stacks()).length, 2, 'nothing else was touched');

    const recreated = await place.json<{ steps: { step: string; action: string }[] }>(
      'deploy',
      '--yes',
      '--force-recreate',
    );
    t.match(
      recreated.steps.find(({ step }) => step === 'security'),
      { action: 'recreate' },
    );
    t.equal(proxy.calls.filter(({ action }) => action === 'DeleteStack').length, 1);
    await heals(t, place);
  });

  scenario('an update that could not be taken back is not deleted', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation')).code, 0);
    proxy.after = (call, reply) =>
      call.action === 'DescribeStacks'
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'UPDATE_ROLLBACK_FAILED') }
        : undefined;
    const ran = await place.run('deploy', '--yes', '--force-recreate');
    fails(
      t,
      ran,
      'STACK_STUCK',
      /UPDATE_ROLLBACK_FAILED/,
      'aws cloudformation continue-update-rollback --stack-name fireblocks-dev-foundation',
    );
    t.equal((await account.stacks()).length, 1);
  });

  scenario('an earlier deployment that goes on is waited for', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation')).code, 0);
    let asked = 0;
    proxy.after = (call, reply) =>
      call.action === 'DescribeStacks' && reply.body.includes('fireblocks-dev-foundation') && asked++ < 3
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'UPDATE_IN_PROGRESS') }
        : undefined;
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'fireblocks-dev-foundation is UPDATE_IN_PROGRESS: an earlier run goes on');
    t.equal(asked > 3, true);
    asked = 0;
    fails(t, await place.run('deploy', '--dry-run'), 'STACK_BUSY', /a deployment is running/, '--status');
  });

  scenario('a build that fails', async (t, place) => {
    proxy.before = async (call) => {
      if (call.service !== 'codebuild') return undefined;
      if (call.action === 'ListBuildsForProject') return json({ ids: [] });
      if (call.action === 'StartBuild') {
        await log(NAMES.logGroups.imageBuild, 'b1', 'npm error 404 Not Found', 'exit status 1');
        return json({ build: { id: 'fireblocks-callback-dev:b1', buildStatus: 'IN_PROGRESS' } });
      }
      return json({
        builds: [
          {
            id: 'fireblocks-callback-dev:b1',
            buildStatus: 'FAILED',
            currentPhase: 'COMPLETED',
            phases: [
              { phaseType: 'INSTALL', phaseStatus: 'SUCCEEDED' },
              {
                phaseType: 'BUILD',
                phaseStatus: 'FAILED',
                contexts: [{ message: 'COMMAND_EXECUTION_ERROR: exit status 1' }],
              },
            ],
            logs: { groupName: NAMES.logGroups.imageBuild, streamName: 'b1' },
          },
        ],
      });
    };
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'BUILD_FAILED',
      /the build is FAILED in BUILD: COMMAND_EXECUTION_ERROR/,
      'npm run deploy -- --yes --env dev',
    );
    t.match(ran.stderr, 'npm error 404 Not Found');
    t.equal((await account.stacks()).length, 3, 'the service was not touched');
    proxy.before = playCodeBuild(moto.endpoint);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await heals(t, place);
  });

  scenario('a build of the same revision that runs already is waited for', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    let asked = 0;
    proxy.before = async (call) => {
      if (call.service !== 'codebuild') return undefined;
      if (call.action === 'ListBuildsForProject') return json({ ids: ['fireblocks-callback-dev:b1'] });
      const running = asked++ < 1;
      if (!running) await putImage(moto.endpoint, place.tag);
      return json({
        builds: [
          {
            id: 'fireblocks-callback-dev:b1',
            buildStatus: running ? 'IN_PROGRESS' : 'SUCCEEDED',
            environment: { environmentVariables: [{ name: 'IMAGE_TAG', value: place.tag }] },
          },
        ],
      });
    };
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.strictSame(
      proxy.calls.filter(({ action }) => action === 'StartBuild'),
      [],
    );
  });

  scenario('a stack whose service never gets well', async (t, place) => {
    let state: 'none' | 'stuck' | 'deleted' = 'none';
    const stackId = 'arn:aws:cloudformation:ap-northeast-1:123456789012:stack/fireblocks-dev-callback/1';
    const stackXml = (status: string): string =>
      `<Stacks><member><StackId>${stackId}</StackId><StackName>fireblocks-dev-callback</StackName><StackStatus>${status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>`;
    const eventXml = (id: number, resource: string, type: string, status: string, reason: string): string =>
      `<member><EventId>${id}</EventId><StackId>${stackId}</StackId><StackName>fireblocks-dev-callback</StackName><LogicalResourceId>${resource}</LogicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>${status}</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason><Timestamp>2026-01-01T00:00:0${id}Z</Timestamp></member>`;
    const events = [
      eventXml(4, 'fireblocks-dev-callback', 'AWS::CloudFormation::Stack', 'ROLLBACK_COMPLETE', ''),
      eventXml(3, 'Zone', 'AWS::Route53::HostedZone', 'CREATE_FAILED', 'Resource creation cancelled'),
      eventXml(
        2,
        'Service',
        'AWS::ECS::Service',
        'CREATE_FAILED',
        'ECS Deployment Circuit Breaker was triggered',
      ),
      eventXml(1, 'Cluster', 'AWS::ECS::Cluster', 'CREATE_COMPLETE', ''),
    ];
    proxy.before = (call) => {
      const about = parameter(call, 'StackName') ?? '';
      if (state === 'none' && call.action === 'CreateStack' && about === 'fireblocks-dev-callback') {
        state = 'stuck';
        return xml(call, `<StackId>${stackId}</StackId>`);
      }
      if (state === 'deleted' && about === stackId && call.action === 'DescribeStackEvents') {
        return xml(call, `<StackEvents>${events.join('')}</StackEvents>`);
      }
      if (state !== 'stuck') return undefined;
      if (call.action === 'ListTasks') return json({ taskArns: [stoppedTask.taskArn] });
      if (call.action === 'DescribeTasks') return json({ tasks: [stoppedTask] });
      if (call.action === 'GetLogEvents') {
        return json({ events: [{ message: '{"level":"fatal","msg":"no key"}' }] });
      }
      if (!about.includes('fireblocks-dev-callback')) return undefined;
      if (call.action === 'DescribeStacks') return xml(call, stackXml('ROLLBACK_COMPLETE'));
      if (call.action === 'DescribeStackEvents')
        return xml(call, `<StackEvents>${events.join('')}</StackEvents>`);
      if (call.action === 'GetTemplate') return xml(call, '<TemplateBody>{}</TemplateBody>');
      if (call.action === 'DescribeStackResources') return xml(call, '<StackResources></StackResources>');
      if (call.action === 'DeleteStack') {
        state = 'deleted';
        return xml(call, '');
      }
      return undefined;
    };
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'STACK_STUCK',
      /fireblocks-dev-callback is ROLLBACK_COMPLETE: Service \(AWS::ECS::Service\): ECS Deployment Circuit Breaker/,
      'go on with: npm run deploy -- --yes --env dev --force-recreate',
    );
    t.match(
      ran.stderr,
      'task abc stopped: Essential container in task exited; callback-handler ended with exit code 1',
    );
    t.match(ran.stderr, '{"level":"fatal","msg":"no key"}');
    t.match(await place.run('deploy', '--yes'), { code: 1, stderr: /STACK_STUCK/ });
    const recreated = await place.run('deploy', '--yes', '--force-recreate');
    t.equal(recreated.code, 0, recreated.stderr);
    t.equal(state, 'deleted');
    await heals(t, place);
  });

  scenario('a service that is not steady', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const target = {
      Target: { Id: '10.0.1.7', Port: 3000 },
      TargetHealth: { State: 'unhealthy', Description: 'Health checks failed with these codes: [503]' },
    };
    proxy.before = (call) => playService(call, 'FAILED', target.TargetHealth.State);
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'SERVICE_NOT_STEADY',
      /ECS gave up.*unhealthy \(Health checks failed/,
      'npm run logs -- --errors -e dev',
    );
    t.match(ran.stderr, 'go on with: npm run deploy -- --yes --env dev');
    t.match(ran.stderr, 'task abc stopped: Essential container in task exited');
    t.match(await place.run('deploy', '--status'), { code: 0 });
    t.match((await place.run('deploy', '--status')).stdout, /10\.0\.1\.7 unhealthy/);

    let asked = 0;
    proxy.before = (call) => {
      const well = call.action === 'DescribeTargetHealth' ? ++asked > 2 : asked > 2;
      return playService(call, well ? 'COMPLETED' : 'IN_PROGRESS', well ? 'healthy' : 'initial');
    };
    const waited = await place.run('deploy', '--yes');
    t.equal(waited.code, 0);
    t.match(waited.stdout, /targets: initial/);
  });

  scenario('a restart that ECS takes back', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    let asked = -1;
    proxy.before = (call) => {
      if (call.action === 'UpdateService') {
        asked = 0;
        return json({ service: serviceOf('new', 'IN_PROGRESS') });
      }
      if (call.action !== 'DescribeServices') return playService(call, 'COMPLETED', 'healthy');
      if (asked === -1) return json({ services: [serviceOf('old', 'COMPLETED')] });
      // At first what was before, then the new deployment, then the old one again.
      const deployment = ['old', 'new', 'new', 'old'][asked++] ?? 'old';
      return json({ services: [serviceOf(deployment, deployment === 'old' ? 'COMPLETED' : 'IN_PROGRESS')] });
    };
    const ran = await place.run('restart');
    fails(t, ran, 'SERVICE_NOT_STEADY', /ECS went back to those before/, 'npm run logs -- --errors -e dev');
    t.ok(asked >= 4, 'the answer from before was not taken for the end');
  });

  scenario('a policy that is unsound', async (t, place) => {
    const file = join(place.directory, 'policy.yaml');
    const sound = readFileSync(file, 'utf8');
    writeFileSync(file, 'version: 1\nrules: [oops]\n');
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'POLICY_UNSOUND', /policy\.yaml can't be used as the policy/, 'npm run policy -- check');
    t.strictSame(proxy.calls.filter(isMutating), []);
    writeFileSync(file, sound);
    await heals(t, place);
    await account.put(NAMES.parameters.policy, 'version: 1\nrules: [oops]\n', 'SecureString');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'POLICY_UNSOUND',
      /\/fireblocks\/dev\/policy/,
      'npm run policy -- push -e dev',
    );
  });

  scenario('another host name, with a certificate of one’s own', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    place.settings({ hostName: 'handler.internal' });
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'make a CA and a certificate for handler.internal');
    t.match(stdout, /^service +wait until it is steady$/m, 'what changes is waited for');
    const certificate = new X509Certificate(readFileSync(join(place.directory, '.keys/dev/tls.pem')));
    t.equal(certificate.checkHost('handler.internal'), 'handler.internal');
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    t.strictSame(await account.certificates(), [], 'the one before goes as well');
  });

  scenario('a stack that the CDK’s own command deployed', async (t, place) => {
    place.settings({});
    await run(
      join(ROOT, 'node_modules/.bin/cdk'),
      [
        ...['--app', `${join(ROOT, 'node_modules/.bin/tsx')} ${join(ROOT, 'infra/app.ts')}`],
        ...['--output', 'home/out', '--context', 'env=dev', '--require-approval', 'never'],
        ...['deploy', 'fireblocks-dev-foundation'],
      ],
      // A socket's path must not be long.
      { cwd: place.directory, env: { ...place.environment, CI: 'true', TMPDIR: tmpdir() } },
    );
    const { code, stdout } = await place.run('deploy', '--dry-run');
    t.equal(code, 0);
    t.match(stdout, /^foundation +(nothing|update)/m);
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
  });

  scenario('a Co-signer that the settings no longer have', async (t, place) => {
    proxy.before = (call) =>
      call.action === 'DescribeStacks' && parameter(call, 'StackName') === 'fireblocks-dev-cosigner'
        ? xml(
            call,
            '<Stacks><member><StackName>fireblocks-dev-cosigner</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>',
          )
        : undefined;
    place.settings({});
    fails(
      t,
      await place.run('deploy', '--yes'),
      'STACK_LEFT_OVER',
      /"cosigner": false/,
      'set it to true again',
    );
  });

  scenario('another key in SSM than in the directory', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const name = NAMES.parameters.callbackPrivateKey;
    const inForce = (await account.parameter(name))?.Value;
    const other = rsaPair().privatePem;
    const file = join(place.directory, '.keys/dev/callback_private.pem');
    writeFileSync(file, other);
    fails(
      t,
      await place.run('deploy', '--yes'),
      'CALLBACK_KEY_DIFFERS',
      /holds another key/,
      '--rotate-callback-key',
    );
    t.equal((await account.parameter(name))?.Value, inForce);

    t.equal((await place.run('deploy', '--yes', '--rotate-callback-key')).code, 0);
    t.equal((await account.parameter(name))?.Value, other, 'the one of the directory');
    const before = (): readonly string[] =>
      [...place.files('.keys').keys()]
        .filter((name) => /callback_private\.[0-9a-f]{16}\.pem$/.test(name))
        .map((name) => readFileSync(join(place.directory, name), 'utf8'));
    t.strictSame(before(), [inForce]);

    const { code, stdout } = await place.run('deploy', '--yes', '--rotate-callback-key');
    t.equal(code, 0);
    t.match(stdout, 'Give the Co-signer the new public key now');
    t.strictSame(new Set(before()), new Set([inForce, other]), 'no key is lost');
    t.notMatch((await account.parameter(name))?.Value, other, 'and now a new one');
    t.equal((await account.parameter(name))?.Value, readFileSync(file, 'utf8'));

    writeFileSync(file, 'no key');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'KEY_NOT_PEM',
      /callback_private\.pem can't be used/,
      'move .keys/dev/callback_private.pem away',
    );
  });

  scenario('a key that lies in SSM unencrypted', async (t, place) => {
    const ssm = accountAt(moto.endpoint);
    await ssm.put(NAMES.parameters.callbackPrivateKey, rsaPair().privatePem, 'String');
    fails(
      t,
      await place.run('deploy', '--yes'),
      'PARAMETER_NOT_ENCRYPTED',
      /is a String, not a SecureString/,
      'do not use that key again',
    );
    t.strictSame(await account.stacks(), []);
  });

  scenario('a certificate that is about to expire, and its renewal', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const before = readFileSync(join(place.directory, '.keys/dev/tls.pem'), 'utf8');
    const soon = (call: AwsCall, reply: AwsReply): AwsReply | undefined =>
      call.action === 'DescribeCertificate'
        ? {
            ...reply,
            body: reply.body.replace(
              /"NotAfter": ?[\d.]+/,
              `"NotAfter": ${Date.now() / 1000 + 10 * 86_400 + 60}`,
            ),
          }
        : undefined;
    proxy.after = soon;
    t.match((await place.run('deploy', '--status')).stdout, /in 10 days: renew it/);
    t.match((await place.run('deploy', '--yes')).stdout, /expires in 10 days: --renew-certificate/);
    proxy.after = () => undefined;
    const { code, stdout } = await place.run('deploy', '--yes', '--renew-certificate');
    t.equal(code, 0);
    t.match(stdout, 'give the Co-signer the new one now');
    t.strictSame(await account.certificates(), ['callback.internal'], 'in the same place');
    t.not(readFileSync(join(place.directory, '.keys/dev/tls.pem'), 'utf8'), before);
  });

  scenario('an image that is not there', async (t, place) => {
    fails(
      t,
      await place.run('deploy', '--yes', '--image-tag', 'v9'),
      'IMAGE_MISSING',
      /there is no image v9/,
      'leave --image-tag out',
    );
    t.strictSame(proxy.calls.filter(isMutating), []);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await putImage(moto.endpoint, 'v8');
    fails(
      t,
      await place.run('deploy', '--yes', '--image-tag', 'v9'),
      'IMAGE_MISSING',
      /no image v9/,
      'name one of v8',
    );
    const { steps } = await place.json<{ steps: { step: string; details: string[] }[] }>(
      'deploy',
      '--yes',
      '--image-tag',
      'v8',
    );
    t.match(steps.find(({ step }) => step === 'callback')?.details, [`ImageTag: ${place.tag} → v8`]);
    t.match((await account.stacks())[0], { parameters: { ImageTag: 'v8' } });
  });

  scenario('no git repository', async (t, place) => {
    mkdirSync(join(place.directory, 'home', 'none'));
    place.environment['GIT_DIR'] = join(place.directory, 'home', 'none');
    fails(t, await place.run('deploy', '--yes'), 'NO_REVISION', /this directory has none/, '--image-tag');
  });

  scenario('production, whose protections are taken off, and whose keys stay', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '-e', 'prod')).code, 0);
    proxy.calls.length = 0;
    // moto does not know this call.
    proxy.before = (call) =>
      call.action === 'UpdateTerminationProtection' ? xml(call, '<StackId>1</StackId>') : undefined;
    const { code, stdout } = await place.run('destroy', '-e', 'prod', '--confirm', 'prod');
    t.equal(code, 0);
    t.match(stdout, /stays +AWS::KMS::Key/);
    t.match(stdout, /stays +parameter \/fireblocks\/prod\/jwt\/callback-private-key/);
    t.strictSame(
      proxy.calls
        .filter(({ action }) => /^(Modify|UpdateTermination|DeleteStack)/.test(action))
        .map((call) => [
          call.action,
          parameter(call, 'StackName')?.replace('fireblocks-prod-', '') ??
            parameter(call, 'Attributes.member.1.Value'),
        ]),
      [
        ['ModifyLoadBalancerAttributes', 'false'],
        ...['callback', 'image', 'security', 'foundation'].flatMap((name) => [
          ['UpdateTerminationProtection', name],
          ['DeleteStack', name],
        ]),
      ],
    );
    t.strictSame(await account.stacks(), []);
    t.ok(await account.parameter('/fireblocks/prod/jwt/callback-private-key'));
    t.strictSame(await account.certificates(), ['callback.internal']);
  });

  scenario('a bucket with something in it goes with its stack', async (t, place) => {
    proxy.before = playCodeBuild(moto.endpoint);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const { code, stdout } = await place.run('destroy', '--confirm', 'dev');
    t.equal(code, 0);
    t.match(stdout, 'fireblocks-dev-source-123456789012-ap-northeast-1: 1 objects deleted');
    t.strictSame(await account.stacks(), []);
  });
});

const stoppedTask = {
  taskArn: 'arn:aws:ecs:ap-northeast-1:123456789012:task/c/abc',
  stoppedReason: 'Essential container in task exited',
  containers: [{ name: 'callback-handler', exitCode: 1 }],
};

function serviceOf(id: string, rolloutState: string): object {
  const running = rolloutState === 'COMPLETED' ? 1 : 0;
  return {
    serviceName: 'callback-handler-service',
    status: 'ACTIVE',
    desiredCount: 1,
    runningCount: running,
    pendingCount: 1 - running,
    deployments: [
      { id, status: 'PRIMARY', rolloutState, rolloutStateReason: 'ECS gave up: tasks failed to start.' },
    ],
  };
}

/** A service as AWS would have it; moto runs no task. */
function playService(call: AwsCall, rolloutState: string, health: string): AwsReply | undefined {
  if (call.action === 'DescribeServices') return json({ services: [serviceOf('one', rolloutState)] });
  if (call.action === 'ListTasks') return json({ taskArns: [stoppedTask.taskArn] });
  if (call.action === 'DescribeTasks') return json({ tasks: [stoppedTask] });
  if (call.action === 'DescribeTargetHealth') {
    const description =
      health === 'unhealthy' ? '<Description>Health checks failed with these codes: [503]</Description>' : '';
    return xml(
      call,
      `<TargetHealthDescriptions><member><Target><Id>10.0.1.7</Id><Port>3000</Port></Target><TargetHealth><State>${health}</State>${description}</TargetHealth></member></TargetHealthDescriptions>`,
    );
  }
  return undefined;
}

function fails(t: Test, { code, stderr }: Ran, errorCode: string, message: RegExp, next: string): void {
  t.equal(code, 1);
  t.match(stderr, errorCode);
  t.match(stderr, message);
  t.match(stderr.slice(stderr.lastIndexOf('Next')), next);
  t.notMatch(stderr, /^ +at /m, 'no stack trace');
}
