// Tests the foundation stack: network and VPC endpoints.
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { listOf, type Statement, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

const SERVICES = ['ecr.api', 'ecr.dkr', 'logs', 'ssm'];

/** For each service: its endpoint type, the subnets or route tables it is in, and the `action resources` it allows. */
function endpoints(stacks: Synthesized) {
  return Object.fromEntries(
    stacks.resources('AWS::EC2::VPCEndpoint').map(({ Properties }) => {
      const { Statement } = Properties['PolicyDocument'] as { Statement: Statement[] };
      return [
        String(Properties['ServiceName']).replace('com.amazonaws.ap-northeast-1.', ''),
        {
          type: Properties['VpcEndpointType'],
          places: listOf(Properties['SubnetIds'] ?? Properties['RouteTableIds']),
          allowed: Statement.flatMap(({ Action, Resource }) =>
            listOf(Action).map((action) => `${action} ${listOf(Resource).map(toText).join(' ')}`),
          ).sort(),
        },
      ];
    }),
  );
}

t.test('the VPC has two private subnets in two zones and no internet access', (t) => {
  const foundation = synthesize().template('foundation');
  foundation.hasResourceProperties('AWS::EC2::VPC', {
    CidrBlock: '10.0.0.0/16',
    EnableDnsHostnames: true,
    EnableDnsSupport: true,
  });
  foundation.resourceCountIs('AWS::EC2::Subnet', 2);
  for (const [cidr, zone] of [
    ['10.0.1.0/24', 'a'],
    ['10.0.2.0/24', 'c'],
  ] as const) {
    foundation.hasResourceProperties('AWS::EC2::Subnet', {
      CidrBlock: cidr,
      AvailabilityZone: { 'Fn::Sub': `\${AWS::Region}${zone}` },
      MapPublicIpOnLaunch: Match.absent(),
    });
  }
  for (const type of ['InternetGateway', 'NatGateway', 'Route', 'EIP']) {
    foundation.resourceCountIs(`AWS::EC2::${type}`, 0);
  }
  t.end();
});

t.test('a hosted Co-signer gets internet access from its subnet only', (t) => {
  const stacks = synthesize('dev', CHOICES.cosigner);
  const foundation = stacks.template('foundation');
  foundation.resourceCountIs('AWS::EC2::Subnet', 3);
  foundation.resourceCountIs('AWS::EC2::InternetGateway', 1);
  foundation.resourceCountIs('AWS::EC2::NatGateway', 1);
  const routes = stacks.resources('AWS::EC2::Route').map(({ Properties }) => {
    const { DestinationCidrBlock, RouteTableId, NatGatewayId, GatewayId } = Properties;
    return [toText(RouteTableId), DestinationCidrBlock, toText(NatGatewayId ?? GatewayId)].join(' ');
  });
  t.match(routes.sort(), [
    /^<PrivateARouteTable\w+> 0\.0\.0\.0\/0 <PublicNATGateway\w+>$/,
    /^<PublicRouteTable\w+> 0\.0\.0\.0\/0 <InternetGateway>$/,
  ]);
  t.equal(routes.length, 2);
  t.end();
});

t.test('each endpoint allows only the actions and resources in use', (t) => {
  const found = endpoints(synthesize());
  t.strictSame(Object.keys(found).sort(), [...SERVICES, 'dynamodb', 's3'].sort());
  const account = 'ap-northeast-1:<AWS::AccountId>';
  const pull = [
    `ecr:BatchCheckLayerAvailability arn:aws:ecr:${account}:repository/fireblocks-callback-dev`,
    `ecr:BatchGetImage arn:aws:ecr:${account}:repository/fireblocks-callback-dev`,
    'ecr:GetAuthorizationToken *',
    `ecr:GetDownloadUrlForLayer arn:aws:ecr:${account}:repository/fireblocks-callback-dev`,
  ];
  const parameter = `arn:aws:ssm:${account}:parameter/fireblocks/dev`;
  const policyBucket = 'arn:aws:s3:::fireblocks-dev-policy-<AWS::AccountId>-ap-northeast-1';
  const archive = 'arn:aws:s3:::fireblocks-dev-archive-<AWS::AccountId>-ap-northeast-1';
  const table = `arn:aws:dynamodb:${account}:table/fireblocks-dev-store`;
  t.strictSame(
    Object.fromEntries(Object.entries(found).map(([service, { allowed }]) => [service, allowed])),
    {
      ssm: [
        `ssm:GetParameters ${parameter}/jwt/callback-private-key ${parameter}/jwt/cosigner-public-key ${parameter}/policy ${parameter}/policy-candidate ${parameter}/policy-stop`,
      ],
      'ecr.api': pull,
      'ecr.dkr': pull,
      logs: [
        `logs:CreateLogStream arn:aws:logs:${account}:log-group:/ecs/callback-handler/dev:*`,
        `logs:PutLogEvents arn:aws:logs:${account}:log-group:/ecs/callback-handler/dev:*`,
      ],
      dynamodb: ['BatchGetItem', 'ConditionCheckItem', 'DeleteItem', 'PutItem', 'Query'].map(
        (action) => `dynamodb:${action} ${table}`,
      ),
      s3: [
        `s3:GetObject ${archive}/archive/*`,
        `s3:GetObject ${policyBucket}/*`,
        's3:GetObject arn:aws:s3:::prod-ap-northeast-1-starport-layer-bucket/*',
        `s3:GetObjectVersion ${policyBucket}/*`,
        `s3:ListBucket ${archive} ${policyBucket}`,
        `s3:PutObject ${archive}/archive/*`,
      ],
    },
  );
  t.end();
});

t.test('endpoints accept callers from other accounts only for public files from AWS and Fireblocks', (t) => {
  const open = synthesize('dev', CHOICES.cosigner)
    .resources('AWS::EC2::VPCEndpoint')
    .flatMap(({ Properties }) => (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement)
    .filter(({ Condition }) => Condition === undefined);
  t.strictSame(open.flatMap(({ Resource }) => listOf(Resource).map(toText)).sort(), [
    'arn:aws:s3:::al2023-repos-ap-northeast-1-de612dc2/*',
    'arn:aws:s3:::fb-certs/*',
    'arn:aws:s3:::prod-ap-northeast-1-starport-layer-bucket/*',
  ]);
  t.end();
});

t.test('interface endpoints are in one zone or in both', (t) => {
  for (const endpointZones of [1, 2]) {
    const found = endpoints(synthesize('dev', { network: { endpointZones } }));
    for (const service of SERVICES) {
      t.equal(found[service]?.type, 'Interface');
      t.equal(found[service]?.places.length, endpointZones, service);
    }
    for (const service of ['s3', 'dynamodb']) {
      t.equal(found[service]?.type, 'Gateway');
      t.equal(found[service]?.places.length, 2);
    }
  }
  t.end();
});

t.test('a hosted Co-signer gets endpoints for Session Manager and its bucket', (t) => {
  const found = endpoints(synthesize('dev', CHOICES.cosigner));
  t.strictSame(found['ssmmessages']?.allowed.length, 4);
  t.ok(found['ssm']?.allowed.includes('ssm:UpdateInstanceInformation *'));
  t.ok(
    found['s3']?.allowed.includes(
      's3:PutObject arn:aws:s3:::fireblocks-dev-cosigner-<AWS::AccountId>-ap-northeast-1/*',
    ),
  );
  t.end();
});

t.test('in an existing VPC, creates only the network resources that are missing', (t) => {
  const createdTypes = (changes: Record<string, unknown>): string[] =>
    Object.values(synthesize('dev', changes).template('foundation').toJSON()['Resources'] as object)
      .map(({ Type }: { Type: string }) => Type)
      .sort();
  t.strictSame(createdTypes(CHOICES.existingEndpoints), ['AWS::S3::Bucket', 'AWS::S3::BucketPolicy']);
  t.strictSame(createdTypes(CHOICES.existingVpc), [
    'AWS::EC2::SecurityGroup',
    ...Array.from({ length: 6 }, () => 'AWS::EC2::VPCEndpoint'),
    'AWS::S3::Bucket',
    'AWS::S3::BucketPolicy',
  ]);
  t.end();
});

t.test(
  'an output names the default security group of a new VPC, whose rules the deploy command removes',
  (t) => {
    const outputOf = (changes: Json) =>
      synthesize('dev', changes).stacks.find(({ name }) => name === 'foundation')?.json.Outputs?.[
        'DefaultSecurityGroup'
      ]?.Value;
    t.match(toText(outputOf({})), /^<Vpc\w*\.DefaultSecurityGroup>$/);
    t.equal(outputOf(CHOICES.existingVpc), undefined);
    t.end();
  },
);

t.test('the VPC writes flow logs to S3', (t) => {
  synthesize().template('foundation').hasResourceProperties('AWS::EC2::FlowLog', {
    ResourceType: 'VPC',
    TrafficType: 'ALL',
    LogDestinationType: 's3',
  });
  t.end();
});

t.test('the logs of the load balancer and of the network are kept for 400 days in prod', (t) => {
  for (const [environment, changes, days] of [
    ['dev', {}, 7],
    ['staging', {}, 30],
    ['prod', {}, 400],
    ['prod', { retentionDays: 3650 }, 400],
    ['prod', CHOICES.existingVpc, 400],
  ] as const) {
    const stacks = synthesize(environment, changes);
    const [bucket, ...others] = stacks.resources('AWS::S3::Bucket', 'foundation');
    t.strictSame(others, [], 'the only bucket of the stack');
    t.strictSame(
      bucket?.Properties['LifecycleConfiguration'],
      {
        Rules: [
          {
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
            ExpirationInDays: days,
            Status: 'Enabled',
          },
        ],
      },
      environment,
    );
    const [loadBalancer] = stacks.resources('AWS::ElasticLoadBalancingV2::LoadBalancer');
    const attributes = listOf(loadBalancer?.Properties['LoadBalancerAttributes']) as readonly Json[];
    const { Value } = attributes.find(({ Key }) => Key === 'access_logs.s3.bucket') ?? {};
    t.equal(toText(Value), '<FoundationLogs>', 'the load balancer writes to it');
  }
  t.end();
});
