// The AWS clients for the operator commands, with one region and one set of credentials.
import { ACMClient } from '@aws-sdk/client-acm';
import { APIGatewayClient } from '@aws-sdk/client-api-gateway';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { ConfigServiceClient } from '@aws-sdk/client-config-service';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { Route53Client } from '@aws-sdk/client-route-53';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

export type Aws = ReturnType<typeof clientsFor>;

const CONNECTION_TIMEOUT_MS = 10_000;
/** Longer than any single call, because slow operations are polled. */
const REQUEST_TIMEOUT_MS = 120_000;
const MAX_ATTEMPTS = 5;

/** @param region defaults to the region from the AWS environment or profile */
export function clientsFor(region?: string) {
  hideVersionWarning();
  const common = {
    ...(region !== undefined && { region }),
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // By default the SDK only logs a warning.
      throwOnRequestTimeout: true,
    },
  };
  const sts = new STSClient(common);
  // Resolved once, so that the operator is asked for a second factor once.
  const config = { ...common, credentials: sts.config.credentials };
  const clients = {
    sts,
    acm: new ACMClient(config),
    apigateway: new APIGatewayClient(config),
    autoscaling: new ApplicationAutoScalingClient(config),
    cloudformation: new CloudFormationClient(config),
    cloudtrail: new CloudTrailClient(config),
    cloudwatch: new CloudWatchClient(config),
    codebuild: new CodeBuildClient(config),
    configService: new ConfigServiceClient(config),
    dynamodb: new DynamoDBClient(config),
    ec2: new EC2Client(config),
    ecr: new ECRClient(config),
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    iam: new IAMClient(config),
    lambda: new LambdaClient(config),
    logs: new CloudWatchLogsClient(config),
    route53: new Route53Client(config),
    // An emulator does not provide host names such as bucket.localhost.
    s3: new S3Client({ ...config, forcePathStyle: isEmulated() }),
    sns: new SNSClient(config),
    ssm: new SSMClient(config),
  };
  for (const client of Object.values(clients)) nameFailedCalls(client as unknown as AnyClient);
  return clients;
}

type Handler = (args: unknown) => Promise<unknown>;
type Middleware = (next: Handler, context: { clientName?: string; commandName?: string }) => Handler;
/** What all clients have in common. Their types differ, because each has its own requests and responses. */
interface AnyClient {
  readonly middlewareStack: { add(middleware: Middleware): void };
}

/** Adds the service and the operation to errors as `call`, such as `SSM GetParameter`: the SDK's have neither. */
function nameFailedCalls({ middlewareStack }: AnyClient): void {
  middlewareStack.add((next, { clientName = '', commandName = '' }) => async (args) => {
    try {
      return await next(args);
    } catch (error) {
      const call = `${clientName.replace(/Client$/, '')} ${commandName.replace(/Command$/, '')}`;
      throw error instanceof Error ? Object.assign(error, { call }) : error;
    }
  });
}

/** Otherwise the SDK prints its Node.js version warning before a command's output. package.json states what is required. */
export function hideVersionWarning(): void {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
}

/** Uses the profile only: the SDK would prefer access keys in the environment, or warn about them. */
export function useProfile(profile: string): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
    Reflect.deleteProperty(process.env, name);
  }
  process.env['AWS_PROFILE'] = profile;
}

/** Whether the endpoint is an AWS emulator, which does not build images or run tasks. */
export function isEmulated(): boolean {
  const endpoint = process.env['AWS_ENDPOINT_URL'] ?? '';
  if (!URL.canParse(endpoint)) return false;
  return !/\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(new URL(endpoint).hostname);
}
