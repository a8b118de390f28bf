// Tests the function's stack, and what else differs when a function runs the handler: endpoints, roles and rules.
import t from 'tap';
import { namesOf } from '../../../infra/names.js';
import { readConfig } from '../../../src/config.js';
import { LONGEST_REQUEST_MS } from '../../../src/timeouts.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { connections, permissions, statementsOf } from '../../helpers/stack-rules.js';
import { type Statement, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

const ACCOUNT = 'ap-northeast-1:<AWS::AccountId>';

const only = (stacks: Synthesized, type: string, stack?: 'callback' | 'function'): Json =>
  stacks.resources(type, stack)[0]?.Properties ?? {};

t.test('the function runs the image in the private subnets, with the group of the handler', (t) => {
  for (const [environment, memory, days] of [
    ['dev', 1024, 7],
    ['staging', 1024, 30],
    ['prod', 1769, 400],
  ] as const) {
    const stacks = synthesize(environment, CHOICES.lambda);
    const found = only(stacks, 'AWS::Lambda::Function');
    t.match(found, {
      FunctionName: `callback-handler-${environment}`,
      PackageType: 'Image',
      Architectures: ['x86_64'],
      MemorySize: memory,
      VpcConfig: {
        SecurityGroupIds: [{ Ref: 'SecurityTaskGroupId' }],
        SubnetIds: [{ Ref: 'FoundationPrivateASubnet' }, { Ref: 'FoundationPrivateBSubnet' }],
      },
      ReservedConcurrentExecutions: undefined,
    });
    t.ok(Number(found['Timeout']) * 1000 < LONGEST_REQUEST_MS, 'it gives up before the Co-signer');
    t.match(toText((found['Code'] as Json)['ImageUri']), /\/fireblocks-callback-\w+:<ImageTag>$/);
    t.match(only(stacks, 'AWS::Logs::LogGroup', 'function'), {
      LogGroupName: `/aws/lambda/callback-handler-${environment}`,
      RetentionInDays: days,
      KmsKeyId: { Ref: 'SecurityKeyArn' },
    });
    t.strictSame(stacks.resources('AWS::Lambda::Url'), [], 'nothing public');
  }
  const arm = synthesize('dev', { ...CHOICES.lambda, architecture: 'arm64' });
  t.match(only(arm, 'AWS::Lambda::Function'), { Architectures: ['arm64'] });
  t.end();
});

t.test('another image, network or configuration is another version, to which the alias points', (t) => {
  const versionOf = (changes: Json) => {
    const stack = synthesize('dev', { ...CHOICES.lambda, ...changes }).stacks.find(
      ({ name }) => name === 'function',
    );
    return Object.entries(stack?.json.Resources ?? {}).filter(([, { Type }]) => Type.endsWith('::Version'));
  };
  const [[id, version] = ['']] = versionOf({});
  // CloudFormation publishes a version anew if its description changes.
  t.equal(
    toText(version?.Properties['Description']),
    'Image <ImageTag>, group <SecurityTaskGroupId>, subnets <FoundationPrivateASubnet> <FoundationPrivateBSubnet>',
  );
  t.not(versionOf({ basePath: '/other' })[0]?.[0], id);
  t.equal(versionOf({ alarmEmail: 'a@example.com' })[0]?.[0], id, 'only if the function changes');
  t.end();
});

t.test('while a new version is checked, the one before is kept and called', (t) => {
  const stacks = synthesize('dev', CHOICES.lambda);
  const { Parameters, Conditions, Resources } =
    stacks.stacks.find(({ name }) => name === 'function')?.json ?? {};
  const [id = '', version] =
    Object.entries(Resources ?? {}).find(([, { Type }]) => Type.endsWith('::Version')) ?? [];
  const newest = { 'Fn::GetAtt': [id, 'Version'] };
  t.match(only(stacks, 'AWS::Lambda::Alias'), {
    Name: 'live',
    FunctionVersion: { 'Fn::If': ['CallsNewest', newest, { Ref: 'LiveVersion' }] },
  });
  t.match(Conditions, { CallsNewest: { 'Fn::Equals': [{ Ref: 'LiveVersion' }, ''] } });
  t.match(Parameters, { LiveVersion: { Default: '' } });
  t.match(version, { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' });
  t.end();
});

t.test('concurrency is reserved and provisioned as the settings say', (t) => {
  const provisioned = (environment: 'dev' | 'prod', changes: Json = {}) =>
    only(synthesize(environment, { ...CHOICES.lambda, ...changes }), 'AWS::Lambda::Alias')[
      'ProvisionedConcurrencyConfig'
    ];
  t.equal(provisioned('dev'), undefined);
  t.strictSame(provisioned('prod'), { ProvisionedConcurrentExecutions: 1 });
  t.equal(provisioned('prod', { lambda: { provisionedConcurrency: 0 } }), undefined);
  t.strictSame(provisioned('dev', CHOICES.concurrency), { ProvisionedConcurrentExecutions: 2 });
  t.match(only(synthesize('dev', CHOICES.concurrency), 'AWS::Lambda::Function'), {
    ReservedConcurrentExecutions: 20,
  });
  t.end();
});

t.test('the environment variables are those of a task, without what only a task needs', (t) => {
  const variables = (stacks: Synthesized): Record<string, string> => {
    const { Variables } = only(stacks, 'AWS::Lambda::Function')['Environment'] as { Variables: Json };
    return Object.fromEntries(
      Object.entries(Variables).map(([name, value]) => [
        name,
        toText(value).replace(/^(s3:\/\/)?<\w+>/, '$1name'),
      ]),
    );
  };
  const [task] = synthesize('prod').resources('AWS::ECS::TaskDefinition');
  const [container] = task?.Properties['ContainerDefinitions'] as { Environment: { Name: string }[] }[];
  const ofTask = (container?.Environment ?? []).map(({ Name }) => Name);
  const found = variables(synthesize('prod', CHOICES.lambda));
  t.strictSame(
    Object.keys(found).sort(),
    ofTask.filter((name) => name !== 'TLS' && name !== 'SHUTDOWN_TIMEOUT_MS').sort(),
  );
  t.match(readConfig([], found), { auth: 'jwt', keyWithdrawal: 'keep' });
  t.end();
});

t.test('the function may do what a task may, write its log, and nothing in the network', (t) => {
  const stacks = synthesize('dev', CHOICES.lambda);
  const text = (line: string): string =>
    line
      .replace(/<([A-Za-z]+)[0-9A-F]{8}\.Arn>/, '<$1>')
      .replace(/<Security([A-Za-z]+?)(Arn)?>/, '<$1>')
      .replace(/arn:aws:s3:::fireblocks-dev-archive-<AWS::AccountId>-ap-northeast-1/, '<StoreArchive>')
      .replace(/arn:aws:s3:::fireblocks-dev-policy-<AWS::AccountId>-ap-northeast-1/, '<Policies>');
  const ofFunction = permissions(stacks, 'FunctionRole', 'function').map(text);
  const ofTask = permissions(synthesize(), 'TaskRole', 'security').map(text);
  const streams = `arn:aws:logs:${ACCOUNT}:log-group:/aws/lambda/callback-handler-dev:log-stream:*`;
  const network = [
    'AssignPrivateIpAddresses',
    'CreateNetworkInterface',
    'DeleteNetworkInterface',
    'DescribeNetworkInterfaces',
    'DescribeSubnets',
    'UnassignPrivateIpAddresses',
  ];
  t.strictSame(
    [...ofFunction].sort(),
    [
      ...ofTask,
      `logs:CreateLogStream ${streams}`,
      `logs:PutLogEvents ${streams}`,
      ...network.flatMap((action) => [`ec2:${action} *`, `not ec2:${action} *`]),
    ].sort(),
  );
  const denied = statementsOf(stacks, 'FunctionRole', 'function').find(
    ({ Effect, Resource }) => Effect === 'Deny' && Resource === '*',
  );
  t.equal(
    toText((denied?.Condition as { ArnEquals: Json }).ArnEquals['lambda:SourceFunctionArn']),
    `arn:aws:lambda:${ACCOUNT}:function:callback-handler-dev`,
    'the code in the function, and not Lambda itself',
  );
  t.end();
});

t.test('Lambda pulls the image for this function alone', (t) => {
  const policy = (changes: Json) =>
    synthesize('dev', changes).resources('AWS::ECR::Repository')[0]?.Properties['RepositoryPolicyText'];
  t.equal(policy({}), undefined);
  const { Statement } = policy(CHOICES.lambda) as { Statement: Statement[] };
  t.equal(Statement.length, 1);
  t.match(Statement, [
    {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    },
  ]);
  const { ArnLike } = Statement[0]?.Condition as { ArnLike: Json };
  t.equal(toText(ArnLike['aws:SourceArn']), `arn:aws:lambda:${ACCOUNT}:function:callback-handler-dev*`);
  t.end();
});

/** The services with an endpoint, of which each begins with the region. */
const endpoints = (stacks: Synthesized): string[] =>
  stacks
    .resources('AWS::EC2::VPCEndpoint')
    .map(({ Properties }) => toText(Properties['ServiceName']).replace('com.amazonaws.ap-northeast-1.', ''))
    .sort();

t.test('without tasks, there are neither endpoints nor roles nor rules for them', (t) => {
  const alone = synthesize('dev', CHOICES.lambda);
  t.strictSame(endpoints(alone), ['dynamodb', 's3', 'ssm']);
  t.notMatch(JSON.stringify(alone.resources('AWS::EC2::VPCEndpoint')), 'starport-layer-bucket');
  t.strictSame(connections(alone), [
    'Cosigner -> LoadBalancer tcp 443',
    'Task -> Endpoints tcp 443',
    'Task -> pl-61a54008 tcp 443 (out only)',
    'Task -> pl-78a54011 tcp 443 (out only)',
  ]);
  t.strictSame(alone.resources('AWS::IAM::Role', 'security'), []);
  t.strictSame(alone.resources('AWS::ECS::Cluster'), []);
  const withConsole = synthesize('dev', { ...CHOICES.lambda, ...CHOICES.console });
  t.ok(['ecr.api', 'ecr.dkr', 'logs'].every((service) => endpoints(withConsole).includes(service)));
  t.equal(withConsole.resources('AWS::ECS::Cluster', 'callback').length, 1, 'the console runs in it');
  t.notMatch(
    JSON.stringify(withConsole.resources('AWS::EC2::VPCEndpoint')),
    namesOf('fireblocks', 'dev').logGroups.service,
  );
  t.end();
});

t.test('while tasks are replaced by a function, they keep what they need', (t) => {
  const leaving = synthesize('dev', CHOICES.lambda, ['fargate']);
  const tasks = synthesize();
  t.strictSame(endpoints(leaving), endpoints(tasks));
  t.strictSame(connections(leaving), connections(tasks));
  for (const role of ['TaskRole', 'ExecutionRole'])
    t.strictSame(permissions(leaving, role, 'security'), permissions(tasks, role, 'security'), role);
  t.strictSame(leaving.resources('AWS::ECS::Service'), []);
  t.end();
});

t.test('the load balancer invokes the function, with all values of a header, and checks no health', (t) => {
  const stacks = synthesize('dev', CHOICES.lambda);
  const alias = `arn:aws:lambda:${ACCOUNT}:function:callback-handler-dev:live`;
  const group = only(stacks, 'AWS::ElasticLoadBalancingV2::TargetGroup');
  t.match(group, {
    Name: 'callback-handler-fn-dev',
    TargetType: 'lambda',
    HealthCheckEnabled: false,
    TargetGroupAttributes: [{ Key: 'lambda.multi_value_headers.enabled', Value: 'true' }],
  });
  t.strictSame(
    (group['Targets'] as Json[]).map(({ Id }) => toText(Id)),
    [alias],
  );
  const [permission] = stacks.resources('AWS::Lambda::Permission');
  t.equal(toText(permission?.Properties['FunctionName']), alias);
  t.equal(permission?.Properties['Principal'], 'elasticloadbalancing.amazonaws.com');
  t.equal(
    toText(permission?.Properties['SourceArn']),
    `arn:aws:elasticloadbalancing:${ACCOUNT}:targetgroup/callback-handler-fn-dev/*`,
  );
  t.strictSame(stacks.resources('AWS::ElasticLoadBalancingV2::TargetGroup')[0]?.DependsOn, [
    'FunctionPermission',
  ]);
  const parameters = stacks.stacks.find(({ name }) => name === 'callback')?.json.Parameters ?? {};
  t.notOk('ImageTag' in parameters || 'DesiredCount' in parameters, 'nothing of a task');
  t.end();
});

interface Forward {
  readonly ForwardConfig?: { readonly TargetGroups: { TargetGroupArn: { Ref: string }; Weight: number }[] };
  readonly TargetGroupArn?: { readonly Ref: string };
}

t.test('while a function is replaced by tasks, it gets all requests, and nothing else differs', (t) => {
  const callback = (leaving?: 'function'[]) =>
    synthesize('prod', {}, leaving).stacks.find(({ name }) => name === 'callback')?.json.Resources ?? {};
  const [during, after] = [callback(['function']), callback()];
  const changed = Object.keys(during).filter(
    (id) => JSON.stringify(during[id]) !== JSON.stringify(after[id]),
  );
  t.strictSame(
    Object.keys(after).filter((id) => !(id in during)),
    [],
  );
  const types = changed.map((id) => during[id]?.Type ?? '').sort();
  t.strictSame(types, [
    'AWS::ElasticLoadBalancingV2::Listener',
    'AWS::ElasticLoadBalancingV2::TargetGroup',
    'AWS::Lambda::Permission',
  ]);
  const listener = Object.values(during).find(({ Type }) => Type.endsWith('::Listener'));
  const [action] = listener?.Properties['DefaultActions'] as Forward[];
  t.strictSame(
    action?.ForwardConfig?.TargetGroups.map(({ TargetGroupArn, Weight }) => [
      during[TargetGroupArn.Ref]?.Properties['TargetType'],
      Weight,
    ]),
    [
      ['lambda', 1],
      ['ip', 0],
    ],
  );
  t.end();
});
