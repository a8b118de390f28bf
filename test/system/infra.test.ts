// Tests the stacks with the `cdk` command and with moto_server, to which a dev environment is deployed and then inspected
// with the AWS SDK and the AWS CLI.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, readdirSync } from 'node:fs';
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
import { archiveBucket, namesOf, policyBucket } from '../../infra/names.js';
import { EXAMPLE_FILE } from '../../infra/settings.js';
import { ROOT } from '../helpers/cli.js';
import { motoServer } from '../helpers/moto.js';
import { parameterName } from '../../infra/stacks/references.js';
import { CHOICES } from '../helpers/settings.js';
import { listOf, synthesize, type Synthesized } from '../helpers/stacks.js';

const run = promisify(execFile);
const REGION = 'ap-northeast-1';
const names = namesOf('fireblocks', 'dev');

const TSX = join(ROOT, 'node_modules/.bin/tsx');
const APP = join(ROOT, 'infra/app.ts');

/** An environment without credentials and without access to the instance metadata service. */
const offline = (home: string) => ({
  PATH: process.env['PATH'],
  HOME: home,
  AWS_EC2_METADATA_DISABLED: 'true',
  CI: 'true',
});

t.test('cdk synth works with the example settings, offline and without credentials', async (t) => {
  const directory = t.testdir({ infra: {} });
  cpSync(join(ROOT, EXAMPLE_FILE), join(directory, 'infra/settings.json'));
  const { stderr } = await run(
    join(ROOT, 'node_modules/.bin/cdk'),
    ['--app', `${TSX} ${APP}`, '--output', 'out', 'synth', '--quiet', '-c', 'env=dev'],
    { cwd: directory, env: offline(directory) },
  );
  t.strictSame(
    readdirSync(join(directory, 'out')).filter((file) => file.endsWith('.template.json')),
    ['callback', 'foundation', 'image', 'security'].map((name) => `fireblocks-dev-${name}.template.json`),
  );
  t.notMatch(stderr, /warn|deprecat/i);
});

