// Tests the deployment of a function with the operator commands, as far as the emulator goes: it creates functions, but
// neither aliases nor stages, and runs no function. Calls that concern those are answered here.
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import t from 'tap';
import type { Status } from '../../cli/deploy/status.js';
import type { StatusReport } from '../../cli/deploy/status-report.js';
import type { Report } from '../../cli/doctor/report.js';
import { LIVE_VERSION, type StackName } from '../../infra/names.js';
import { accountAt, clientOptions, NAMES } from '../helpers/aws.js';
import { awsProxy, isMutating } from '../helpers/aws-proxy.js';
import { emulateCodeBuild } from '../helpers/codebuild.js';
import { emulateFunction } from '../helpers/function.js';
import { motoServer } from '../helpers/moto.js';
import { workspace } from '../helpers/operator.js';
import { CHOICES, type Json } from '../helpers/settings.js';

t.setTimeout(600_000);

const findingsOf = (checks: Report['checks'], name: string) =>
  checks.find(({ check }) => check === name)?.findings ?? [];

t.test('a function behind a load balancer is deployed, operated and updated', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const builds = emulateCodeBuild(moto.endpoint);
  const lambda = emulateFunction(moto.endpoint);
  proxy.before = async (call) => (await lambda.reply(call)) ?? (await builds(call));
  const account = accountAt(moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({ compute: 'lambda' });
  const stacks = async (): Promise<readonly string[]> =>
    (await account.stacks()).map(({ name }) => name.replace('fireblocks-dev-', ''));
  const image = `${place.tag}-lambda`;
  /** Creates a stack with that name, and with nothing but these resources. */
  const standIn = async (name: StackName, Resources: Json): Promise<void> => {
    const TemplateBody = JSON.stringify({ Resources });
    const stack = { StackName: `fireblocks-dev-${name}`, TemplateBody };
    await new CloudFormationClient(clientOptions(moto.endpoint)).send(new CreateStackCommand(stack));
  };
  const liveVersion = async (): Promise<string | undefined> =>
    (await account.stacks()).find(({ name }) => name === 'fireblocks-dev-function')?.parameters[LIVE_VERSION];

  await t.test('the plan has the function before the load balancer', async (t) => {
    const { code, stdout, stderr } = await place.run('deploy', '--dry-run');
    t.equal(code, 0, stderr);
    t.match(stdout, /^compute +a Lambda function$/m);
    t.match(stdout, new RegExp(`^build +build image ${image} with CodeBuild$`, 'm'));
    const steps = [...stdout.matchAll(/^([a-z]+(?: health| version)?) {2,}\S/gm)].map(([, name]) => name);
    t.strictSame(steps.slice(steps.indexOf('foundation')), [
      ...['foundation', 'security', 'image', 'build', 'scan', 'keys'],
      ...['function', 'function health', 'function version'],
      ...['certificate', 'callback'],
    ]);
    place.settings({ compute: 'lambda', ...CHOICES.console });
    const two = (await place.run('deploy', '--dry-run')).stdout;
    t.match(two, `build images ${image} and ${place.tag} with CodeBuild`);
    t.match(two, `wait for the scan of images ${image} and ${place.tag}`);
    place.settings({ compute: 'lambda' });
  });

  await t.test('a function that does not answer stops the deployment before the load balancer', async (t) => {
    lambda.answer = { statusCode: 503, body: '{"status":"stopping"}' };
    lambda.log = 'Runtime exited with error: exit status 1';
    const { code, stdout, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 1);
    t.match(stdout, `[STARTED] Build image ${image} with CodeBuild`);
    t.match(stderr, /FUNCTION_UNHEALTHY/);
    t.match(stderr, 'it answers 503 {"status":"stopping"}; what the Co-signer calls was not changed');
    t.notMatch(stderr, 'change it back', 'no setting was changed');
    t.match(stderr, 'Runtime exited with error: exit status 1');
    t.match(stderr, 'npm run logs -- --errors -e dev');
    t.notMatch(stderr, '--image-tag', 'there is no image to go back to');
    t.strictSame(await stacks(), ['function', 'foundation', 'image', 'security'].sort());
    t.equal(await liveVersion(), '', 'the alias names the first version');
    t.match(lambda.events.at(-1), { httpMethod: 'GET', path: '/health', requestContext: { elb: {} } });
  });

  await t.test('the same command continues with the check', async (t) => {
    t.match((await place.run('deploy', '--dry-run')).stdout, /^function health +wait until it answers$/m);
    lambda.answer = { statusCode: 200, body: '{"status":"ok"}' };
    const { code, stdout, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    t.match(stdout, /^function health +nothing$/m);
    t.match(stdout, 'https://callback.internal/callback');
    t.strictSame(await stacks(), ['callback', 'foundation', 'function', 'image', 'security']);
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change\./ });
  });

  await t.test('--status shows it', async (t) => {
    t.match(await place.json<Status>('deploy', '--status'), {
      compute: 'lambda',
      leftOver: [],
      function: { state: 'Active', image: new RegExp(`:${image}$`) },
    });
  });

  await t.test('scale stops and starts it, and a stopped one is not updated', async (t) => {
    const stopped = await place.run('scale', '0');
    t.equal(stopped.code, 0, stopped.stderr);
    t.match(stopped.stdout, 'npm run scale -- settings -e dev');
    t.notOk(proxy.calls.some(({ action }) => /^DELETE .*provisioned-concurrency$/.test(action)));
    t.match(await place.json<Status>('deploy', '--status'), { function: { reserved: 0 } });
    t.match(await place.run('deploy', '--yes'), {
      code: 0,
      stdout: /^function health +nothing: stopped by "scale 0"$/m,
    });
    place.settings({ compute: 'lambda', basePath: '/other' });
    const preview = await place.run('deploy', '--dry-run');
    t.equal(preview.code, 0, preview.stderr);
    t.match(preview.stdout, /^function +update: \d+ to change$/m);
    t.match(preview.stdout, /^function health +refused: stopped by "scale 0"$/m);
    t.match(
      preview.stdout.replaceAll(/\s+/g, ' '),
      'This deployment would be refused: the function is stopped',
    );
    proxy.calls.length = 0;
    const refused = await place.run('deploy', '--yes');
    t.match(refused, { code: 1, stderr: /FUNCTION_STOPPED/ });
    t.match(refused.stderr, /first stop all decisions.* npm run policy -- stop -e dev; .*npm run scale/s);
    t.strictSame(proxy.calls.filter(isMutating), []);
    place.settings({ compute: 'lambda' });
    t.match(await place.run('scale', '3'), { code: 2, stderr: /lambda\.reservedConcurrency/ });
    t.equal((await place.run('scale', 'settings')).code, 0);
    t.match(await place.json<Status>('deploy', '--status'), { function: { state: 'Active' } });
  });

  await t.test('a new version that does not answer is not put into use', async (t) => {
    place.settings({ compute: 'lambda', basePath: '/other' });
    const preview = await place.run('deploy', '--dry-run');
    t.match(preview.stdout, /^function version +then put the new version into use$/m);
    lambda.answer = { statusCode: 503, body: '{"status":"stopping"}' };
    proxy.calls.length = 0;
    const { code, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 1);
    t.match(stderr, /FUNCTION_UNHEALTHY/);
    t.match(stderr, 'it answers 503 {"status":"stopping"}; the version before stays in use');
    t.match(stderr, 'if a setting was changed, change it back and deploy: npm run deploy -- -e dev');
    const asked = proxy.calls.filter(({ action }) => action.endsWith('/invocations'));
    t.ok(asked.length > 1);
    t.strictSame(
      asked.filter(({ url }) => url.includes('Qualifier')),
      [],
      'the new version is asked',
    );
    t.equal(await liveVersion(), '1');
    const held = await place.json<StatusReport>('deploy', '--status');
    t.match(held.warnings, [{ code: 'VERSION_NOT_IN_USE' }]);
    t.match(await place.run('deploy', '--dry-run'), {
      stdout: /^function +nothing\nfunction health +wait until it answers\nfunction version +then put/m,
    });
    lambda.answer = { statusCode: 200, body: '{"status":"ok"}' };
    const fixed = await place.run('deploy', '--yes');
    t.equal(fixed.code, 0, fixed.stderr);
    t.equal(await liveVersion(), '');
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change\./ });
    place.settings({ compute: 'lambda' });
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.equal(await liveVersion(), '');
  });

  await t.test('scale settings gives it the concurrency of the settings', async (t) => {
    place.settings({ compute: 'lambda', lambda: { reservedConcurrency: 9, provisionedConcurrency: 2 } });
    t.equal((await place.run('scale', 'settings')).code, 0);
    t.match(await place.json<Status>('deploy', '--status'), { function: { reserved: 9 } });
    const kept = proxy.calls.find(({ action }) => /^PUT .*provisioned-concurrency$/.test(action));
    t.match(kept?.body, '"ProvisionedConcurrentExecutions":2');
    t.equal((await place.run('scale', '0')).code, 0);
    t.match(await place.json<Status>('deploy', '--status'), {
      function: { reserved: 0, provisioned: undefined },
    });
    place.settings({ compute: 'lambda' });
    t.equal((await place.run('scale', 'settings')).code, 0);
  });

  await t.test('the doctor checks it, and asks whether it answers', async (t) => {
    const { checks } = await place.json<Report>('doctor');
    t.match(findingsOf(checks, 'function'), [
      { state: 'ok', text: 'version 1 of the function is active, and answers' },
    ]);
    t.match(findingsOf(checks, 'targets'), [{ state: 'note' }], 'the emulator registers no function');
    t.match(findingsOf(checks, 'endpoints'), [{ text: '3 services: ssm, s3, dynamodb' }]);
    t.match(findingsOf(checks, 'security groups'), [{ state: 'ok', text: 'and the function the endpoints' }]);
    lambda.answer = { errorMessage: 'RequestId: 1 Error: Runtime exited' };
    const sick = await place.json<Report>('doctor');
    t.match(findingsOf(sick.checks, 'function'), [{ state: 'wrong', text: 'Runtime exited' }]);
    lambda.answer = { statusCode: 200, body: '{}' };
  });

  await t.test('there are no tasks to restart', async (t) => {
    t.match(await place.run('restart'), { code: 2, stderr: /there are no tasks to restart/ });
  });

  await t.test('logs reads the log of the function', async (t) => {
    t.equal((await place.run('logs')).code, 0);
    t.ok(proxy.calls.some(({ body }) => body.includes('/aws/lambda/callback-handler-dev')));
    t.match(await place.run('logs', '--console'), {
      code: 1,
      stderr: /NO_LOG[^]*set "console" in the settings, and deploy the service/,
    });
    const report = await place.run('policy', 'report');
    t.match(report.stdout, `0 decisions, ${NAMES.logGroups.function}`);
    t.match(await place.run('policy', 'explain', '--request', 'a'), {
      code: 2,
      stderr: `${NAMES.logGroups.function} has no decision about a`,
    });
  });

  await t.test('until an API is deployed, the load balancer can not be deleted', async (t) => {
    place.settings({ compute: 'lambda', front: 'api' });
    const { stdout } = await place.run('deploy', '--dry-run');
    t.match(stdout, /^api +create \d+ resources$/m);
    t.match(stdout, 'The settings do not call for fireblocks-dev-callback any more');
    t.match(stdout, 'npm run destroy -- --only-stacks callback -e dev');
    t.match(await place.json<StatusReport>('deploy', '--status'), {
      switching: 'pending',
      leftOver: ['callback'],
      warnings: [{ code: 'SWITCH_PENDING', next: 'npm run deploy -- -e dev' }],
    });
    t.match(await place.run('destroy', '--only-stacks', 'callback', '--confirm', 'dev'), {
      code: 2,
      stderr: /is not completely deployed, so that callback may be in use: deploy first/,
    });
    t.match(await place.run('destroy', '--only-stacks', 'function'), {
      code: 2,
      stderr: /"function" is not left over/,
    });
  });

  await t.test('destroy --only-stacks deletes what is left over, and nothing else', async (t) => {
    // The emulator can't add to the other stacks what an API needs.
    await standIn('api', { Topic: { Type: 'AWS::SNS::Topic' } });
    t.match(await place.json<StatusReport>('deploy', '--status'), {
      switching: 'complete',
      warnings: [{ code: 'LEFT_OVER' }],
    });
    const key = await account.parameter(NAMES.parameters.callbackPrivateKey);
    const only = ['destroy', '--only-stacks', 'callback'] as const;
    const { code, stdout } = await place.run(...only, '--dry-run');
    t.equal(code, 0);
    t.match(stdout, /^delete +stack fireblocks-dev-callback, \w+_COMPLETE$/m);
    t.match(stdout, 'still calls the URL of fireblocks-dev-callback');
    t.notMatch(stdout, 'parameter /');
    t.equal((await stacks()).length, 6);
    const deletion = await place.run(...only, '--confirm', 'dev');
    t.equal(deletion.code, 0);
    t.notMatch(deletion.stdout + deletion.stderr, 'Container Insights', 'does only what it has listed');
    t.strictSame(await stacks(), ['api', 'foundation', 'function', 'image', 'security']);
    t.strictSame(await account.parameter(NAMES.parameters.callbackPrivateKey), key);
    t.strictSame(await account.certificates(), ['callback.internal']);
    t.match(await place.json<Status>('deploy', '--status'), { switching: 'none', leftOver: [] });
    t.match(await place.run(...only), { code: 0, stdout: /nothing to delete/ });
  });

  await t.test('an API is deployed after the function, and destroyed before it', async (t) => {
    // The emulator can't add outputs to a stack that exists.
    await moto.reset();
    proxy.calls.length = 0;
    place.settings({ compute: 'lambda', front: 'api' });
    const { code, stdout, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    t.strictSame(await stacks(), ['api', 'foundation', 'function', 'image', 'security']);
    t.match(stdout, /the URL {3}https:\/\/\S+\.execute-api\.ap-northeast-1\.amazonaws\.com\/dev\/callback$/m);
    t.match(stdout, /curl https:\/\/\S+\/dev\/health$/m);
    t.notMatch(stdout, '--cacert', 'the certificate is issued by Amazon');
    const created = proxy.calls.filter(({ action }) => action === 'CreateStack');
    t.equal(created.length, 5);
    t.match(created.at(-1)?.body, 'ParameterKey=SetLogRole');
    t.match(
      stdout,
      /^api +create \d+ resources\n +set: the role of API Gateway for logs, which all APIs of the account use$/m,
    );
    const kept = (await place.run('destroy', '--dry-run')).stdout;
    t.match(
      kept,
      /^keep +AWS::IAM::Role \S+: leave it, because all APIs of the account write logs with it$/m,
    );
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change\./ });
    lambda.apiEndpoints = [/vpce-[0-9a-f]+/.exec(stdout)?.[0] ?? ''];
    const { checks } = await place.json<Report>('doctor');
    t.match(findingsOf(checks, 'API'), [{ state: 'ok', text: /\/dev\/callback is private, at vpce-/ }]);
    lambda.apiEndpoints = ['vpce-0123456789abcdef0'];
    t.match(findingsOf((await place.json<Report>('doctor')).checks, 'API'), [
      { state: 'wrong', text: 'the API has the VPC endpoint vpce-0123456789abcdef0, but must have vpce-' },
    ]);
    lambda.apiEndpoints = [];
    t.match(findingsOf((await place.json<Report>('doctor')).checks, 'API'), [
      { state: 'wrong', text: 'the API has no VPC endpoint, but must have vpce-' },
    ]);
    t.match(findingsOf(checks, 'security groups'), [{ state: 'ok', text: 'the endpoint of the API' }]);
    t.strictSame(findingsOf(checks, 'load balancer'), []);
    t.match(await place.run('deploy', '--yes', '--renew-certificate'), { code: 2, stderr: /"front": "api"/ });
  });

  await t.test('a function that is left over is not destroyed without the API that calls it', async (t) => {
    place.settings({});
    const destroy = (names: string) => place.run('destroy', '--only-stacks', names, '--confirm', 'dev');
    t.match(await destroy('function,api'), { code: 2, stderr: /deploy first/ });
    await standIn('callback', {
      Cluster: { Type: 'AWS::ECS::Cluster', Properties: { ClusterName: NAMES.cluster } },
      Task: { Type: 'AWS::ECS::TaskDefinition', Properties: { ContainerDefinitions: [] } },
      Service: {
        Type: 'AWS::ECS::Service',
        Properties: {
          ServiceName: NAMES.service,
          Cluster: { Ref: 'Cluster' },
          TaskDefinition: { Ref: 'Task' },
          DesiredCount: 1,
        },
      },
    });
    t.match(await place.json('scale', '0'), { service: { desired: 0 }, function: { reserved: 0 } });
    t.match(await place.json<Status>('deploy', '--status'), {
      switching: 'complete',
      service: { desired: 0 },
      function: { reserved: 0 },
      leftOver: ['api', 'function'],
    });
    t.match(await destroy('function'), {
      code: 2,
      stderr: /the API calls the function: name api as well/,
    });
    t.equal((await destroy('function,api')).code, 0);
    t.strictSame(await stacks(), ['callback', 'foundation', 'image', 'security']);
    const deleted = proxy.calls.filter(({ action }) => action === 'DeleteStack').map(({ body }) => body);
    t.match(deleted, [/-api\b/, /-function\b/]);
  });

  await t.test(
    'a stack whose function was not created does not keep the tasks from being stopped',
    async (t) => {
      await standIn('function', { Topic: { Type: 'AWS::SNS::Topic' } });
      t.equal((await place.run('scale', '1')).code, 0);
      const stopped = await place.json<{ readonly function?: unknown }>('scale', '0');
      t.match(stopped, { service: { desired: 0 } });
      t.equal(stopped.function, undefined);
      t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
      t.strictSame(await stacks(), []);
    },
  );
});
