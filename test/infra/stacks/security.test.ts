// Who reaches whom: the rules of all stacks as a graph. And what the roles of the task may do.
import t from 'tap';
import {
  CHOICES,
  type Json,
  listOf,
  type Statement,
  synthesize,
  type Synthesized,
  textOf,
} from '../../helpers/stacks.js';

/** One line for each way that both ends allow, and for each that only one end states. */
function ways(stacks: Synthesized): readonly string[] {
  const name = groupNames(stacks);
  const port = ({ IpProtocol, FromPort, ToPort }: Json) =>
    `${textOf(IpProtocol)} ${FromPort === ToPort ? textOf(FromPort) : `${textOf(FromPort)}-${textOf(ToPort)}`}`;
  const egress = stacks.resources('AWS::EC2::SecurityGroupEgress').map(({ Properties: rule }) => {
    const to = rule['DestinationSecurityGroupId'];
    const peer = to === undefined ? textOf(rule['CidrIp'] ?? rule['DestinationPrefixListId']) : name(to);
    return `${name(rule['GroupId'])} -> ${peer} ${port(rule)}`;
  });
  const ingress = stacks.resources('AWS::EC2::SecurityGroupIngress').map(({ Properties: rule }) => {
    const from = rule['SourceSecurityGroupId'];
    const peer = from === undefined ? textOf(rule['CidrIp'] ?? rule['SourcePrefixListId']) : name(from);
    return `${peer} -> ${name(rule['GroupId'])} ${port(rule)}`;
  });
  return [
    ...egress.filter((way) => ingress.includes(way)),
    ...egress.filter((way) => !ingress.includes(way)).map((way) => `${way} (out only)`),
    ...ingress.filter((way) => !egress.includes(way)).map((way) => `${way} (in only)`),
  ].sort();
}

/** Names a group, however it is referred to: from its own stack, or by what that exports. */
function groupNames({ stacks }: Synthesized): (reference: unknown) => string {
  const exported = new Map(
    stacks.flatMap(({ json }) =>
      Object.values(json.Outputs ?? {}).flatMap(({ Value, Export }) =>
        Export === undefined ? [] : [[Export.Name, textOf(Value)] as const],
      ),
    ),
  );
  return (reference) => {
    const text = textOf(reference);
    const attribute = exported.get(text.slice(1, -1)) ?? text;
    return /^<([A-Za-z]+?)[0-9A-F]{8}\.GroupId>$/.exec(attribute)?.[1] ?? attribute;
  };
}

const ALWAYS = [
  'Cosigner -> LoadBalancer tcp 443',
  'LoadBalancer -> Task tcp 3000',
  'Task -> Endpoints tcp 443',
  'Task -> pl-61a54008 tcp 443 (out only)',
];

t.test(
  'nobody but the Co-signer reaches the load balancer, nobody but that the task, which reaches endpoints alone',
  (t) => {
    t.strictSame(ways(synthesize(t)), ALWAYS);
    t.strictSame(ways(synthesize(t, 'prod', CHOICES.certificateByAcm)), ALWAYS);
    t.strictSame(ways(synthesize(t, 'dev', CHOICES.existingVpc)), ALWAYS);
    t.end();
  },
);

t.test('the hosted Co-signer also reaches endpoints, and Fireblocks', (t) => {
  t.strictSame(
    ways(synthesize(t, 'dev', CHOICES.cosigner)),
    [...ALWAYS, 'Cosigner -> 0.0.0.0/0 tcp 443 (out only)', 'Cosigner -> Endpoints tcp 443'].sort(),
  );
  t.end();
});

t.test('groups that exist are used in place of ours', (t) => {
  const settings = { ...CHOICES.existingEndpoints, cosignerSecurityGroupId: 'sg-0fedcba9876543210' };
  t.strictSame(
    ways(synthesize(t, 'dev', settings)),
    ALWAYS.map((way) =>
      way.replace('Cosigner', 'sg-0fedcba9876543210').replace('Endpoints', 'sg-0123456789abcdef0'),
    ).sort(),
  );
  t.end();
});

