// Tests the console's stack: who reaches it, what its task may do, and that a handler without it is not changed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { namesOf } from '../../../infra/names.js';
import { TABLE_WRITE_ACTIONS } from '../../../infra/stacks/store.js';
import {
  heldKey,
  HEADS,
  PEOPLE_PREFIX,
  personKey,
  recordPartition,
  WAITING,
} from '../../../src/store/keys.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { type Call, isAllowed } from '../../helpers/iam.js';
import { connections, permissions, statementsOf } from '../../helpers/stack-rules.js';
import { listOf, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

const ORIGIN = 'https://callback.internal:8443';
const ALL = synthesize('dev', CHOICES.console);
const SMALL = synthesize('dev', { console: { clientCidrs: ['172.20.0.0/16'] } });
const NAMES = namesOf('fireblocks', 'dev');

/** The environment variables of a stack's container. */
function environmentOf(stacks: Synthesized, stack: 'callback' | 'console'): Readonly<Record<string, string>> {
  const [task] = stacks.resources('AWS::ECS::TaskDefinition', stack);
  const [container] = task?.Properties['ContainerDefinitions'] as Json[];
  const variables = (container?.['Environment'] ?? []) as { Name: string; Value: unknown }[];
  return Object.fromEntries(variables.map(({ Name, Value }) => [Name, toText(Value)]));
}

t.test('without the setting, there is no console, and the handler knows none', (t) => {
  const stacks = synthesize();
  t.strictSame(
    stacks.stacks.map(({ name }) => name),
    ['foundation', 'security', 'image', 'callback'],
  );
  for (const { name, json } of stacks.stacks.filter(({ name }) => name !== 'security')) {
    // The load balancer's second group admits nobody.
    const text = JSON.stringify(json).replaceAll('ConsoleLoadBalancer', '');
    t.notMatch(text.replace('for those who use the console', ''), /console|8443/i, name);
  }
  t.end();
});

t.test('Co-signer and clients each reach their own port, and nobody else reaches one', (t) => {
  const handler = connections(synthesize());
  const added = (changes: Json) => {
    const found = connections(synthesize('dev', changes));
    t.strictSame(
      handler.filter((line) => !found.includes(line)),
      [],
      'the handler keeps its connections',
    );
    return found.filter((line) => !handler.includes(line));
  };
  const always = [
    'ConsoleLoadBalancer -> ConsoleTask tcp 3001',
    'ConsoleTask -> Endpoints tcp 443',
    'ConsoleTask -> pl-61a54008 tcp 443 (out only)',
    'ConsoleTask -> pl-78a54011 tcp 443 (out only)',
  ];
  t.strictSame(
    added({ console: { clientCidrs: ['172.20.0.0/16'] } }),
    [...always, '172.20.0.0/16 -> ConsoleLoadBalancer tcp 8443 (in only)'].sort(),
  );
  t.strictSame(
    added(CHOICES.console),
    [
      ...always,
      '172.20.0.0/16 -> ConsoleLoadBalancer tcp 8443 (in only)',
      'sg-0a1b2c3d4e5f60718 -> ConsoleLoadBalancer tcp 8443 (in only)',
      'ConsoleHost -> ConsoleLoadBalancer tcp 8443',
      'ConsoleHost -> Endpoints tcp 443',
      'ConsoleTask -> 0.0.0.0/0 tcp 443 (out only)',
    ].sort(),
  );
  t.end();
});

t.test('the load balancer is in both groups, and the console only in its own', (t) => {
  const groups = (stacks: Synthesized): number => {
    const [loadBalancer] = stacks.resources('AWS::ElasticLoadBalancingV2::LoadBalancer');
    return listOf(loadBalancer?.Properties['SecurityGroups']).length;
  };
  t.equal(groups(synthesize()), 2, 'so that turning the console on does not change the load balancer');
  t.equal(groups(ALL), 2);
  const [service] = ALL.resources('AWS::ECS::Service', 'console');
  t.match(JSON.stringify(service), /"SecurityGroups":\[\{"Fn::GetAtt":\["ConsoleTask\w+","GroupId"\]\}\]/);
  t.end();
});

t.test('a second port of the load balancer serves the console alone, with the same certificate', (t) => {
  const console = ALL.template('console');
  console.resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
  console.hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', {
    Port: 8443,
    Protocol: 'HTTPS',
    SslPolicy: Match.stringLikeRegexp('^ELBSecurityPolicy-TLS13-1-2-'),
    Certificates: [{ CertificateArn: { Ref: 'CertificateArn' } }],
    DefaultActions: [{ Type: 'forward', TargetGroupArn: { Ref: Match.stringLikeRegexp('^TargetGroup') } }],
  });
  console.hasResourceProperties('AWS::ElasticLoadBalancingV2::TargetGroup', {
    Name: 'callback-console-tg-dev',
    Port: 3001,
    Protocol: 'HTTP',
    TargetType: 'ip',
    HealthCheckPath: '/health',
  });
  ALL.template('callback').resourceCountIs('AWS::ElasticLoadBalancingV2::Listener', 1);
  ALL.template('callback').hasResourceProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 443 });
  t.end();
});