t.test('the CDK application reports a missing environment and invalid settings', async (t) => {
  const directory = t.testdir({ infra: { 'settings.json': '{ "region": "Tokyo" }' } });
  /** @param context as `cdk` passes it to the application */
  const failure = (context: object) =>
    run(TSX, [APP], {
      cwd: directory,
      env: { ...offline(directory), CDK_CONTEXT_JSON: JSON.stringify(context) },
    }).then(
      () => t.fail('the application must fail'),
      (error: unknown) => error as { code: number; stderr: string },
    );
  t.match(await failure({}), { code: 1, stderr: '-c env=… must be one of dev, staging, prod' });
  const invalid = await failure({ env: 'dev' });
  t.match(invalid, { code: 1, stderr: 'region must be an AWS region such as ap-northeast-1' });
  t.notMatch(invalid, { stderr: /at \w+ \(/ }, 'without a stack trace');
  cpSync(join(ROOT, EXAMPLE_FILE), join(directory, 'infra/settings.json'));
  t.match(await failure({ env: 'dev', leaving: 'function,tasks' }), {
    code: 1,
    stderr: '-c leaving=… must name fargate, function, api',
  });
});

t.test('a dev environment is deployed to moto_server', async (t) => {
  const moto = await motoServer(t);
  const client = {
    endpoint: moto.endpoint,
    region: REGION,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const cloudformation = new CloudFormationClient(client);
  const stacks = synthesize('dev', CHOICES.cosigner);

  const certificate = await makeCertificate('callback.internal');
  const { CertificateArn = '' } = await new ACMClient(client).send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(certificate.certificate),
      CertificateChain: Buffer.from(certificate.ca),
      PrivateKey: Buffer.from(certificate.privateKey),
    }),
  );
  /** Outputs of the stacks so far, as parameters of the others. */
  const outputs: Record<string, string> = {};
  const stack = (imageTag: string, { stackName, json }: Synthesized['stacks'][number]) => ({
    StackName: stackName,
    TemplateBody: JSON.stringify(json),
    Capabilities: ['CAPABILITY_IAM' as const],
    Parameters: Object.entries({
      ImageTag: imageTag,
      CertificateArn,
      CosignerImageId: 'ami-12c6146b',
      ...outputs,
    })
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

  await t.test('each stack is created, in deployment order', async (t) => {
    const skipped = new Map<string, number>();
    for (const one of stacks.stacks) {
      await cloudformation.send(new CreateStackCommand(stack('1111111', one)));
      const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: one.stackName }));
      t.equal(Stacks?.[0]?.StackStatus, 'CREATE_COMPLETE', one.stackName);
      for (const { OutputKey = '', OutputValue = '' } of Stacks?.[0]?.Outputs ?? []) {
        outputs[parameterName(one.name, OutputKey)] = OutputValue;
      }
      const created = await resourcesOf(one.stackName);
      for (const [id, { Type }] of Object.entries(one.json.Resources)) {
        if (!created.has(id)) skipped.set(Type, (skipped.get(Type) ?? 0) + 1);
      }
    }
    t.comment(`moto skipped: ${[...skipped].map(([type, count]) => `${count} ${type}`).join(', ')}`);
    // moto does not support these types; the tests in test/infra check their properties in the templates instead.
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

  await t.test('the first output is the URL for the Co-signer', async (t) => {
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
    // For resources created by CloudFormation, moto does not store the CPU units, network mode or launch type.
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
    const { TargetGroups } = await elb.send(
      new DescribeTargetGroupsCommand({ Names: [names.targetGroups.plain] }),
    );
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

  await t.test('the private hostname is an alias for the load balancer', async (t) => {
    const route53 = new Route53Client(client);
    const { HostedZones } = await route53.send(new ListHostedZonesCommand({}));
    t.match(HostedZones, [{ Name: 'callback.internal.' }]);
    const Id = HostedZones?.[0]?.Id ?? '';
    // For a zone created by CloudFormation, moto does not store the VPC, so the zone does not appear as private.
    const { ResourceRecordSets = [] } = await route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: Id }),
    );
    t.match(
      ResourceRecordSets.filter(({ Type }) => Type === 'A'),
      [{ Name: 'callback.internal.', AliasTarget: { DNSName: /callback-handler-dev.*elb\.amazonaws\.com/ } }],
    );
  });

  await t.test('the log is retained for a week', async (t) => {
    const { logGroups } = await new CloudWatchLogsClient(client).send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: names.logGroups.service }),
    );
    t.match(logGroups, [{ logGroupName: '/ecs/callback-handler/dev', retentionInDays: 7 }]);
  });

  await t.test('the describe-services command in the guide works', async (t) => {
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

  await t.test('a new image tag changes only the task definition and the service', async (t) => {
    const callback = stacks.stacks.find(({ name }) => name === 'callback');
    if (callback === undefined) throw new Error('the callback stack is missing');
    const before = await resourcesOf(callback.stackName);
    await cloudformation.send(new UpdateStackCommand(stack('2222222', callback)));
    const after = await resourcesOf(callback.stackName);

    const changed = [...after.keys()].filter((id) => before.get(id) !== after.get(id));
    t.strictSame(
      changed.map((id) => callback.json.Resources[id]?.Type),
      ['AWS::ECS::TaskDefinition'],
    );
    // moto does not update references to replaced resources, so the service is checked in the template: only the task
    // definition refers to the tag, and only the service refers to the task definition.
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

  await t.test(
    'the task role can use only its five parameters, the policy bucket and its store',
    async (t) => {
      const resources = await resourcesOf('fireblocks-dev-security');
      const RoleName = [...resources].find(([id]) => id.startsWith('TaskRole'))?.[1] ?? '';
      const iam = new IAMClient(client);
      const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      t.equal(PolicyNames?.length, 1);
      const { PolicyDocument = '' } = await iam.send(
        new GetRolePolicyCommand({ RoleName, PolicyName: PolicyNames?.[0] }),
      );
      const { Statement } = JSON.parse(decodeURIComponent(PolicyDocument)) as {
        Statement: { Effect: string; Action: string | string[]; Resource: string | string[] }[];
      };
      const may = (effect: string) =>
        Statement.filter(({ Effect }) => Effect === effect)
          .flatMap(({ Action, Resource }) =>
            listOf(Action).flatMap((action) => listOf(Resource).map((resource) => `${action} ${resource}`)),
          )
          .filter((line) => !line.startsWith('kms:'));
      const bucket = `arn:aws:s3:::${policyBucket(names, '123456789012', REGION)}`;
      const archive = `arn:aws:s3:::${archiveBucket(names, '123456789012', REGION)}`;
      t.strictSame(
        may('Allow').sort(),
        [
          ...['BatchGetItem', 'ConditionCheckItem', 'DeleteItem', 'PutItem', 'Query'].map(
            (action) => `dynamodb:${action} arn:aws:dynamodb:${REGION}:123456789012:table/${names.table}`,
          ),
          `s3:GetObject ${archive}/archive/*`,
          `s3:ListBucket ${archive}`,
          `s3:PutObject ${archive}/archive/*`,
          `s3:GetObject ${bucket}/*`,
          `s3:GetObjectVersion ${bucket}/*`,
          `s3:ListBucket ${bucket}`,
          ...Object.values(names.parameters).map(
            (name) => `ssm:GetParameters arn:aws:ssm:${REGION}:123456789012:parameter${name}`,
          ),
        ].sort(),
      );
      t.strictSame(may('Deny'), [`s3:PutObject ${archive}/archive/accepted/*`]);
      const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      t.strictSame(AttachedPolicies, []);
    },
  );
});
