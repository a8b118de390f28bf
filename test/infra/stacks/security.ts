// Tests the security stack: all stacks' security group rules as a graph, and the permissions of the task's roles.
import t from 'tap';
import { namesOf, policyBucket } from '../../../infra/names.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { connections, groupNames, permissions, statementsOf } from '../../helpers/stack-rules.js';
import { listOf, type Statement, synthesize, toText } from '../../helpers/stacks.js';

const ALWAYS = [
  'Cosigner -> LoadBalancer tcp 443',
  'LoadBalancer -> Task tcp 3000',
  'Task -> Endpoints tcp 443',
  'Task -> pl-61a54008 tcp 443 (out only)',
  'Task -> pl-78a54011 tcp 443 (out only)',
];

t.test(
  'allows traffic only from Co-signer to load balancer, load balancer to task, and task to endpoints, S3 and DynamoDB',
  (t) => {
    t.strictSame(connections(synthesize()), ALWAYS);
    t.strictSame(connections(synthesize('prod', CHOICES.certificateByAcm)), ALWAYS);
    t.strictSame(connections(synthesize('dev', CHOICES.existingVpc)), ALWAYS);
    t.end();
  },
);

t.test('a hosted Co-signer also reaches endpoints and the internet', (t) => {
  t.strictSame(
    connections(synthesize('dev', CHOICES.cosigner)),
    [...ALWAYS, 'Cosigner -> 0.0.0.0/0 tcp 443 (out only)', 'Cosigner -> Endpoints tcp 443'].sort(),
  );
  t.end();
});

t.test('existing security groups replace those that the stacks create', (t) => {
  const settings = { ...CHOICES.existingEndpoints, cosignerSecurityGroupId: 'sg-0fedcba9876543210' };
  t.strictSame(
    connections(synthesize('dev', settings)),
    ALWAYS.map((connection) =>
      connection.replace('Cosigner', 'sg-0fedcba9876543210').replace('Endpoints', 'sg-0123456789abcdef0'),
    ).sort(),
  );
  t.end();
});

t.test('no rule is defined inline in a group, where these tests would miss it', (t) => {
  for (const { Properties } of synthesize('dev', CHOICES.cosigner).resources('AWS::EC2::SecurityGroup')) {
    t.equal(Properties['SecurityGroupIngress'], undefined);
    // The CDK's placeholder rule with an unused address. Without any rule, AWS would allow all outbound traffic.
    t.strictSame(Properties['SecurityGroupEgress'], [
      {
        CidrIp: '255.255.255.255/32',
        Description: 'Disallow all traffic',
        FromPort: 252,
        IpProtocol: 'icmp',
        ToPort: 86,
      },
    ]);
  }
  t.end();
});

t.test('load balancer, task, endpoints and Co-signer are each only in their own group', (t) => {
  const stacks = synthesize('dev', CHOICES.cosigner);
  const name = groupNames(stacks);
  const groupsOf = (type: string, key: string): string[] =>
    stacks.resources(type).flatMap(({ Properties }) => listOf(find(Properties, key)).map(name));
  t.strictSame(groupsOf('AWS::ElasticLoadBalancingV2::LoadBalancer', 'SecurityGroups'), [
    'LoadBalancer',
    'ConsoleLoadBalancer',
  ]);
  t.strictSame(groupsOf('AWS::ECS::Service', 'SecurityGroups'), ['Task']);
  t.strictSame(groupsOf('AWS::EC2::Instance', 'GroupSet'), ['Cosigner']);
  t.strictSame([...new Set(groupsOf('AWS::EC2::VPCEndpoint', 'SecurityGroupIds'))], ['Endpoints']);
  t.end();
});

function find(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (key in value) return (value as Json)[key];
  return Object.values(value)
    .map((inner) => find(inner, key))
    .find((found) => found !== undefined);
}

t.test(
  'the task can read and decrypt only its five parameters, the policy bucket and its store, and write only the store',
  (t) => {
    const stacks = synthesize();
    const parameters = [
      'jwt/callback-private-key',
      'jwt/cosigner-public-key',
      'policy',
      'policy-candidate',
      'policy-stop',
    ].map((name) => `arn:aws:ssm:ap-northeast-1:<AWS::AccountId>:parameter/fireblocks/dev/${name}`);
    const found = permissions(stacks, 'TaskRole', 'security').map((line) =>
      line.replace(/<([A-Za-z]+)[0-9A-F]{8}\./, '<$1.'),
    );
    t.strictSame(found, [
      'dynamodb:BatchGetItem <StoreTable.Arn>',
      'dynamodb:ConditionCheckItem <StoreTable.Arn>',
      'dynamodb:DeleteItem <StoreTable.Arn>',
      'dynamodb:PutItem <StoreTable.Arn>',
      'dynamodb:Query <StoreTable.Arn>',
      'kms:Decrypt <Key.Arn>',
      'kms:Decrypt <Key.Arn>',
      'kms:Decrypt <StoreKey.Arn>',
      'kms:Decrypt <StoreKey.Arn>',
      'kms:GenerateDataKey <StoreKey.Arn>',
      'not s3:PutObject <StoreArchive.Arn>/archive/accepted/*',
      's3:GetObject <Policies.Arn>/*',
      's3:GetObject <StoreArchive.Arn>/archive/*',
      's3:GetObjectVersion <Policies.Arn>/*',
      's3:ListBucket <Policies.Arn>',
      's3:ListBucket <StoreArchive.Arn>',
      's3:PutObject <StoreArchive.Arn>/archive/*',
      ...parameters.map((arn) => `ssm:GetParameters ${arn}`),
    ]);

    const contexts = statementsOf(stacks, 'TaskRole', 'security')
      .filter(({ Action, Resource }) => Action === 'kms:Decrypt' && toText(Resource).startsWith('<Key'))
      .map(({ Condition }) => Condition as { StringEquals: Record<string, unknown> });
    t.strictSame(
      contexts.map((condition) => Object.keys(condition)),
      [['StringEquals'], ['StringEquals']],
    );
    const context = Object.assign({}, ...contexts.map(({ StringEquals }) => StringEquals)) as Json;
    t.strictSame(Object.keys(context).sort(), [
      'kms:EncryptionContext:PARAMETER_ARN',
      'kms:EncryptionContext:aws:s3:arn',
    ]);
    t.strictSame(listOf(context['kms:EncryptionContext:PARAMETER_ARN']).map(toText).sort(), parameters);
    // With a bucket key, S3 uses the ARN of the bucket as the context.
    t.match(toText(context['kms:EncryptionContext:aws:s3:arn']), /^<Policies[0-9A-F]{8}\.Arn>$/);

    // The parameter names in the task's environment must be those that its role allows.
    const environment = JSON.stringify(stacks.resources('AWS::ECS::TaskDefinition'));
    for (const arn of parameters) t.ok(environment.includes(`"${arn.split(':parameter')[1] ?? ''}"`), arn);
    t.end();
  },
);

