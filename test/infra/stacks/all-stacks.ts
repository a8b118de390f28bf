// Tests all stacks together: permissions, tags, deletion policies and template sizes.
import t from 'tap';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { listOf, statements, synthesize, toText } from '../../helpers/stacks.js';

/** All stacks with tasks; and those with a function, behind each front. */
const EVERYTHING = { ...CHOICES.cosigner, ...CHOICES.console };
const FUNCTION = { ...EVERYTHING, ...CHOICES.concurrency };
const API = { ...CHOICES.api, ...CHOICES.cosigner };

const all = (environment: 'dev' | 'staging' | 'prod', changes: Json = {}) =>
  [EVERYTHING, FUNCTION, API].map((choice) => synthesize(environment, { ...choice, ...changes }));

/** Actions that can't be restricted to a resource, according to each service's documentation. */
const ALLOWED_ON_ALL_RESOURCES: readonly {
  readonly place: RegExp;
  readonly actions: RegExp;
  readonly why: string;
}[] = [
  {
    place: /AWS::KMS::Key/,
    actions: /^kms:/,
    why: 'a key policy applies only to its own key',
  },
  {
    place: /(ExecutionRole|BuildRole)DefaultPolicy|AWS::EC2::VPCEndpoint Ecr/,
    actions: /^ecr:GetAuthorizationToken$/,
    why: 'a token is for a whole registry',
  },
  {
    place: /BuildRoleDefaultPolicy/,
    actions: /^(ecr-public:GetAuthorizationToken|sts:GetServiceBearerToken)$/,
    why: 'a token is for the whole public registry',
  },
  {
    place: /function AWS::IAM::Policy/,
    actions: /^ec2:\w+(NetworkInterfaces?|Subnets|PrivateIpAddresses)$/,
    why: 'Lambda connects the function to the VPC; network interfaces that do not exist yet have no ARN',
  },
  {
    place: /cosigner AWS::IAM::Policy|AWS::EC2::VPCEndpoint S3/,
    actions: /^s3:ListAllMyBuckets$/,
    why: 'buckets are listed for a whole account; Fireblocks requires it',
  },
  {
    place: /cosigner AWS::IAM::Policy|console AWS::IAM::Policy HostRole|AWS::EC2::VPCEndpoint Ssm/,
    actions: /^(ssm:UpdateInstanceInformation|ssmmessages:(Create|Open)(Control|Data)Channel)$/,
    why: 'Session Manager does not support resource-level permissions',
  },
];

for (const environment of ['dev', 'prod'] as const) {
  t.test(`${environment}: every statement names its resources, with few exceptions`, (t) => {
    const used = new Set<string>();
    for (const { where, statement } of all(environment).flatMap(statements)) {
      if (!listOf(statement.Resource).some((resource) => toText(resource) === '*')) continue;
      for (const action of listOf(statement.Action)) {
        const reason = ALLOWED_ON_ALL_RESOURCES.find(
          ({ place, actions }) => place.test(where) && actions.test(action),
        );
        t.ok(reason, `${where}: ${action}: ${reason?.why ?? 'must name its resource'}`);
        if (reason !== undefined) used.add(reason.why);
      }
    }
    t.equal(used.size, ALLOWED_ON_ALL_RESOURCES.length, 'every exception is in use');
    t.end();
  });
}

t.test('only VPC endpoints, and the API through one of them, accept every principal', (t) => {
  const open = all('prod')
    .flatMap(statements)
    .filter(({ statement }) => statement.Effect === 'Allow')
    .filter(({ statement }) => JSON.stringify(statement.Principal ?? '').includes('"*"'))
    .map(({ where }) => where.split(' ')[1]);
  t.strictSame([...new Set(open)], ['AWS::EC2::VPCEndpoint', 'AWS::ApiGateway::RestApi']);
  t.end();
});

t.test('only key policies use wildcards in actions', (t) => {
  const wildcards = all('prod')
    .flatMap(statements)
    .filter(({ statement }) => statement.Effect === 'Allow')
    .flatMap(({ where, statement }) =>
      listOf(statement.Action).map((action) => `${where.split(' ')[1] ?? ''} ${action}`),
    )
    .filter((line) => line.endsWith('*'));
  t.strictSame([...new Set(wildcards)].sort(), [
    'AWS::KMS::Key kms:*',
    'AWS::KMS::Key kms:GenerateDataKey*',
    'AWS::KMS::Key kms:ReEncrypt*',
  ]);
  t.end();
});

t.test('all resources that can be tagged are tagged', (t) => {
  const stacks = all('staging').flatMap(({ stacks }) => stacks);
  for (const { name, tags } of stacks) {
    t.strictSame(tags, { Project: 'fireblocks', Environment: 'staging', Stack: name, ManagedBy: 'cdk' });
  }
  // These types have no tags, or get their stack's tags from CloudFormation.
  const types = stacks.flatMap(({ json }) => Object.values(json.Resources));
  const untagged = types.filter(({ Properties }) => !JSON.stringify(Properties).includes('"ManagedBy"'));
  t.strictSame([...new Set(untagged.map(({ Type }) => Type))].sort(), [
    'AWS::ApiGateway::Account',
    'AWS::ApiGateway::Deployment',
    'AWS::ApiGateway::Method',
    'AWS::ApiGateway::Resource',
    'AWS::CloudWatch::Alarm',
    'AWS::CloudWatch::Dashboard',
    'AWS::EC2::Route',
    'AWS::EC2::SecurityGroupEgress',
    'AWS::EC2::SecurityGroupIngress',
    'AWS::EC2::SubnetRouteTableAssociation',
    'AWS::EC2::VPCGatewayAttachment',
    'AWS::ElasticLoadBalancingV2::Listener',
    'AWS::IAM::InstanceProfile',
    'AWS::IAM::Policy',
    'AWS::KMS::Alias',
    'AWS::KMS::Key',
    'AWS::Lambda::Alias',
    'AWS::Lambda::Permission',
    'AWS::Lambda::Version',
    'AWS::Logs::MetricFilter',
    'AWS::Logs::QueryDefinition',
    'AWS::Route53::RecordSet',
    'AWS::S3::BucketPolicy',
    'AWS::SNS::Subscription',
    'AWS::SNS::TopicPolicy',
  ]);
  t.end();
});