t.test(
  'a certificate that ACM issues is the same for both ports, and belongs to the stack of the handler',
  (t) => {
    const stacks = synthesize('dev', { ...CHOICES.console, ...CHOICES.certificateByAcm });
    stacks.template('console').resourceCountIs('AWS::CertificateManager::Certificate', 0);
    stacks.template('callback').resourceCountIs('AWS::CertificateManager::Certificate', 1);
    const [listener] = stacks.resources('AWS::ElasticLoadBalancingV2::Listener', 'console');
    const [used] = listener?.Properties['Certificates'] as { CertificateArn: unknown }[];
    t.match(toText(used?.CertificateArn), /Certificate/);
    t.end();
  },
);

t.test('the task runs the console of the same image, as confined as the handler', (t) => {
  const container = (stack: 'callback' | 'console'): Json => {
    const [task] = ALL.resources('AWS::ECS::TaskDefinition', stack);
    return (task?.Properties['ContainerDefinitions'] as Json[])[0] ?? {};
  };
  const found = container('console');
  t.strictSame(found['EntryPoint'], ['node', 'dist/console.js']);
  t.equal(toText(found['Image']), toText(container('callback')['Image']));
  for (const key of ['User', 'ReadonlyRootFilesystem', 'LinuxParameters', 'StopTimeout'])
    t.strictSame(found[key], container('callback')[key], key);
  t.strictSame((found['HealthCheck'] as Json)['Command'], ['CMD', 'node', 'dist/healthcheck.js', '3001']);
  t.match(readFileSync(join(ROOT, 'Dockerfile'), 'utf8'), '\nCOPY --from=build /app/dist dist\n');
  t.match(ALL.resources('AWS::ECS::Service', 'console')[0]?.Properties['EnableExecuteCommand'], undefined);
  t.end();
});

t.test('its size is that of the environment, up to half a vCPU', (t) => {
  for (const [environment, cpu, memory] of [
    ['dev', '256', '512'],
    ['staging', '512', '1024'],
    ['prod', '512', '1024'],
  ] as const) {
    const template = synthesize(environment, CHOICES.console).template('console');
    template.hasResourceProperties('AWS::ECS::TaskDefinition', { Cpu: cpu, Memory: memory });
  }
  const two = synthesize('dev', { console: { host: true, desiredCount: 2 } }).template('console');
  two.hasParameter('DesiredCount', { Default: 2 });
  t.end();
});