t.test('no resource policy lets anyone write to the policy bucket, and only TLS reaches it', (t) => {
  const [policy] = synthesize().resources('AWS::S3::BucketPolicy', 'security');
  const { Statement } = policy?.Properties['PolicyDocument'] as { Statement: Statement[] };
  t.match(Statement, [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }]);
  t.equal(Statement.length, 1);
  t.end();
});

t.test('the policy bucket is private, encrypted with the key, logged, and keeps versions', (t) => {
  for (const [environment, days] of [
    ['dev', 7],
    ['prod', 400],
  ] as const) {
    const [bucket] = synthesize(environment).resources('AWS::S3::Bucket', 'security');
    const properties = bucket?.Properties ?? {};
    t.equal(
      toText(properties['BucketName']),
      policyBucket(namesOf('fireblocks', environment), '<AWS::AccountId>', 'ap-northeast-1'),
    );
    t.match(properties, {
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LoggingConfiguration: { LogFilePrefix: 'buckets/policies/' },
    });
    const [rule] = (properties['BucketEncryption'] as { ServerSideEncryptionConfiguration: readonly [Json] })
      .ServerSideEncryptionConfiguration;
    t.equal(rule['BucketKeyEnabled'], true);
    const { SSEAlgorithm, KMSMasterKeyID } = rule['ServerSideEncryptionByDefault'] as Json;
    t.equal(SSEAlgorithm, 'aws:kms');
    t.match(toText(KMSMasterKeyID), /^<Key[0-9A-F]{8}\.Arn>$/);
    // Only earlier versions of lists expire: a parameter may name any version of a policy.
    t.strictSame((properties['LifecycleConfiguration'] as Json)['Rules'], [
      { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 }, Id: 'uploads', Status: 'Enabled' },
      {
        Id: 'lists',
        NoncurrentVersionExpiration: { NoncurrentDays: days },
        Prefix: 'lists/',
        Status: 'Enabled',
      },
    ]);
  }
  t.end();
});

t.test('Fargate can pull from only one repository and write to only one log group', (t) => {
  const account = 'ap-northeast-1:<AWS::AccountId>';
  const repository = `arn:aws:ecr:${account}:repository/fireblocks-callback-dev`;
  const streams = `arn:aws:logs:${account}:log-group:/ecs/callback-handler/dev:log-stream:*`;
  t.strictSame(permissions(synthesize(), 'ExecutionRole', 'security'), [
    `ecr:BatchCheckLayerAvailability ${repository}`,
    `ecr:BatchGetImage ${repository}`,
    'ecr:GetAuthorizationToken *',
    `ecr:GetDownloadUrlForLayer ${repository}`,
    `logs:CreateLogStream ${streams}`,
    `logs:PutLogEvents ${streams}`,
  ]);
  t.end();
});

t.test('the key rotates, and AWS services can use it only for logs and alarms in this account', (t) => {
  // Also for what was turned off or replaced, so that its log can still be read.
  const all = [synthesize('dev', CHOICES.console), synthesize('dev', CHOICES.api)];
  const stacks = synthesize();
  const [key] = stacks.resources('AWS::KMS::Key', 'security');
  t.equal(key?.Properties['EnableKeyRotation'], true);
  const { Statement } = key?.Properties['KeyPolicy'] as { Statement: Statement[] };
  const services = Object.fromEntries(
    Statement.flatMap(({ Principal, Condition }) => {
      const { Service } = Principal as { Service?: string };
      return Service === undefined ? [] : [[Service, Condition]];
    }),
  );
  t.strictSame(Object.keys(services).sort(), [
    'cloudwatch.amazonaws.com',
    'logs.ap-northeast-1.amazonaws.com',
  ]);
  t.strictSame(services['cloudwatch.amazonaws.com'], {
    StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
  });
  const { ArnEquals } = services['logs.ap-northeast-1.amazonaws.com'] as { ArnEquals: Json };
  const groups = (ArnEquals['kms:EncryptionContext:aws:logs:arn'] as unknown[]).map(toText);
  t.strictSame(
    groups.sort(),
    [
      ...new Set(
        all
          .flatMap((one) => one.resources('AWS::Logs::LogGroup'))
          .map(
            ({ Properties }) =>
              `arn:aws:logs:ap-northeast-1:<AWS::AccountId>:log-group:${toText(Properties['LogGroupName'])}`,
          ),
      ),
    ].sort(),
  );
  t.end();
});
