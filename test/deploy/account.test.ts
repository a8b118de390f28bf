// Tests what a deployment does and checks in the account beside its stacks.
import {
  ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchLogsClient, CreateLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateHostedZoneCommand, Route53Client } from '@aws-sdk/client-route-53';
import t from 'tap';
import { namesOf } from '../../infra/names.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { awsError, parameter } from '../helpers/aws-proxy.js';
import { fails, scenarios } from '../helpers/scenarios.js';
import { CHOICES } from '../helpers/settings.js';

// Runs dozens of deployments.
t.setTimeout(900_000);

interface Planned {
  readonly steps: readonly {
    readonly step: string;
    readonly action: string;
    readonly details: readonly string[];
  }[];
  readonly notes: readonly string[];
}

t.test('account', async (t) => {
  const { account, healthy, moto, proxy, scenario } = await scenarios(t);
  const options = clientOptions(moto.endpoint);
  const autoscaling = new ApplicationAutoScalingClient(options);
  const target = {
    ServiceNamespace: 'ecs' as const,
    ResourceId: `service/${NAMES.cluster}/${NAMES.service}`,
    ScalableDimension: 'ecs:service:DesiredCount' as const,
  };
  const scalable = async () => {
    const { ScalableTargets = [] } = await autoscaling.send(
      new DescribeScalableTargetsCommand({ ServiceNamespace: 'ecs' }),
    );
    return ScalableTargets[0];
  };
  const suspended = async () => (await scalable())?.SuspendedState?.DynamicScalingOutSuspended;
  const stacksWith = (name: string) =>
    proxy.calls
      .filter(({ action }) => action === 'CreateStack' || action === 'UpdateStack')
      .map((call) => {
        const index = [...Array(60).keys()].find(
          (one) => parameter(call, `Parameters.member.${one}.ParameterKey`) === name,
        );
        const value = parameter(call, `Parameters.member.${index ?? 0}.ParameterValue`);
        return [call.action, parameter(call, 'StackName'), value];
      })
      .filter(([, , value]) => value !== undefined);

  scenario('creates missing roles once, and closes the default security group', async (t, place) => {
    place.settings({});
    const plan = await place.json<Planned>('deploy', '--dry-run');
    t.match(plan.steps[0]?.details, [
      /^create \d+ resources$/,
      'create: the service-linked role for ecs.amazonaws.com',
      'create: the service-linked role for elasticloadbalancing.amazonaws.com',
      'close: the default security group of the VPC',
    ]);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const { SecurityGroups = [] } = await new EC2Client(options).send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['default'] }] }),
    );
    const closed = SecurityGroups.filter(
      ({ IpPermissions = [], IpPermissionsEgress = [] }) =>
        IpPermissions.length + IpPermissionsEgress.length === 0,
    );
    t.equal(closed.length, 1, 'that of the new VPC, not that of the default VPC');
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change/ });
    const created = proxy.calls.filter(({ action }) => action === 'CreateServiceLinkedRole');
    t.equal(created.length, 2);
  });

  scenario('says that roles could not be checked', async (t, place) => {
    place.settings({});
    proxy.before = (call) =>
      call.action === 'ListRoles'
        ? awsError({ ...call, service: 'sts' }, 'AccessDenied', 'no', 403)
        : undefined;
    const plan = await place.json<Planned>('deploy', '--dry-run');
    t.match(plan.notes.join(), 'The credentials lack iam:ListRoles');
  });

  scenario(
    'protects what is in prod only when it is complete, and after an interruption',
    async (t, place) => {
      place.settings({ certificate: CHOICES.certificateByArn.certificate });
      const stacks = ['--env', 'prod', '--only-stacks', 'foundation,security', '--yes'];
      proxy.before = (call) =>
        call.action === 'UpdateStack' ? awsError(call, 'Throttling', 'later') : undefined;
      t.match(await place.run('deploy', ...stacks), { code: 1, stderr: /AWS_BUSY/ });
      t.strictSame(stacksWith('DeletionProtection')[0], ['CreateStack', 'fireblocks-prod-security', 'false']);
      healthy();
      const plan = await place.run('deploy', ...stacks, '--dry-run');
      t.match(plan.stdout, 'DeletionProtection: false → true');
      proxy.calls.length = 0;
      t.equal((await place.run('deploy', ...stacks)).code, 0);
      t.strictSame(stacksWith('DeletionProtection'), [['UpdateStack', 'fireblocks-prod-security', 'true']]);
      t.match(await place.run('deploy', ...stacks), { stdout: /Nothing to change/ });
    },
  );

  scenario('keeps a stopped service stopped, until it is scaled', async (t, place) => {
    place.settings({});
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await autoscaling.send(new RegisterScalableTargetCommand({ ...target, MinCapacity: 1, MaxCapacity: 4 }));
    t.match(await place.run('scale', '0'), {
      code: 0,
      stdout: /It stays stopped, also after a deployment. To start it: npm run scale -- 1 -e dev/,
    });
    t.equal(await suspended(), true);
    t.match((await place.run('deploy', '--yes')).stdout, 'nothing: stopped by "scale 0"');

    place.settings({ alarmEmail: 'ops@example.com', maxCount: 4 });
    proxy.calls.length = 0;
    const deployed = await place.run('deploy', '--yes');
    t.equal(deployed.code, 0, deployed.stderr);
    t.match(deployed.stdout, 'stays stopped by "scale 0"');
    t.match(
      stacksWith('DesiredCount').map(([, , count]) => count),
      ['0'],
    );
    t.equal((await account.service())?.desiredCount, 0);
    t.equal(await suspended(), true);

    // As the template has it while the service is stopped; the emulator ignores the condition.
    await autoscaling.send(new RegisterScalableTargetCommand({ ...target, MinCapacity: 0 }));
    t.match(await place.run('scale', '3'), { code: 0, stdout: /Autoscaling keeps it between 1 and 4/ });
    t.equal(await suspended(), false);
    t.equal((await scalable())?.MinCapacity, 1);
    place.settings({ maxCount: 4 });
    proxy.calls.length = 0;
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.match(
      stacksWith('DesiredCount').map(([, , count]) => count),
      ['3'],
      'the present number',
    );
    t.match(await place.run('scale', '6'), {
      stdout: /"desiredCount": 1 and "maxCount": 4, and autoscaling/,
    });
  });

  scenario('resumes autoscaling that an interrupted command has left suspended', async (t, place) => {
    place.settings({ maxCount: 4 });
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const SuspendedState = { DynamicScalingInSuspended: true, DynamicScalingOutSuspended: true };
    await autoscaling.send(
      new RegisterScalableTargetCommand({ ...target, MinCapacity: 1, MaxCapacity: 4, SuspendedState }),
    );
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /autoscaling: resume/ });
    t.equal(await suspended(), false);
  });

  scenario('deletes the log group that Container Insights left over; not in prod', async (t, place) => {
    // The emulator makes every zone of a stack a public one.
    place.settings({ environments: { prod: { hostName: 'callback-prod.internal' } } });
    const logs = new CloudWatchLogsClient(options);
    const prod = namesOf('fireblocks', 'prod').logGroups.containerInsights;
    for (const logGroupName of [NAMES.logGroups.containerInsights, prod]) {
      await logs.send(new CreateLogGroupCommand({ logGroupName }));
    }
    t.match(
      (await place.run('deploy', '--dry-run')).stdout,
      `delete: log group ${NAMES.logGroups.containerInsights}`,
    );
    t.equal((await place.run('deploy', '--yes')).code, 0);
    fails(
      t,
      await place.run('deploy', '--dry-run', '--env', 'prod'),
      'NAMES_TAKEN',
      /containerinsights.* is left over/,
      `aws logs delete-log-group --log-group-name ${prod}`,
    );
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    await logs.send(new CreateLogGroupCommand({ logGroupName: NAMES.logGroups.containerInsights }));
    t.match(await place.run('destroy', '--confirm', 'dev'), {
      code: 0,
      stdout: new RegExp(`delete +log group ${NAMES.logGroups.containerInsights}`),
    });
    t.match(await place.run('destroy', '--dry-run'), { stdout: /nothing to delete/ });
  });

  scenario('chooses zones that offer everything, and refuses others', async (t, place) => {
    proxy.after = ({ action }, reply) =>
      action === 'DescribeVpcEndpointServices'
        ? { ...reply, body: reply.body.replaceAll(/<item>us-east-1a<\/item>/g, '') }
        : undefined;
    t.equal((await place.run('deploy', '--dry-run', '--region', 'us-east-1')).code, 0);
    const east = { region: 'us-east-1', availabilityZones: ['us-east-1b', 'us-east-1a'] };
    t.match(await place.run('deploy', '--dry-run'), { code: 0 });
    place.settings({ ...east, network: { endpointZones: 2 } });
    fails(
      t,
      await place.run('deploy', '--dry-run'),
      'ZONE_UNUSABLE',
      /us-east-1a has no endpoint for com\.amazonaws\.us-east-1\./,
      'choose "availabilityZones" from us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f',
    );
    healthy();
    place.settings({ ...east, ...CHOICES.cosigner, availabilityZones: ['us-east-1e', 'us-east-1a'] });
    fails(
      t,
      await place.run('deploy', '--dry-run'),
      'ZONE_UNUSABLE',
      /us-east-1e does not offer c5\.xlarge/,
      'us-east-1a, us-east-1b',
    );
  });

  scenario('refuses a hostname that is the name of a zone', async (t, place) => {
    const route53 = new Route53Client(options);
    await route53.send(new CreateHostedZoneCommand({ Name: 'example.com', CallerReference: '1' }));
    place.settings({ hostName: 'example.com' });
    const ran = await place.run('deploy', '--dry-run');
    fails(
      t,
      ran,
      'HOST_NAME_TAKEN',
      /the public zone\s+\w+, whose other names/,
      'such as callback.example.com',
    );
    proxy.before = (call) =>
      call.action.startsWith('GET /2013-04-01/hostedzonesbyname')
        ? awsError({ ...call, service: 'sts' }, 'AccessDenied', 'no', 403)
        : undefined;
    const plan = await place.json<Planned>('deploy', '--dry-run');
    t.match(plan.notes.join(), 'whether a zone is named example.com was not checked');
    healthy();

    const VPC = { VPCId: CHOICES.existingVpc.network.vpcId, VPCRegion: 'ap-northeast-1' as const };
    const HostedZoneConfig = { PrivateZone: true };
    await route53.send(
      new CreateHostedZoneCommand({ Name: 'callback.internal', CallerReference: '2', HostedZoneConfig, VPC }),
    );
    place.settings(CHOICES.existingVpc);
    fails(
      t,
      await place.run('deploy', '--dry-run'),
      'HOST_NAME_TAKEN',
      /the private zone\s+\w+, which the VPC has already/,
      'such as callback.callback.internal',
    );
  });

  scenario('lets CloudFormation work with the role in the settings', async (t, place) => {
    const executionRoleArn = 'arn:aws:iam::123456789012:role/cloudformation-fireblocks-dev';
    place.settings({});
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation')).code, 0);
    place.settings({ executionRoleArn });
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation')).code, 0);
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'security')).code, 0);
    place.settings({ executionRoleArn, retentionDays: 500 });
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'security')).code, 0);
    t.equal((await place.run('destroy', '--confirm', 'dev')).code, 0);
    t.match(
      proxy.calls
        .filter(({ action }) => /^(Create|Update|Delete)Stack$/.test(action))
        .map((call) => [call.action, parameter(call, 'RoleARN')]),
      [
        ['CreateStack', undefined],
        ['CreateStack', executionRoleArn],
        ['UpdateStack', executionRoleArn],
        ['DeleteStack', executionRoleArn],
        ['DeleteStack', executionRoleArn],
      ],
    );
  });
});