t.test('the console knows policy, store and whom to notify, but no key and no emergency stop', (t) => {
  const found = environmentOf(ALL, 'console');
  t.strictSame(Object.keys(found).sort(), [
    'CONSOLE_ORIGIN',
    'CONSOLE_PORT',
    'NOTIFY_TOPIC',
    'NOTIFY_WEBHOOK',
    'NOTIFY_WEBHOOK_SECRET_PARAMETER',
    'POLICY_BUCKET',
    'POLICY_CANDIDATE_PARAMETER',
    'POLICY_PARAMETER',
    'SHUTDOWN_TIMEOUT_MS',
    'STORE_ARCHIVE',
    'STORE_RETENTION_DAYS',
    'STORE_TABLE',
  ]);
  t.match(found, {
    CONSOLE_ORIGIN: ORIGIN,
    CONSOLE_PORT: '3001',
    NOTIFY_WEBHOOK: 'https://hooks.example.com/approvals',
    NOTIFY_WEBHOOK_SECRET_PARAMETER: '/fireblocks/dev/webhook-secret',
  });
  t.equal(environmentOf(SMALL, 'console')['NOTIFY_WEBHOOK'], undefined);
  const handler = environmentOf(ALL, 'callback');
  t.equal(handler['CONSOLE_ORIGIN'], ORIGIN, 'the handler verifies signatures for the same origin');
  t.equal(handler['CONSOLE_PORT'], undefined, 'the handler serves no console');
  for (const shared of ['POLICY_PARAMETER', 'STORE_ARCHIVE', 'STORE_RETENTION_DAYS'])
    t.equal(found[shared]?.replace(/^<[^>]+>/, ''), handler[shared]?.replace(/^<[^>]+>/, ''), shared);
  const signed = synthesize('dev', { ...CHOICES.console, ...CHOICES.signers, ...CHOICES.policyInImage });
  t.match(environmentOf(signed, 'console'), { POLICY_FILE: 'policy.yaml', POLICY_QUORUM: '2' });
  t.end();
});

const arn = (service: string, resource: string): string =>
  `arn:aws:${service}:ap-northeast-1:<AWS::AccountId>:${resource}`;
const parameter = (name: string): string => arn('ssm', `parameter${name}`);
const statements = statementsOf(ALL, 'TaskRole', 'console');
/** What the templates call the table, the keys and the topic. */
const resourceOf = (action: string): string =>
  toText(
    listOf(statements.find(({ Action }) => listOf(Action).includes(action))?.Resource).find(
      (one) => toText(one) !== '*',
    ),
  );
const may = (call: Call): boolean => isAllowed(statements, call);

t.test('its role writes the decisions of people, and nothing else in the store', (t) => {
  const resource = resourceOf('dynamodb:PutItem');
  const write = (action: string, ...keys: readonly string[]): boolean =>
    may({ action, resource, context: { 'dynamodb:LeadingKeys': keys } });
  const person = personKey('0'.repeat(64), 'alice').partition;
  const held = heldKey('transaction', 'a-request', '0'.repeat(64)).partition;
  const others = ['A#x', 'B#x', 'E#x', HEADS, 'L#x', recordPartition('x'), 'T#x', 'U#x', WAITING, held, 'P'];
  for (const action of TABLE_WRITE_ACTIONS) {
    t.ok(write(action, person), `${action} ${person}`);
    t.ok(write(action, `${PEOPLE_PREFIX}console`), action);
    for (const key of others) {
      t.notOk(write(action, key), `${action} ${key}`);
      t.notOk(write(action, person, key), `${action} ${key} together with a decision`);
    }
    t.notOk(write(action), `${action} without a key`);
  }
  for (const action of ['UpdateItem', 'BatchWriteItem', 'Scan', 'DeleteTable', 'UpdateTable'])
    t.notOk(write(`dynamodb:${action}`, person), action);
  for (const action of ['BatchGetItem', 'Query', 'ConditionCheckItem'])
    t.ok(may({ action: `dynamodb:${action}`, resource }), action);
  t.end();
});

