// What goes wrong with a deployment is told with its cause and the next command, and a second run heals it.
import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { awsError, parameter, xml } from '../helpers/aws-proxy.js';
import { ROOT } from '../helpers/cli.js';
import { fails, scenarios } from '../helpers/scenarios.js';

const run = promisify(execFile);

// It starts a command, and with it the CDK, dozens of times.
t.setTimeout(900_000);

t.test('failures', async (t) => {
  const { account, heals, healthy, proxy, scenario } = await scenarios(t);

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
    t.match(ran.stderr, /hostname is unknown: did you mean "hostName"/);
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

  scenario('no git repository', async (t, place) => {
    mkdirSync(join(place.directory, 'home', 'none'));
    place.environment['GIT_DIR'] = join(place.directory, 'home', 'none');
    fails(t, await place.run('deploy', '--yes'), 'NO_REVISION', /this directory has none/, '--image-tag');
  });
});
