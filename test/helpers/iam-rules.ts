// What IAM checks for each operation of AWS that a command uses: actions, ARNs and condition keys. Follows the Service
// Authorization Reference. What a service does with the caller's permissions, such as decrypting, is checked as well.
import { PARTITION_ATTRIBUTE } from '../../src/store/table-definition.js';
import type { Call } from './iam.js';
import {
  ACCOUNT,
  all,
  anywhere,
  anywhereOf,
  arn,
  calls,
  type Input,
  list,
  type Rule,
  text,
  useKey,
} from './iam-rule.js';

/** The commands check these tags themselves before they change anything. */
const TAGGED = { 'aws:ResourceTag/Project': 'PROJECT', 'aws:ResourceTag/Environment': 'ENVIRONMENT' };
/** The tables of tests that do not deploy one. */
const TEST_TABLE = /^store-\d+$/;

const stack = calls('cloudformation', ({ StackName }) =>
  StackName === undefined
    ? ['*']
    : [text(StackName).startsWith('arn:') ? text(StackName) : `stack/${text(StackName)}/id`],
);

const passStackRole: Rule = ({ RoleARN }) =>
  RoleARN === undefined
    ? []
    : [
        {
          action: 'iam:PassRole',
          resource: text(RoleARN),
          context: { 'iam:PassedToService': 'cloudformation.amazonaws.com' },
        },
      ];

const parameters = calls('ssm', ({ Name, Names }) =>
  [...list(Name), ...list(Names)].map((name) =>
    // Amazon's own parameters belong to no account.
    name.startsWith('/aws/service/') ? `arn:aws:ssm:REGION::parameter${name}` : `parameter${name}`,
  ),
);

function parameterKey(action: (input: Input) => string | undefined): Rule {
  return (input, { region }) => {
    const used = action(input);
    // A plain parameter is not encrypted.
    if (used === undefined || text(input['Name']).endsWith('/callback-public-key')) return [];
    return [...list(input['Name']), ...list(input['Names'])].map((name) =>
      useKey(used, region, {
        'kms:EncryptionContext:PARAMETER_ARN': arn('ssm', region, `parameter${name}`),
      }),
    );
  };
}

const readParameters = all(
  parameters,
  parameterKey(({ WithDecryption }) => (WithDecryption === true ? 'Decrypt' : undefined)),
);

/** An advanced parameter, which values over 4 KB need, is encrypted with a data key. */
const MAX_STANDARD_BYTES = 4096;

const importedCertificate: Rule = ({ CertificateArn, Tags = [] }, { region }) => {
  const tags = Object.fromEntries(
    (Tags as { Key: string; Value: string }[]).map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]),
  );
  const resource = arn('acm', region, text(CertificateArn) || 'certificate/new');
  const context = CertificateArn === undefined ? tags : TAGGED;
  return [
    { action: 'acm:ImportCertificate', resource, context },
    ...(CertificateArn === undefined ? [{ action: 'acm:AddTagsToCertificate', resource, context }] : []),
  ];
};

const tableName = (name: string): string => (TEST_TABLE.test(name) ? 'PROJECT-ENVIRONMENT-store' : name);
const table = (name: unknown): string => `table/${tableName(text(name))}`;

/** DynamoDB decrypts the table's key with the caller's permissions. */
function tableKey(names: readonly string[], region: string): readonly Call[] {
  return names.map((name) =>
    useKey('Decrypt', region, {
      'kms:ViaService': `dynamodb.${region}.amazonaws.com`,
      'kms:EncryptionContext:aws:dynamodb:subscriberId': ACCOUNT,
      'kms:EncryptionContext:aws:dynamodb:tableName': tableName(name),
    }),
  );
}

const readTable = all(
  calls('dynamodb', ({ TableName, RequestItems = {} }) =>
    [...list(TableName), ...Object.keys(RequestItems as object)].map(table),
  ),
  ({ TableName, RequestItems = {} }, { region }) =>
    tableKey([...list(TableName), ...Object.keys(RequestItems as object)], region),
);