t.test('its role reads policy, candidate and the secret of the webhook, but no key of the handler', (t) => {
  const { parameters, console } = NAMES;
  const key = resourceOf('kms:Decrypt');
  const access = (name: string): readonly boolean[] => [
    ...['GetParameters', 'GetParameter', 'GetParameterHistory', 'GetParametersByPath'].map((action) =>
      may({ action: `ssm:${action}`, resource: parameter(name) }),
    ),
    may({
      action: 'kms:Decrypt',
      resource: key,
      context: { 'kms:EncryptionContext:PARAMETER_ARN': parameter(name) },
    }),
  ];
  for (const name of [parameters.policy, parameters.policyCandidate, console.webhookSecret])
    t.strictSame(access(name), [true, false, false, false, true], name);
  for (const name of [parameters.callbackPrivateKey, parameters.cosignerPublicKey, parameters.policyStop])
    t.strictSame(access(name), [false, false, false, false, false], name);
  t.notOk(may({ action: 'kms:Decrypt', resource: key }), 'without a context');
  const denied = permissions(ALL, 'TaskRole', 'console').filter((line) => line.startsWith('not '));
  for (const name of [parameters.callbackPrivateKey, parameters.cosignerPublicKey])
    t.ok(denied.includes(`not ssm:GetParameters ${parameter(name)}`), 'denied, not just not allowed');

  const small = permissions(SMALL, 'TaskRole', 'console');
  t.notMatch(small.join('\n'), 'webhook-secret', 'no secret without a webhook');
  const image = synthesize('dev', { ...CHOICES.policyInImage, console: { host: true } });
  t.notMatch(
    permissions(image, 'TaskRole', 'console')
      .filter((line) => !line.startsWith('not '))
      .join('\n'),
    'ssm:',
  );
  t.end();
});

t.test('its role reads the archive and the policy bucket, and writes to no bucket', (t) => {
  const bucket = (purpose: string): string =>
    `arn:aws:s3:::fireblocks-dev-${purpose}-<AWS::AccountId>-ap-northeast-1`;
  t.ok(may({ action: 's3:GetObject', resource: `${bucket('archive')}/archive/heads/1` }));
  t.ok(may({ action: 's3:GetObject', resource: `${bucket('policy')}/policies/1.yaml` }));
  const found = permissions(ALL, 'TaskRole', 'console').filter((line) => line.startsWith('s3:'));
  t.strictSame(found, [
    `s3:GetObject ${bucket('archive')}/archive/*`,
    `s3:GetObject ${bucket('policy')}/*`,
    `s3:GetObjectVersion ${bucket('policy')}/*`,
    `s3:ListBucket ${bucket('archive')}`,
    `s3:ListBucket ${bucket('policy')}`,
  ]);
  const usesKey = permissions(ALL, 'TaskRole', 'console').filter((line) => line.includes('kms:Generate'));
  t.equal(usesKey.length, 1, 'only to publish to its topic');
  t.end();
});

t.test('its role publishes to one topic, which is encrypted, and whose addresses the settings list', (t) => {
  const publishing = permissions(ALL, 'TaskRole', 'console').filter((line) => line.startsWith('sns:'));
  t.match(publishing, [/^sns:Publish <Holds\w+>$/]);
  t.equal(publishing.length, 1);
  const console = ALL.template('console');
  console.hasResourceProperties('AWS::SNS::Topic', {
    TopicName: 'fireblocks-dev-holds',
    KmsMasterKeyId: Match.anyValue(),
  });
  console.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'treasury@example.com',
  });
  SMALL.template('console').resourceCountIs('AWS::SNS::Subscription', 0);
  t.end();
});

t.test('Fargate writes the log of the console to its own group', (t) => {
  const found = permissions(ALL, 'ExecutionRole', 'console').filter((line) => line.startsWith('logs:'));
  const streams = arn('logs', 'log-group:/ecs/callback-handler-console/dev:log-stream:*');
  t.strictSame(found, [`logs:CreateLogStream ${streams}`, `logs:PutLogEvents ${streams}`]);
  for (const [environment, days, deletion] of [
    ['dev', 7, 'Delete'],
    ['prod', 400, 'RetainExceptOnCreate'],
  ] as const) {
    const [log] = synthesize(environment, CHOICES.console).resources('AWS::Logs::LogGroup', 'console');
    t.match(log, { Properties: { RetentionInDays: days }, DeletionPolicy: deletion });
    t.ok(log?.Properties['KmsKeyId']);
  }
  t.end();
});

