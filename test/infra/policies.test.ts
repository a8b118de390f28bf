// What is promised of all stacks at once: no permission on everything, tags, and what outlives its stack.
import t from 'tap';
import { CHOICES, listOf, statements, synthesize, textOf } from '../helpers/stacks.js';

/** Actions that can be allowed on no resource in particular, by AWS's own documentation of each service. */
const ON_EVERYTHING: readonly { readonly place: RegExp; readonly actions: RegExp; readonly why: string }[] = [
  {
    place: /AWS::KMS::Key/,
    actions: /^kms:/,
    why: 'a key policy is about its own key, whatever it names',
  },
  {
    place: /(ExecutionRole|BuildRole)DefaultPolicy|AWS::EC2::VPCEndpoint Ecr/,
    actions: /^ecr:GetAuthorizationToken$/,
    why: 'a token is for a registry, not for a repository',
  },
  {
    place: /cosigner AWS::IAM::Policy|AWS::EC2::VPCEndpoint S3/,
    actions: /^s3:ListAllMyBuckets$/,
    why: 'buckets are listed for an account; Fireblocks asks for it',
  },
  {
    place: /cosigner AWS::IAM::Policy|AWS::EC2::VPCEndpoint Ssm/,
    actions: /^(ssm:UpdateInstanceInformation|ssmmessages:(Create|Open)(Control|Data)Channel)$/,
    why: 'the agent of Session Manager belongs to no resource',
  },
];

for (const environment of ['dev', 'prod'] as const) {
  t.test(`no statement of ${environment} is about everything, but those that must be`, (t) => {
    const used = new Set<string>();
    for (const { where, statement } of statements(synthesize(t, environment, CHOICES.cosigner))) {
      if (!listOf(statement.Resource).some((resource) => textOf(resource) === '*')) continue;
      for (const action of listOf(statement.Action)) {
        const reason = ON_EVERYTHING.find(({ place, actions }) => place.test(where) && actions.test(action));
        t.ok(reason, `${where}: ${action}: ${reason?.why ?? 'must name its resource'}`);
        if (reason !== undefined) used.add(reason.why);
      }
    }
    t.equal(used.size, ON_EVERYTHING.length, 'every exception is still one');
    t.end();
  });
}

t.test('only what must be is open to every principal', (t) => {
  const open = statements(synthesize(t, 'prod', CHOICES.cosigner))
    .filter(({ statement }) => statement.Effect === 'Allow')
    .filter(({ statement }) => JSON.stringify(statement.Principal ?? '').includes('"*"'))
    .map(({ where }) => where.split(' ')[1]);
  t.strictSame([...new Set(open)], ['AWS::EC2::VPCEndpoint']);
  t.end();
});

t.test('no action is a wildcard, but for the account over its key, and encryption by a service', (t) => {
  const wildcards = statements(synthesize(t, 'prod', CHOICES.cosigner))
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

t.test('everything is tagged', (t) => {
  const { stacks } = synthesize(t, 'staging', CHOICES.cosigner);
  for (const { name, tags } of stacks) {
    t.strictSame(tags, { Project: 'fireblocks', Environment: 'staging', Stack: name, ManagedBy: 'cdk' });
  }
  // Those that carry them in the template, too; the others have no tags, or are tagged with their stack alone.
  const types = stacks.flatMap(({ json }) => Object.values(json.Resources));
  const untagged = types.filter(({ Properties }) => !JSON.stringify(Properties).includes('"ManagedBy"'));
  t.strictSame([...new Set(untagged.map(({ Type }) => Type))].sort(), [
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
    'AWS::Logs::MetricFilter',
    'AWS::Logs::QueryDefinition',
    'AWS::Route53::RecordSet',
    'AWS::S3::BucketPolicy',
    'AWS::SNS::TopicPolicy',
  ]);
  t.end();
});

t.test('in prod keys, repository, buckets and logs are kept, and no stack is deleted by mistake', (t) => {
  const kept = /AWS::(KMS::Key|ECR::Repository|S3::Bucket|Logs::LogGroup)$/;
  for (const [environment, policy] of [
    ['dev', 'Delete'],
    ['staging', 'Delete'],
    ['prod', 'RetainExceptOnCreate'],
  ] as const) {
    const { stacks, app } = synthesize(t, environment, CHOICES.cosigner);
    const found = stacks
      .flatMap(({ json }) => Object.values(json.Resources))
      .filter(({ Type }) => kept.test(Type));
    t.equal(found.length, 9, environment);
    for (const { Type, DeletionPolicy } of found) t.equal(DeletionPolicy, policy, `${environment} ${Type}`);
    const assembly = app.synth();
    for (const { stackName, terminationProtection } of assembly.stacks) {
      t.equal(terminationProtection ?? false, environment === 'prod', stackName);
    }
  }
  t.end();
});

t.test('templates stay far below what CloudFormation takes without a bucket, 51,200 bytes', (t) => {
  for (const { name, json } of synthesize(t, 'prod', { ...CHOICES.cosigner, ...CHOICES.certificateByAcm })
    .stacks) {
    const bytes = Buffer.byteLength(JSON.stringify(json));
    t.ok(bytes < 40_000, `${name}: ${bytes} bytes`);
  }
  t.end();
});

t.test('no template holds anything that looks like a secret', (t) => {
  for (const { name, json } of synthesize(t, 'prod', CHOICES.cosigner).stacks) {
    t.notMatch(JSON.stringify(json), /BEGIN [A-Z ]*KEY|AKIA[0-9A-Z]{16}|eyJ[\w-]{20}/, name);
  }
  t.end();
});
