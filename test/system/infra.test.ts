// The stacks, proven without AWS: linted, synthesized by the CDK's own command, and deployed to moto_server, where the
// AWS SDK and the AWS CLI then find what operators look for.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ACMClient, ImportCertificateCommand } from '@aws-sdk/client-acm';
import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { DescribeServicesCommand, DescribeTaskDefinitionCommand, ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import {
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
} from '@aws-sdk/client-route-53';
import t from 'tap';
import { makeCertificate } from '../../cli/aws/private-certificate.js';
import { ENVIRONMENT_NAMES, namesOf } from '../../infra/names.js';
import { EXAMPLE_FILE } from '../../infra/settings.js';
import { ROOT } from '../helpers/cli.js';
import { motoServer } from '../helpers/moto.js';
import { CHOICES, synthesize, type Synthesized } from '../helpers/stacks.js';

const run = promisify(execFile);
const REGION = 'ap-northeast-1';
const names = namesOf('fireblocks', 'dev');

t.test('cfn-lint finds nothing in any template', async (t) => {
  const directory = t.testdir();
  const files = new Set<string>();
  // Not below the directory of this test, which each synthesis empties.
  await t.test('templates', (t) => {
    for (const environment of ENVIRONMENT_NAMES) {
      for (const network of [{}, CHOICES.existingVpc, CHOICES.existingEndpoints]) {
        for (const certificate of [{}, CHOICES.certificateByArn, CHOICES.certificateByAcm]) {
          for (const cosigner of [{}, CHOICES.cosigner]) {
            const { stacks } = synthesize(t, environment, { ...network, ...certificate, ...cosigner });
            for (const { json } of stacks) {
              const text = JSON.stringify(json);
              const file = join(directory, `${createHash('sha256').update(text).digest('hex')}.json`);
              writeFileSync(file, text);
              files.add(file);
            }
          }
        }
      }
    }
    t.ok(files.size > 50, `${files.size} different templates`);
    t.end();
  });
  const output = await run('cfn-lint', ['--include-checks', 'W', '--', ...files]);
  t.match(output, { stdout: /^$/, stderr: /^$/ });
});

t.test('npx cdk synth works with the example, offline and without credentials', async (t) => {
  const directory = t.testdir({ infra: {} });
  cpSync(join(ROOT, EXAMPLE_FILE), join(directory, 'infra/settings.json'));
  const cdk = (...args: string[]) =>
    run(
      join(ROOT, 'node_modules/.bin/cdk'),
      [
        '--app',
        `${join(ROOT, 'node_modules/.bin/tsx')} ${join(ROOT, 'infra/app.ts')}`,
        '--output',
        'out',
        ...args,
      ],
      {
        cwd: directory,
        // Nothing that could lead to AWS.
        env: { PATH: process.env['PATH'], HOME: directory, AWS_EC2_METADATA_DISABLED: 'true', CI: 'true' },
      },
    ).catch((error: unknown) => error as { stdout: string; stderr: string });

  const { stderr } = await cdk('synth', '--quiet', '-c', 'env=dev');
  t.strictSame(
    readdirSync(join(directory, 'out')).filter((file) => file.endsWith('.template.json')),
    ['callback', 'foundation', 'image', 'security'].map((name) => `fireblocks-dev-${name}.template.json`),
  );
  t.notMatch(stderr, /warn|deprecat/i);

  const without = await cdk('ls');
  t.match(without.stderr, '-c env=… must be one of dev, staging, prod');
  writeFileSync(join(directory, 'infra/settings.json'), '{ "region": "Tokyo" }');
  const broken = await cdk('ls', '-c', 'env=dev');
  t.match(broken.stderr, 'region must be an AWS region such as ap-northeast-1');
  t.notMatch(broken.stderr, /at \w+ \(/, 'no stack trace');
});

t.test('a dev environment is deployed to moto_server', async (t) => {
  const moto = await motoServer(t);
  const client = {
    endpoint: moto.endpoint,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const cloudformation = new CloudFormationClient(client);
  const stacks = synthesize(t, 'dev', CHOICES.cosigner);

  const made = await makeCertificate('callback.internal');
  const { CertificateArn = '' } = await new ACMClient(client).send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(made.certificate),
      CertificateChain: Buffer.from(made.ca),
      PrivateKey: Buffer.from(made.privateKey),
    }),
  );
  const stack = (imageTag: string, { stackName, json }: Synthesized['stacks'][number]) => ({
    StackName: stackName,
    TemplateBody: JSON.stringify(json),
    Capabilities: ['CAPABILITY_IAM' as const],
    Parameters: Object.entries({ ImageTag: imageTag, CertificateArn })
      .filter(([name]) => json.Parameters !== undefined && name in json.Parameters)
      .map(([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue })),
  });
  const resourcesOf = async (StackName: string): Promise<Map<string, string>> => {
    const { StackResources = [] } = await cloudformation.send(
      new DescribeStackResourcesCommand({ StackName }),
    );
    return new Map(
      StackResources.map(({ LogicalResourceId = '', PhysicalResourceId = '' }) => [
        LogicalResourceId,
        PhysicalResourceId,
      ]),
    );
  };

  await t.test('each stack is created, in order', async (t) => {
    const skipped = new Map<string, number>();
    for (const one of stacks.stacks) {
      await cloudformation.send(new CreateStackCommand(stack('1111111', one)));
      const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: one.stackName }));
      t.equal(Stacks?.[0]?.StackStatus, 'CREATE_COMPLETE', one.stackName);
      const there = await resourcesOf(one.stackName);
      for (const [id, { Type }] of Object.entries(one.json.Resources)) {
        if (!there.has(id)) skipped.set(Type, (skipped.get(Type) ?? 0) + 1);
      }
    }
    t.comment(`moto skipped: ${[...skipped].map(([type, count]) => `${count} ${type}`).join(', ')}`);
    // Their properties are asserted in the templates, by the tests in test/infra.
    t.strictSame([...skipped.keys()].sort(), [
      'AWS::CloudWatch::Alarm',
      'AWS::CodeBuild::Project',
      'AWS::EC2::SecurityGroupEgress',
      'AWS::Logs::MetricFilter',
      'AWS::Logs::QueryDefinition',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::TopicPolicy',
    ]);
  });

  await t.test('outputs begin with the URL for the Co-signer', async (t) => {
    const { Stacks } = await cloudformation.send(
      new DescribeStacksCommand({ StackName: 'fireblocks-dev-callback' }),
    );
    t.match(Stacks?.[0]?.Outputs?.[0], {
      OutputKey: 'CallbackURL',
      OutputValue: 'https://callback.internal/callback',
    });
  });

  await t.test('the service runs one task of the environment’s size', async (t) => {
    const ecs = new ECSClient(client);
    const { services } = await ecs.send(
      new DescribeServicesCommand({ cluster: names.cluster, services: [names.service] }),
    );
    t.match(services, [{ serviceName: 'callback-handler-service', desiredCount: 1, status: 'ACTIVE' }]);
    const { taskDefinition } = await ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: services?.[0]?.taskDefinition }),
    );
    // moto keeps neither CPU units nor network mode nor launch type of what CloudFormation makes.
    t.match(taskDefinition, {
      memory: '512',
      containerDefinitions: [{ name: 'callback-handler', image: /fireblocks-callback-dev:1111111$/ }],
    });
  });

  await t.test('the load balancer is internal, with one HTTPS listener', async (t) => {
    const elb = new ElasticLoadBalancingV2Client(client);
    const { LoadBalancers } = await elb.send(
      new DescribeLoadBalancersCommand({ Names: [names.loadBalancer] }),
    );
    t.match(LoadBalancers, [{ Scheme: 'internal', AvailabilityZones: [{}, {}] }]);
    const LoadBalancerArn = LoadBalancers?.[0]?.LoadBalancerArn;
    const { Listeners } = await elb.send(new DescribeListenersCommand({ LoadBalancerArn }));
    t.equal(Listeners?.length, 1);
    t.match(Listeners, [{ Port: 443, Protocol: 'HTTPS', Certificates: [{ CertificateArn }] }]);
    const { TargetGroups } = await elb.send(new DescribeTargetGroupsCommand({ Names: [names.targetGroup] }));
    t.match(TargetGroups, [
      {
        HealthCheckPath: '/health',
        HealthCheckIntervalSeconds: 30,
        HealthyThresholdCount: 2,
        UnhealthyThresholdCount: 3,
        TargetType: 'ip',
        Port: 3000,
      },
    ]);
  });

  await t.test('the private zone leads to the load balancer', async (t) => {
    const route53 = new Route53Client(client);
    const { HostedZones } = await route53.send(new ListHostedZonesCommand({}));
    t.match(HostedZones, [{ Name: 'callback.internal.' }]);
    const Id = HostedZones?.[0]?.Id ?? '';
    // moto forgets the VPC of a zone that CloudFormation makes, and with it that the zone is private.
    const { ResourceRecordSets = [] } = await route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: Id }),
    );
    t.match(
      ResourceRecordSets.filter(({ Type }) => Type === 'A'),
      [{ Name: 'callback.internal.', AliasTarget: { DNSName: /callback-handler-dev.*elb\.amazonaws\.com/ } }],
    );
  });

  await t.test('the log is kept for a week', async (t) => {
    const { logGroups } = await new CloudWatchLogsClient(client).send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: names.logGroups.service }),
    );
    t.match(logGroups, [{ logGroupName: '/ecs/callback-handler/dev', retentionInDays: 7 }]);
  });

  await t.test('aws ecs describe-services works as the guide has it', async (t) => {
    const guide = readFileSync(join(ROOT, 'DEPLOYMENT.md'), 'utf8');
    const command = /^aws ecs describe-services (?:.*\\\n)*.*$/m.exec(guide)?.[0] ?? 'false';
    const { stdout } = await run('bash', ['-c', command], {
      env: {
        PATH: process.env['PATH'],
        HOME: t.testdir(),
        AWS_ENDPOINT_URL: moto.endpoint,
        AWS_DEFAULT_REGION: REGION,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_PAGER: '',
      },
    });
    t.match(stdout, 'callback-handler-service');
  });

  await t.test('another image changes the task definition and the service, and nothing else', async (t) => {
    const callback = stacks.stacks.find(({ name }) => name === 'callback');
    if (callback === undefined) throw new Error('there is no stack of the service');
    const before = await resourcesOf(callback.stackName);
    await cloudformation.send(new UpdateStackCommand(stack('2222222', callback)));
    const after = await resourcesOf(callback.stackName);

    const changed = [...after.keys()].filter((id) => before.get(id) !== after.get(id));
    t.strictSame(
      changed.map((id) => callback.json.Resources[id]?.Type),
      ['AWS::ECS::TaskDefinition'],
    );
    // moto does not follow a reference to what was replaced. In the template the tag reaches the task definition alone,
    // and that the service.
    const users = (name: string) =>
      Object.entries(callback.json.Resources)
        .filter(([, resource]) => JSON.stringify(resource).includes(`{"Ref":"${name}"}`))
        .map(([id, { Type }]) => ({ id, Type }));
    const [task] = users('ImageTag');
    t.strictSame(
      users('ImageTag').map(({ Type }) => Type),
      ['AWS::ECS::TaskDefinition'],
    );
    t.strictSame(
      users(task?.id ?? '').map(({ Type }) => Type),
      ['AWS::ECS::Service'],
    );
    t.strictSame(users(users(task?.id ?? '')[0]?.id ?? ''), []);
  });

  await t.test('the task role reads its three parameters, and no other', async (t) => {
    const there = await resourcesOf('fireblocks-dev-security');
    const RoleName = [...there].find(([id]) => id.startsWith('TaskRole'))?.[1] ?? '';
    const iam = new IAMClient(client);
    const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
    t.equal(PolicyNames?.length, 1);
    const { PolicyDocument = '' } = await iam.send(
      new GetRolePolicyCommand({ RoleName, PolicyName: PolicyNames?.[0] }),
    );
    const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument)) as {
      Statement: { Action: string; Resource: string[] }[];
    };
    t.strictSame(
      Statement.find(({ Action }) => Action === 'ssm:GetParameters')?.Resource,
      Object.values(names.parameters).map((name) => `arn:aws:ssm:${REGION}:123456789012:parameter${name}`),
    );
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    t.strictSame(AttachedPolicies, []);
  });
});