t.test('the host has no rule for incoming traffic, no public address and only Session Manager', (t) => {
  const [instance] = ALL.resources('AWS::EC2::Instance', 'console');
  t.match(instance?.Properties, {
    InstanceType: 't4g.nano',
    MetadataOptions: { HttpTokens: 'required' },
    BlockDeviceMappings: [{ Ebs: { Encrypted: true } }],
    NetworkInterfaces: [{ AssociatePublicIpAddress: false }],
  });
  t.notOk(connections(ALL).some((line) => line.includes('-> ConsoleHost')));
  t.strictSame(permissions(ALL, 'HostRole', 'console'), [
    'ssm:UpdateInstanceInformation *',
    'ssmmessages:CreateControlChannel *',
    'ssmmessages:CreateDataChannel *',
    'ssmmessages:OpenControlChannel *',
    'ssmmessages:OpenDataChannel *',
  ]);
  SMALL.template('console').resourceCountIs('AWS::EC2::Instance', 0);
  t.end();
});

t.test('only the endpoints that the console needs are added, with what it uses', (t) => {
  const endpoints = (stacks: Synthesized): ReadonlyMap<string, string> =>
    new Map(
      stacks
        .resources('AWS::EC2::VPCEndpoint')
        .map(({ Properties }) => [
          String(Properties['ServiceName']).replace('com.amazonaws.ap-northeast-1.', ''),
          JSON.stringify(Properties['PolicyDocument']),
        ]),
    );
  const before = [...endpoints(synthesize()).keys()];
  t.strictSame(
    [...endpoints(SMALL).keys()].filter((name) => !before.includes(name)),
    ['sns'],
  );
  const all = endpoints(ALL);
  t.strictSame([...all.keys()].filter((name) => !before.includes(name)).sort(), ['sns', 'ssmmessages']);
  t.match(all.get('sns'), 'fireblocks-dev-holds');
  t.match(all.get('logs'), '/ecs/callback-handler-console/dev');
  t.match(all.get('ssm'), '/fireblocks/dev/webhook-secret');
  t.match(all.get('ssm'), 'ssm:UpdateInstanceInformation');
  t.notMatch(endpoints(SMALL).get('ssm'), /webhook-secret|UpdateInstanceInformation/);
  t.end();
});

t.test('a task that posts to a webhook is in the subnet with a route to the internet', (t) => {
  const subnets = (changes: Json): number => {
    const [service] = synthesize('dev', changes).resources('AWS::ECS::Service', 'console');
    const { AwsvpcConfiguration } = service?.Properties['NetworkConfiguration'] as Record<string, Json>;
    return listOf(AwsvpcConfiguration?.['Subnets']).length;
  };
  t.equal(subnets(CHOICES.console), 2);
  t.equal(subnets({ ...CHOICES.console, ...CHOICES.existingVpc, ...CHOICES.cosigner }), 2);
  t.equal(subnets({ ...CHOICES.console, ...CHOICES.cosigner }), 1);
  t.end();
});

t.test('the outputs name the address, the topic and the host', (t) => {
  const outputs = ALL.template('console').findOutputs('*');
  t.equal((outputs['ConsoleURL'] as { Value: string }).Value, ORIGIN);
  for (const name of ['HoldsTopicArn', 'ConsoleHostId', 'ConsoleServiceName', 'ConsoleLogGroupName'])
    t.ok(outputs[name], name);
  t.notOk('ConsoleHostId' in SMALL.template('console').findOutputs('*'));
  t.end();
});