t.test(
  'prod retains keys, repository, buckets, the table and logs, and protects its stacks from deletion',
  (t) => {
    const stateful = /AWS::(KMS::Key|DynamoDB::Table|ECR::Repository|S3::Bucket|Logs::LogGroup)$/;
    for (const [environment, policy] of [
      ['dev', 'Delete'],
      ['staging', 'Delete'],
      ['prod', 'RetainExceptOnCreate'],
    ] as const) {
      const stacks = all(environment).flatMap(({ stacks }) => stacks);
      const found = stacks
        .flatMap(({ json }) => Object.values(json.Resources))
        .filter(({ Type }) => stateful.test(Type));
      t.equal(found.length, 42, environment);
      for (const { Type, DeletionPolicy } of found) t.equal(DeletionPolicy, policy, `${environment} ${Type}`);
      for (const { stackName, terminationProtection } of stacks) {
        t.equal(terminationProtection, environment === 'prod', stackName);
      }
    }
    t.end();
  },
);

t.test('a log group that prod has kept is used again by a stack that is created again', (t) => {
  const logsIn = (environment: 'dev' | 'prod') =>
    all(environment)
      .flatMap(({ stacks }) => stacks)
      .filter(({ name }) => name !== 'image')
      .flatMap(({ json }) =>
        Object.entries(json.Resources)
          .filter(([, { Type }]) => Type === 'AWS::Logs::LogGroup')
          .map(([id, resource]) => ({ id, resource, json })),
      );
  for (const { resource } of logsIn('dev')) t.equal(resource.Condition, undefined);
  for (const { id, resource, json } of logsIn('prod')) {
    const name = id.replace(/[0-9A-F]{8}$/, '');
    t.equal(resource.Condition, `Creates${name}`);
    t.match(json.Conditions, { [`Creates${name}`]: { 'Fn::Equals': [{ Ref: `Create${name}` }, 'true'] } });
    t.match(json.Parameters, { [`Create${name}`]: { Default: 'true' } });
    // What uses it waits for it if it is created.
    const references = JSON.stringify(json).split(JSON.stringify({ Ref: id })).length - 1;
    const used = { 'Fn::If': [`Creates${name}`, { Ref: id }, resource.Properties['LogGroupName']] };
    t.equal(JSON.stringify(json).split(JSON.stringify(used)).length - 1, references);
    for (const { Type, DependsOn = [] } of Object.values(json.Resources))
      t.notOk(DependsOn.includes(id), Type);
    if (name === 'ContainerInsights') t.equal(references, 1, 'the cluster waits for it');
  }
  t.equal(logsIn('prod').length, 9);
  t.end();
});

t.test(
  'in prod, nothing is protected while it is created, so that a first creation that fails can be rolled back',
  (t) => {
    const { stacks } = synthesize('prod', EVERYTHING);
    for (const { name, json } of stacks) {
      const parameter = json.Parameters?.['DeletionProtection'];
      t.equal(parameter !== undefined, name === 'security', name);
      if (parameter !== undefined) t.match(parameter, { Default: 'true', AllowedValues: ['true', 'false'] });
    }
    const resources = stacks.flatMap(({ json }) => Object.values(json.Resources));
    const propertiesOf = (type: string, contains = '') =>
      resources.find(({ Type, Properties }) => Type === type && JSON.stringify(Properties).includes(contains))
        ?.Properties ?? {};
    const flag = { 'Fn::If': ['Protected', true, false] };
    t.strictSame(propertiesOf('AWS::DynamoDB::Table')['DeletionProtectionEnabled'], flag);
    t.strictSame(stacks.find(({ name }) => name === 'security')?.json.Conditions, {
      Protected: { 'Fn::Equals': [{ Ref: 'DeletionProtection' }, 'true'] },
    });
    // The deploy command protects these: test/deploy/changes.test.ts.
    t.notOk('DisableApiTermination' in propertiesOf('AWS::EC2::Instance', 'CosignerImageId'));
    const attributes = propertiesOf('AWS::ElasticLoadBalancingV2::LoadBalancer')['LoadBalancerAttributes'];
    t.notMatch(JSON.stringify(attributes), 'deletion_protection');
    for (const { json } of synthesize('staging', EVERYTHING).stacks) {
      t.equal(json.Parameters?.['DeletionProtection'], undefined);
    }
    t.end();
  },
);

t.test('templates are well below 51,200 bytes, the CloudFormation limit for inline templates', (t) => {
  for (const { name, json } of all('prod', CHOICES.certificateByAcm).flatMap(({ stacks }) => stacks)) {
    const bytes = Buffer.byteLength(JSON.stringify(json));
    t.ok(bytes < 45_000, `${name}: ${bytes} bytes`);
  }
  t.end();
});

t.test('templates do not contain secrets', (t) => {
  for (const { name, json } of all('prod').flatMap(({ stacks }) => stacks)) {
    t.notMatch(JSON.stringify(json), /BEGIN [A-Z ]*KEY|AKIA[0-9A-Z]{16}|eyJ[\w-]{20}/, name);
  }
  t.end();
});
