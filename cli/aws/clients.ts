// The AWS clients that the operator's commands use, all with one region and one set of credentials.
import { ACMClient } from '@aws-sdk/client-acm';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuildClient } from '@aws-sdk/client-codebuild';
import { EC2Client } from '@aws-sdk/client-ec2';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { S3Client } from '@aws-sdk/client-s3';
import { SSMClient } from '@aws-sdk/client-ssm';
import { STSClient } from '@aws-sdk/client-sts';

export type Aws = ReturnType<typeof clientsFor>;

const CONNECTION_TIMEOUT_MS = 10_000;
/** No single call takes longer; what takes long is asked about again and again. */
const REQUEST_TIMEOUT_MS = 120_000;
const MAX_ATTEMPTS = 5;

/** @param region absent: that of the environment or of the profile */
export function clientsFor(region?: string) {
  // It would stand in front of every command's output; package.json says which Node.js is needed.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const common = {
    ...(region !== undefined && { region }),
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Otherwise it would only be warned of.
      throwOnRequestTimeout: true,
    },
  };
  const sts = new STSClient(common);
  // Found once, so that a second factor is asked for once.
  const config = { ...common, credentials: sts.config.credentials };
  return {
    sts,
    acm: new ACMClient(config),
    cloudformation: new CloudFormationClient(config),
    cloudwatch: new CloudWatchClient(config),
    codebuild: new CodeBuildClient(config),
    ec2: new EC2Client(config),
    ecr: new ECRClient(config),
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    logs: new CloudWatchLogsClient(config),
    // Names such as bucket.localhost lead nowhere.
    s3: new S3Client({ ...config, forcePathStyle: isEmulated() }),
    ssm: new SSMClient(config),
  };
}

/** Takes the profile alone: keys in the environment would otherwise come before it, or beside it with a warning. */
export function useProfile(profile: string): void {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN']) {
    Reflect.deleteProperty(process.env, name);
  }
  process.env['AWS_PROFILE'] = profile;
}

/** Whether what answers is not AWS but an emulator of it, which builds no image and runs no task. */
export function isEmulated(): boolean {
  const endpoint = process.env['AWS_ENDPOINT_URL'] ?? '';
  if (!URL.canParse(endpoint)) return false;
  return !/\.(amazonaws\.com(\.cn)?|api\.aws)$/.test(new URL(endpoint).hostname);
}