interface TransactItem {
  readonly TableName: string;
  readonly Item?: Readonly<Record<string, { readonly S?: string }>>;
  readonly Key?: Readonly<Record<string, { readonly S?: string }>>;
}

/** A transaction is authorized by the actions that it consists of. */
const writeTable: Rule = ({ TransactItems = [] }, { region }) =>
  (TransactItems as Readonly<Record<string, TransactItem>>[]).flatMap((entry) =>
    Object.entries(entry).flatMap(([kind, { TableName, Item, Key }]) => [
      {
        action: `dynamodb:${kind === 'ConditionCheck' ? 'ConditionCheckItem' : `${kind}Item`}`,
        resource: arn('dynamodb', region, table(TableName)),
        context: { 'dynamodb:LeadingKeys': (Item ?? Key)?.[PARTITION_ATTRIBUTE]?.S ?? '' },
      },
      ...tableKey([TableName], region),
    ]),
  );

const logGroup = calls('logs', ({ logGroupName, logStreamName }) => [
  `log-group:${text(logGroupName)}:${logStreamName === undefined ? '*' : `log-stream:${text(logStreamName)}`}`,
]);

const inCluster: Rule = (input, { action, region }) => [
  {
    action: `ecs:${action}`,
    resource: '*',
    context: { 'ecs:cluster': arn('ecs', region, `cluster/${text(input['cluster'])}`) },
  },
];

const service = calls('ecs', ({ cluster, service: one, services }) =>
  [...list(one), ...list(services)].map((name) => `service/${text(cluster)}/${name}`),
);

const zones =
  (action: string): Rule =>
  () => [{ action: `route53:${action}`, resource: '*' }];

const securityGroup = calls('ec2', ({ GroupId }) => [`security-group/${text(GroupId)}`]);

