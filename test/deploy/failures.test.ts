// Tests that a failed deployment reports the cause and the next command, and succeeds when it is run again.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import t from 'tap';
import { namesOf } from '../../infra/names.js';
import { clientOptions } from '../helpers/aws.js';
import { awsError, parameter, xml } from '../helpers/aws-proxy.js';
import { programPath, ROOT } from '../helpers/paths.js';
import { fails, scenarios } from '../helpers/scenarios.js';

const run = promisify(execFile);

/** Any table. */
const TABLE = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' as const }],
  BillingMode: 'PAY_PER_REQUEST' as const,
};

// Runs dozens of deployments.
t.setTimeout(900_000);

t.test('failures', async (t) => {
  const { account, recovers, healthy, moto, proxy, scenario } = await scenarios(t);
  const dynamodb = new DynamoDBClient(clientOptions(moto.endpoint));

  scenario('reports a profile that does not exist', async (t, place) => {
    const ran = await place.run('deploy', '--yes', '--profile', 'nobody');
    fails(
      t,
      ran,
      'CREDENTIALS_MISSING',
      /profile nobody provides no AWS credentials/,
      'aws sso login --profile nobody',
    );
  });

  scenario('reports credentials that AWS does not accept', async (t, place) => {
    proxy.before = (call) =>
      awsError(call, 'ExpiredToken', 'The security token included in the request is expired');
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'CREDENTIALS_REFUSED', /does not accept the credentials/, 'aws sso login');
    await recovers(t, place);
  });

  for (const [action, step] of [
    ['CreateStack', 'Stack fireblocks-dev-foundation'],
    ['PutParameter', 'Keys and policy in SSM'],
    ['ImportCertificate', 'Certificate in ACM'],
    ['DescribeImages', ''],
    ['GetParameter', ''],
  ] as const) {
    scenario(`reports a missing permission for ${action}`, async (t, place) => {
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
        'ask an administrator',
      );
      const started = ran.stdout.split('\n').filter((line) => line.startsWith('[STARTED]'));
      t.equal(started.at(-1), step === '' ? undefined : `[STARTED] ${step}`);
      await recovers(t, place);
    });
  }

  scenario('rejects a region that differs from the settings', async (t, place) => {
    place.settings({});
    const ran = await place.run('deploy', '--yes', '--region', 'eu-west-1');
    fails(
      t,
      ran,
      'REGION_DIFFERS',
      /infra\/settings\.json is for ap-northeast-1, not for eu-west-1/,
      'omit --region',
    );
    t.strictSame(proxy.calls, []);
  });

  scenario('reports a region that does not exist', async (t, place) => {
    const ran = await place.run('deploy', '--yes', '--region', 'eu-north-9');
    fails(t, ran, 'AWS_FAILED', /EC2 Describe\w+ failed with HTTP 500/, 'check the region');
    t.notOk(place.files('infra').has('infra/settings.json'), 'created no settings');
    await recovers(t, place, '--region', 'ap-northeast-1');
  });

  scenario('rejects an account that differs from the settings', async (t, place) => {
    place.settings({ account: '999999999999' });
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'ACCOUNT_DIFFERS',
      /account 123456789012, but infra\/settings\.json is for 999999999999/,
      '--profile',
    );
  });

  scenario('reports every mistake in the settings', async (t, place) => {
    place.settings({ region: 'Tokyo', hostname: 'x' });
    const ran = await place.run('deploy', '--yes');
    t.equal(ran.code, 1);
    t.match(ran.stderr, /region must be an AWS region/);
    t.match(ran.stderr, /hostname is unknown: did you mean "hostName"/);
  });

  scenario('reports an endpoint that can’t be reached', async (t, place) => {
    place.environment['AWS_ENDPOINT_URL'] = 'http://127.0.0.1:9';
    fails(t, await place.run('deploy', '--yes'), 'AWS_UNREACHABLE', /ECONNREFUSED/, 'AWS_ENDPOINT_URL');
    place.environment['AWS_ENDPOINT_URL'] = proxy.endpoint;
    await recovers(t, place);
  });

  scenario('recreates a stuck stack only with --force-recreate', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    proxy.after = (call, reply) =>
      call.action === 'DescribeStacks' && reply.body.includes('fireblocks-dev-security')
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'ROLLBACK_COMPLETE') }
        : undefined;
    proxy.before = (call) => {
      if (call.action !== 'DeleteStack') return undefined;
      healthy();
      return undefined;
    };
    fails(
      t,
      await place.run('deploy', '--yes'),
      'STACK_STUCK',
      /fireblocks-dev-security is ROLLBACK_COMPLETE: it can only be deleted and created again/,
      'npm run deploy -- --yes --env dev --force-recreate',
    );
    t.equal((await account.stacks()).length, 2, 'no other stack was changed');

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
    await recovers(t, place);
  });

  scenario('recreates no stack in prod of which CloudFormation has kept a name', async (t, place) => {
    const deploy = ['deploy', '--env', 'prod', '--yes', '--only-stacks', 'foundation,security'] as const;
    const TableName = namesOf('fireblocks', 'prod').table;
    const kept = (type: string, id: string): string =>
      `<member><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${id}</PhysicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>DELETE_SKIPPED</ResourceStatus></member>`;
    // The first creation, before it is complete.
    proxy.before = (call) =>
      call.action === 'UpdateStack' ? awsError(call, 'Throttling', 'later') : undefined;
    t.match(await place.run(...deploy), { code: 1, stderr: /AWS_BUSY/ });
    healthy();
    let state: 'stuck' | 'deleted' | 'listed' = 'stuck';
    proxy.before = (call) => {
      // The emulator does not know it.
      if (call.action === 'UpdateTerminationProtection') return xml(call, '<StackId>1</StackId>');
      if (call.action !== 'DescribeStackResources' || state !== 'deleted') return undefined;
      state = 'listed';
      const members = kept('AWS::DynamoDB::Table', TableName) + kept('AWS::KMS::Key', 'key-without-a-name');
      return xml(call, `<StackResources>${members}</StackResources>`);
    };
    proxy.after = async (call, reply) => {
      if (call.action === 'DeleteStack') {
        // The emulator keeps nothing.
        await dynamodb.send(new CreateTableCommand({ TableName, ...TABLE }));
        state = 'deleted';
      }
      return call.action === 'DescribeStacks' && state === 'stuck' && reply.body.includes('prod-security')
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'ROLLBACK_FAILED') }
        : undefined;
    };
    const stopped = await place.run(...deploy, '--force-recreate');
    fails(t, stopped, 'NAMES_TAKEN', /prod-security was deleted/, 'with the commands above');
    t.match(stopped.stderr, `kept ${TableName} `, 'what has no fixed name is not listed');
    t.match(stopped.stderr, `aws dynamodb delete-table --table-name ${TableName} --region ap-northeast-1`);
    t.equal(state, 'listed');
    t.strictSame(
      (await account.stacks()).map(({ name }) => name),
      ['fireblocks-prod-foundation'],
      'not created again',
    );

    fails(t, await place.run(...deploy), 'NAMES_TAKEN', /AWS::DynamoDB::Table/, 'has kept them');
    await dynamodb.send(new DeleteTableCommand({ TableName }));
    const { code, stderr } = await place.run(...deploy);
    t.equal(code, 0, stderr);
  });

  scenario('never deletes a stack whose update could not be rolled back', async (t, place) => {
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

  scenario('waits for an earlier deployment that is still running', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation')).code, 0);
    let calls = 0;
    proxy.after = (call, reply) =>
      call.action === 'DescribeStacks' && reply.body.includes('fireblocks-dev-foundation') && calls++ < 3
        ? { ...reply, body: reply.body.replace('CREATE_COMPLETE', 'UPDATE_IN_PROGRESS') }
        : undefined;
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, 'fireblocks-dev-foundation is UPDATE_IN_PROGRESS: waiting for an earlier run');
    t.ok(calls > 3);
    calls = 0;
    fails(t, await place.run('deploy', '--dry-run'), 'STACK_BUSY', /a deployment is running/, '--status');
  });

  scenario('updates a stack that `cdk deploy` created', async (t, place) => {
    place.settings({});
    await run(
      join(ROOT, 'node_modules/.bin/cdk'),
      [
        ...['--app', `${process.execPath} ${programPath('infra/app.ts')}`],
        ...['--output', 'home/out', '--context', 'env=dev', '--require-approval', 'never'],
        ...['deploy', 'fireblocks-dev-foundation'],
      ],
      // The CDK opens a socket in TMPDIR, and the path of a socket must be short.
      { cwd: place.directory, env: { ...place.environment, CI: 'true', TMPDIR: tmpdir() } },
    );
    const { code, stdout } = await place.run('deploy', '--dry-run');
    t.equal(code, 0);
    t.match(stdout, /^foundation +(nothing|update)/m);
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
  });

  scenario(
    'refuses to deploy while a Co-signer exists that is no longer in the settings',
    async (t, place) => {
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
    },
  );

  scenario('reports a directory without a git repository', async (t, place) => {
    mkdirSync(join(place.directory, 'home', 'empty'));
    place.environment['GIT_DIR'] = join(place.directory, 'home', 'empty');
    fails(t, await place.run('deploy', '--yes'), 'NO_REVISION', /this directory has none/, '--image-tag');
  });
});
