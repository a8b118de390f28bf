// Schema for the settings file. It validates each setting individually; contradictions.ts checks settings that depend
// on each other.
import * as z from 'zod';
import { BASE_PATH } from '../../src/config.js';
import { basePath } from '../../src/config-values.js';
import { lambdaSetting } from './compute.js';
import { consoleSetting } from './console.js';
import { policySigners } from './signers.js';

const string = (pattern: RegExp, expected: string) =>
  z.string({ error: missingOr(`must be ${expected}`) }).regex(pattern, `must be ${expected}`);
const id = (prefix: string) =>
  string(new RegExp(`^${prefix}-[0-9a-f]{8,17}$`), `an id such as ${prefix}-0123456789abcdef0`);
const pair = <Item extends z.ZodType>(item: Item, expected: string) =>
  z.tuple([item, item], { error: missingOr(`must be ${expected}`) });
const oneOf = <const Values extends readonly string[]>(...values: Values) =>
  z.enum(values, { error: missingOr(`must be ${values.map((value) => `"${value}"`).join(' or ')}`) });

/** A label has at most 63 characters, a name 253 (RFC 1035). At least two labels are required. */
const DNS_NAME = /^(?=.{4,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;

export const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** The service reads keys and policy every 60 s, and accepts no limit below two intervals. */
const MIN_STALENESS_SECONDS = 120;

/**
 * Number of availability zones with interface endpoints. AWS charges for each endpoint in each zone.
 * @default 2 in prod, 1 elsewhere
 */
const endpointZones = z.literal([1, 2], { error: 'must be 1 or 2' });

const newNetwork = z.strictObject({
  /**
   * Address range for the VPC that is created. Its subnets are the first three /24 blocks.
   * @default 10.0.0.0/16
   */
  cidr: string(
    /^(10\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])|172\.(1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
    'a private range of size /16, such as 10.0.0.0/16',
  ).default('10.0.0.0/16'),
  endpointZones,
});

const LIST_OF_ROUTE_TABLES = 'must be a list of route tables';

const existingNetwork = z.strictObject({
  vpcId: id('vpc'),
  /** One subnet for each of `availabilityZones`, in the same order. */
  privateSubnetIds: pair(id('subnet'), 'a list of two subnets, one in each zone'),
  /** Whether to create the VPC endpoints or use existing ones. */
  endpoints: oneOf('create', 'existing'),
  /**
   * Route tables of the subnets. The S3 endpoint that is created adds its route to them.
   * @default - none; required with `"endpoints": "create"`
   */
  routeTableIds: z.array(id('rtb'), LIST_OF_ROUTE_TABLES).min(1, LIST_OF_ROUTE_TABLES).optional(),
  /**
   * Security group of the existing endpoints.
   * @default - none; required with `"endpoints": "existing"`
   */
  endpointSecurityGroupId: id('sg').optional(),
  /**
   * The existing endpoint of execute-api, at which the Co-signer calls the API.
   * @default - none; required with `"endpoints": "existing"` and `"front": "api"`
   */
  executeApiEndpointId: id('vpce').optional(),
  endpointZones,
});

const certificate = z.union(
  [
    // From a private CA. The ARN is a stack parameter.
    z.literal('private'),
    z.strictObject({
      arn: string(/^arn:aws[\w-]*:acm:[\w-]+:\d{12}:certificate\/[\w-]+$/, 'the ARN of a certificate in ACM'),
    }),
    // Issued by ACM, which validates the domain with a record in the public zone.
    z.strictObject({
      publicZone: z.strictObject({
        id: string(/^Z[A-Z0-9]{1,31}$/, 'the id of a hosted zone, Z…'),
        name: string(DNS_NAME, 'the domain name of the zone'),
      }),
    }),
  ],
  {
    error: missingOr(
      'must be "private", {"arn": "arn:aws:acm:…"} or {"publicZone": {"id": "Z…", "name": "example.com"}}',
    ),
  },
);

const CASES_EXPECTED = 'must be the path of a file with test cases, such as policy.cases.yaml';

const common = {
  /** Prefix of the names of stacks, buckets and parameters. */
  projectName: string(/^[a-z][a-z0-9-]{1,18}[a-z0-9]$/, '3 to 20 lowercase letters, digits and hyphens'),
  /** @default - the account of the AWS credentials at deployment */
  account: string(/^\d{12}$/, 'the 12 digits of an AWS account, in quotes').optional(),
  /**
   * The role that CloudFormation works with, so that an operator needs no permission to create resources.
   * @default - CloudFormation works with the operator's permissions
   */
  executionRoleArn: string(
    /^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/,
    'the ARN of an IAM role that cloudformation.amazonaws.com may assume',
  ).optional(),
  region: string(REGION, 'an AWS region such as ap-northeast-1'),
  availabilityZones: pair(
    string(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'a zone such as ap-northeast-1a'),
    'a list of two zones such as ["ap-northeast-1a", "ap-northeast-1c"]',
  ),
  /** The S3 prefix list in the region. Security group rules need it to allow image layers to be pulled from S3. */
  s3PrefixListId: id('pl'),
  /** The DynamoDB prefix list in the region. A security group rule needs it to allow the service to reach its store. */
  dynamodbPrefixListId: string(
    /^pl-[0-9a-f]{8,17}$/,
    'the id of DynamoDB\'s prefix list, pl-…, which "aws ec2 describe-managed-prefix-lists" shows',
  ),
  /**
   * What runs the handler: tasks of ECS on Fargate, or a Lambda function.
   * @default fargate
   */
  compute: oneOf('fargate', 'lambda').default('fargate'),
  /**
   * What the Co-signer calls: an internal load balancer with a private hostname, or a private REST API of API Gateway.
   * @default alb
   */
  front: oneOf('alb', 'api').default('alb'),
  /**
   * The function's concurrency.
   * @default - none with `"compute": "fargate"`
   */
  lambda: lambdaSetting.optional(),
  /**
   * The hostname at which the Co-signer calls the handler. A private hosted zone with exactly this name is created.
   * @default - none; not used with `"front": "api"`
   */
  hostName: string(DNS_NAME, 'a DNS name such as callback.internal'),
  /**
   * The format of requests and responses: signed JWTs, or plain JSON, which only the network authenticates.
   * @default jwt
   */
  auth: oneOf('jwt', 'json').default('jwt'),
  /**
   * The algorithm of the handler's own key, which signs the responses: RSA 2048 for RS256, P-256 for ES256. AWS Nitro
   * Co-signers accept ES256 from version 2026.08.19 on.
   * @default RS256
   */
  callbackKeyAlgorithm: oneOf('RS256', 'ES256').default('RS256'),
  /**
   * Path of the base URL that the Co-signer is given.
   * @default /callback
   */
  basePath: basePath.default(BASE_PATH),
  /**
   * The load balancer's certificate.
   * @default - none; not used with `"front": "api"`
   */
  certificate,
  /**
   * Whether to create a host for the Co-signer as well.
   * @default false
   */
  cosigner: z.boolean({ error: 'must be true or false' }).default(false),
  /**
   * The PCR8 value that the hosted Co-signer's enclave attests. Fireblocks publishes one for each of its environments.
   * @default - none; required with `"cosigner": true`
   */
  cosignerPcr8: string(/^[0-9a-f]{96}$/i, 'the PCR8 of the Co-signer, 96 hexadecimal digits').optional(),
  /**
   * Machine image for the hosted Co-signer.
   * @default - the latest Amazon Linux 2023; a newer one replaces the instance
   */
  cosignerImageId: id('ami').optional(),
  /**
   * Security group of a Co-signer that is already running in the VPC.
   * @default - a security group is created
   */
  cosignerSecurityGroupId: id('sg').optional(),
  /**
   * What the service does when the stored Co-signer keys are deleted or replaced by a value without a usable key: `keep`
   * the keys in force, or `refuse` every request.
   * @default keep
   */
  keyWithdrawal: oneOf('keep', 'refuse').default('keep'),
  /**
   * Seconds without a successful refresh of keys and policy after which every decision is RETRY.
   * @default - no limit
   */
  maxStalenessSeconds: z
    .int('must be a whole number of seconds')
    .min(MIN_STALENESS_SECONDS, `must be at least ${MIN_STALENESS_SECONDS}`)
    .max(86_400, 'must be at most 86400')
    .optional(),
  /**
   * Where the service reads the policy: the SSM parameter, which `npm run policy -- push` changes, or `policy.yaml` in
   * the image, which only a deployment changes.
   * @default parameter
   */
  policySource: oneOf('parameter', 'image').default('parameter'),
  /**
   * The file with the policy's test cases, relative to the root folder. `npm run policy -- push` runs them.
   * @default - none; `push` requires it in prod
   */
  policyCases: z.string({ error: CASES_EXPECTED }).min(1, CASES_EXPECTED).optional(),
  /**
   * Who must sign the policy: Ed25519 public keys by the name of the signer, and how many of them must have signed.
   * @default - none; the policy need not be signed
   */
  policySigners: policySigners.optional(),
  /**
   * The console in which people decide on the requests that a policy holds: who may reach it, and who is told.
   * @default - no console
   */
  console: consoleSetting.optional(),
  /**
   * Number of tasks, in both zones. With `maxCount`, the smallest number.
   * @default 2 in prod, 1 elsewhere
   */
  desiredCount: z.int('must be a whole number').min(0, 'must be at least 0').max(10, 'must be at most 10'),
  /**
   * The largest number of tasks, under load. If it is not greater than `desiredCount`, the number is never changed.
   * @default twice `desiredCount` in prod, `desiredCount` elsewhere
   */
  maxCount: z.int('must be a whole number').min(0, 'must be at least 0').max(20, 'must be at most 20'),
  /**
   * Whether the load balancer speaks TLS with the tasks, which make their certificate at start-up.
   * @default true in prod, false elsewhere
   */
  tlsToTask: z.boolean({ error: 'must be true or false' }),
  /**
   * How long the records of decisions are kept, in days. In prod, nobody can shorten it for what is archived already.
   * @default 400
   */
  retentionDays: z
    .int('must be a whole number of days')
    .min(1, 'must be at least 1')
    .max(3650, 'must be at most 3650')
    .default(400),
  /**
   * CPU architecture of the tasks and the image.
   * @default x86_64
   */
  architecture: oneOf('x86_64', 'arm64').default('x86_64'),
  /**
   * E-mail address that alarms are sent to.
   * @default - nobody is subscribed to the alarm topic
   */
  alarmEmail: z.email('must be an e-mail address').optional(),
};

/** Schema for settings that do not specify a VPC, so that one is created. */
export const settingsWithNewNetwork = z.strictObject({ ...common, network: newNetwork });
/** Schema for settings that specify an existing VPC. */
export const settingsWithExistingNetwork = z.strictObject({ ...common, network: existingNetwork });

export type Settings = z.infer<typeof settingsWithNewNetwork> | z.infer<typeof settingsWithExistingNetwork>;
export type ExistingNetwork = z.infer<typeof existingNetwork>;

/** Top-level keys of the settings file. */
export const SETTING_NAMES = [...Object.keys(common), 'network', 'environments'];
/** Keys of `network`. */
export const NETWORK_SETTING_NAMES = [
  ...Object.keys(newNetwork.shape),
  ...Object.keys(existingNetwork.shape),
];

/** Whether a key of `network` applies only to an existing VPC. */
export function isExistingNetworkKey(key: string): boolean {
  return !(key in newNetwork.shape) && key in existingNetwork.shape;
}

function missingOr(message: string) {
  return ({ input }: { input?: unknown }): string =>
    input === undefined ? `is missing: it ${message}` : message;
}