/** By the service in the signature, then by operation; `*` for all others. */
export const RULES: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  // Needs no permission.
  // The CDK's own command tries the role of a bootstrapped account, and continues without it.
  sts: { GetCallerIdentity: () => [], AssumeRole: () => [] },
  cloudformation: {
    '*': stack,
    CreateStack: all(stack, passStackRole),
    UpdateStack: all(stack, passStackRole),
    DeleteStack: all(stack, passStackRole),
    DetectStackDrift: all(stack, (input, request) =>
      stack(input, { ...request, action: 'DetectStackResourceDrift' }),
    ),
  },
  ssm: {
    DescribeParameters: anywhere('ssm'),
    GetParameter: readParameters,
    GetParameters: readParameters,
    GetParameterHistory: readParameters,
    DeleteParameter: parameters,
    DeleteParameters: parameters,
    PutParameter: all(
      parameters,
      parameterKey(({ Type, Value }) =>
        Type !== 'SecureString'
          ? undefined
          : Buffer.byteLength(text(Value), 'latin1') > MAX_STANDARD_BYTES
            ? 'GenerateDataKey'
            : 'Encrypt',
      ),
    ),
  },
  acm: {
    ListCertificates: anywhere('acm'),
    ListTagsForCertificate: calls('acm', ({ CertificateArn }) => [text(CertificateArn)]),
    DescribeCertificate: calls('acm', ({ CertificateArn }) => [text(CertificateArn)]),
    GetCertificate: calls('acm', ({ CertificateArn }) => [text(CertificateArn)]),
    ImportCertificate: importedCertificate,
    DeleteCertificate: calls('acm', ({ CertificateArn }) => [text(CertificateArn)], TAGGED),
  },
  dynamodb: {
    DescribeTable: calls('dynamodb', ({ TableName }) => [table(TableName)]),
    DescribeContinuousBackups: calls('dynamodb', ({ TableName }) => [table(TableName)]),
    BatchGetItem: readTable,
    Query: readTable,
    Scan: readTable,
    TransactWriteItems: writeTable,
  },
  ecs: {
    DescribeServices: service,
    UpdateService: service,
    ListTasks: inCluster,
    DescribeTasks: calls('ecs', ({ cluster, tasks }) =>
      list(tasks).map((task) => (task.startsWith('arn:') ? task : `task/${text(cluster)}/${task}`)),
    ),
    DescribeTaskDefinition: anywhere('ecs'),
    DescribeClusters: calls('ecs', ({ clusters }) => list(clusters).map((name) => `cluster/${name}`)),
  },
  ecr: {
    GetAuthorizationToken: anywhere('ecr'),
    DescribeRepositories: calls('ecr', ({ repositoryNames }) =>
      list(repositoryNames).map((name) => `repository/${name}`),
    ),
    '*': calls('ecr', ({ repositoryName }) => [`repository/${text(repositoryName)}`]),
  },
  codebuild: {
    BatchGetProjects: calls('codebuild', ({ names }) => list(names).map((name) => `project/${name}`)),
    BatchGetBuilds: calls('codebuild', ({ ids }) =>
      list(ids).map((id) => `project/${id.split(':')[0] ?? ''}`),
    ),
    '*': calls('codebuild', ({ projectName }) => [`project/${text(projectName)}`]),
  },
  logs: {
    FilterLogEvents: logGroup,
    GetLogEvents: logGroup,
    DeleteLogGroup: logGroup,
    DescribeLogGroups: anywhere('logs'),
  },
  monitoring: { DescribeAlarms: calls('cloudwatch', () => ['alarm:any']) },
  elasticloadbalancing: {
    ...anywhereOf('elasticloadbalancing', [
      ...['DescribeListeners', 'DescribeLoadBalancerAttributes', 'DescribeLoadBalancers'],
      ...['DescribeTargetGroups', 'DescribeTargetHealth'],
    ]),
    ModifyLoadBalancerAttributes: calls('elasticloadbalancing', ({ LoadBalancerArn }) => [
      text(LoadBalancerArn),
    ]),
  },
  ec2: {
    ...anywhereOf('ec2', [
      ...[
        'DescribeAvailabilityZones',
        'DescribeInstances',
        'DescribeInstanceAttribute',
        'DescribeInstanceTypeOfferings',
      ],
      ...['DescribeManagedPrefixLists', 'DescribeSecurityGroups', 'DescribeSecurityGroupRules'],
      ...['DescribeVpcAttribute', 'DescribeVpcEndpoints', 'DescribeVpcEndpointServices'],
    ]),
    RevokeSecurityGroupIngress: securityGroup,
    RevokeSecurityGroupEgress: securityGroup,
    ModifyInstanceAttribute: calls('ec2', ({ InstanceId }) => [`instance/${text(InstanceId)}`], TAGGED),
  },
  // By path, with `ID` for the id of a zone.
  route53: {
    'GET hostedzone/ID': zones('GetHostedZone'),
    'GET hostedzone/ID/rrset': zones('ListResourceRecordSets'),
    'GET hostedzonesbyname': zones('ListHostedZonesByName'),
    'GET hostedzonesbyvpc': all(zones('ListHostedZonesByVPC'), () => [
      { action: 'ec2:DescribeVpcs', resource: '*' },
    ]),
  },
  iam: {
    ListRoles: anywhere('iam'),
    CreateServiceLinkedRole: ({ AWSServiceName }) => [
      {
        action: 'iam:CreateServiceLinkedRole',
        resource: `arn:aws:iam::${ACCOUNT}:role/aws-service-role/${text(AWSServiceName)}/any`,
        context: { 'iam:AWSServiceName': text(AWSServiceName) },
      },
    ],
  },
  'application-autoscaling': {
    DescribeScalableTargets: anywhere('application-autoscaling'),
    RegisterScalableTarget: calls('application-autoscaling', () => ['scalable-target/any'], {
      'application-autoscaling:service-namespace': 'ecs',
    }),
  },
  sns: { '*': calls('sns', ({ TopicArn }) => [text(TopicArn)]) },
  kms: { '*': calls('kms', () => ['key/any']) },
  cloudtrail: { '*': anywhere('cloudtrail') },
  config: { '*': anywhere('config') },
};