t.test('no rule stands inside a group, where the graph would not see it', (t) => {
  for (const { Properties } of synthesize(t, 'dev', CHOICES.cosigner).resources('AWS::EC2::SecurityGroup')) {
    t.equal(Properties['SecurityGroupIngress'], undefined);
    // What takes the place of "everything", which AWS would put there: an address that nobody has.
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

t.test('load balancer, task, endpoints and Co-signer are in their own group, and in no other', (t) => {
  const stacks = synthesize(t, 'dev', CHOICES.cosigner);
  const name = groupNames(stacks);
  const groupsOf = (type: string, key: string): string[] =>
    stacks.resources(type).flatMap(({ Properties }) => listOf(find(Properties, key)).map(name));
  t.strictSame(groupsOf('AWS::ElasticLoadBalancingV2::LoadBalancer', 'SecurityGroups'), ['LoadBalancer']);
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

/** Of the policies of the role whose logical id begins so. */
function statementsOf(stacks: Synthesized, role: string): readonly Statement[] {
  return stacks
    .resources('AWS::IAM::Policy')
    .filter(({ Properties }) => listOf(Properties['Roles']).some((one) => textOf(one).startsWith(`<${role}`)))
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement);
}

/** `action resource` for each. */
function permissions(stacks: Synthesized, role: string): readonly string[] {
  return statementsOf(stacks, role)
    .flatMap(({ Effect, Action, Resource }) => {
      t.equal(Effect, 'Allow');
      return listOf(Action).flatMap((action) => listOf(Resource).map((one) => `${action} ${textOf(one)}`));
    })
    .sort();
}

t.test('the task reads its three parameters, and decrypts nothing else', (t) => {
  const stacks = synthesize(t);
  const parameters = ['jwt/callback-private-key', 'jwt/cosigner-public-key', 'policy'].map(
    (name) => `arn:aws:ssm:ap-northeast-1:<AWS::AccountId>:parameter/fireblocks/dev/${name}`,
  );
  const found = permissions(stacks, 'TaskRole');
  t.match(found[0], /^kms:Decrypt <Key[0-9A-F]+\.Arn>$/);
  t.strictSame(
    found.slice(1),
    parameters.map((arn) => `ssm:GetParameters ${arn}`),
  );
  const decrypt = statementsOf(stacks, 'TaskRole').find(({ Action }) => Action === 'kms:Decrypt');
  const context = decrypt?.Condition?.['StringEquals'] as Record<string, unknown[]>;
  t.strictSame(context['kms:EncryptionContext:PARAMETER_ARN']?.map(textOf), parameters);

  // What the task is told to read is what it may read.
  const told = JSON.stringify(stacks.resources('AWS::ECS::TaskDefinition'));
  for (const arn of parameters) t.ok(told.includes(`"${arn.split(':parameter')[1] ?? ''}"`), arn);
  t.end();
});

t.test('Fargate pulls from the one repository, and writes to the one log group', (t) => {
  const account = 'ap-northeast-1:<AWS::AccountId>';
  const repository = `arn:aws:ecr:${account}:repository/fireblocks-callback-dev`;
  const streams = `arn:aws:logs:${account}:log-group:/ecs/callback-handler/dev:log-stream:*`;
  t.strictSame(permissions(synthesize(t), 'ExecutionRole'), [
    `ecr:BatchCheckLayerAvailability ${repository}`,
    `ecr:BatchGetImage ${repository}`,
    'ecr:GetAuthorizationToken *',
    `ecr:GetDownloadUrlForLayer ${repository}`,
    `logs:CreateLogStream ${streams}`,
    `logs:PutLogEvents ${streams}`,
  ]);
  t.end();
});

t.test('the key rotates, and serves logs and alarms of this account alone', (t) => {
  const stacks = synthesize(t);
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
  const groups = (ArnEquals['kms:EncryptionContext:aws:logs:arn'] as unknown[]).map(textOf);
  t.strictSame(
    groups.sort(),
    stacks
      .resources('AWS::Logs::LogGroup')
      .map(
        ({ Properties }) =>
          `arn:aws:logs:ap-northeast-1:<AWS::AccountId>:log-group:${textOf(Properties['LogGroupName'])}`,
      )
      .sort(),
  );
  t.end();
});
