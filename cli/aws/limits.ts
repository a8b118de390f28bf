// Explains what a new account or its quotas do not allow: from the error of a call, or a stack's reason of failure.

interface Limit {
  /** Matches the error's name and message, as in `AccountLimitExceededException: Cannot have …`. */
  readonly pattern: RegExp;
  readonly code: 'QUOTA_REACHED' | 'ACCOUNT_NOT_READY' | 'AWS_BUSY';
  /** What happened, in place of AWS's own message. */
  readonly message?: string;
  readonly next: string;
}

const QUOTAS = 'AWS console, Service Quotas';

/** The first entry that matches is used. */
const LIMITS: readonly Limit[] = [
  {
    pattern: /Cannot have more than 0 builds/i,
    code: 'QUOTA_REACHED',
    message: 'this account may run no CodeBuild build yet, as is usual for a new account',
    next: `ask for a higher quota (${QUOTAS}, AWS CodeBuild, "Concurrently running builds" for Small environments), or ask AWS Support; meanwhile, build on this machine with --build local`,
  },
  {
    pattern: /Cannot have more than \d+ builds/i,
    code: 'AWS_BUSY',
    message: "the account's CodeBuild builds are all in use",
    next: 'run the same command again when another build has ended, or build on this machine with --build local',
  },
  {
    pattern: /maximum number of VPCs|VpcLimitExceeded/i,
    code: 'QUOTA_REACHED',
    next: `delete a VPC that is not in use, ask for a higher quota (${QUOTAS}, Amazon VPC, "VPCs per Region"), or use an existing VPC with "network" in the settings`,
  },
  {
    pattern: /maximum number of addresses|AddressLimitExceeded/i,
    code: 'QUOTA_REACHED',
    next: `release an address that is not in use, or ask for a higher quota (${QUOTAS}, Amazon EC2, "EC2-VPC Elastic IPs")`,
  },
  {
    pattern: /Maximum policy size of \d+ bytes exceeded/i,
    code: 'QUOTA_REACHED',
    next: 'shorten names and lists in the settings: IAM does not raise this limit',
  },
  {
    pattern: /limit on the number of vCPUs|vCPU limit|VcpuLimitExceeded/i,
    code: 'QUOTA_REACHED',
    next: `ask for a higher quota (${QUOTAS}: AWS Fargate, "Fargate On-Demand vCPU resource count", or Amazon EC2, "Running On-Demand Standard instances")`,
  },
  {
    // New accounts have a limit of 10, all of which must stay unreserved (AWS Lambda, "Understanding Lambda function scaling").
    pattern: /UnreservedConcurrentExecution/i,
    code: 'QUOTA_REACHED',
    next: `ask for a higher quota (${QUOTAS}, AWS Lambda, "Concurrent executions"), which a new account needs; or reserve and provision less with "lambda" in the settings, such as {"provisionedConcurrency": 0}`,
  },
  {
    pattern:
      /account currently does not support creating load balancers|account (is|was) (currently )?blocked|BlockedException|PendingVerification/i,
    code: 'ACCOUNT_NOT_READY',
    next: 'AWS has not verified this account yet: wait for its e-mail, or open a case with AWS Support (Account and billing, which is free)',
  },
  {
    pattern:
      /OptInRequired|SubscriptionRequired|needs a subscription for the service|not subscribed to this service/i,
    code: 'ACCOUNT_NOT_READY',
    next: 'complete the registration of the account (payment method and phone number), and enable the region (aws account get-region-opt-status --region-name REGION); both can take hours',
  },
  {
    pattern: /service[- ]linked role/i,
    code: 'ACCOUNT_NOT_READY',
    next: 'run the same command again in a minute: the first use of a service creates its role. If that fails too, an administrator creates it: aws iam create-service-linked-role --aws-service-name ecs.amazonaws.com (or the service that the message names)',
  },
  {
    pattern:
      /LimitExceeded|QuotaExceeded|TooMany(Buckets|LoadBalancers|TargetGroups|Listeners|Rules|Certificates)|(limit|quota) (has been |is |was )?(reached|exceeded)|exceeds? the (limit|quota)/i,
    code: 'QUOTA_REACHED',
    next: `delete what is not in use, or ask for a higher quota (${QUOTAS})`,
  },
];

/** Throttling, whose names look like those of quotas. */
const THROTTLED = /RequestLimitExceeded|Throttl|Rate exceeded|TooManyRequests/i;

/** @returns undefined if the account and its quotas are not the cause */
export function findLimit(text: string): Omit<Limit, 'pattern'> | undefined {
  return THROTTLED.test(text) ? undefined : LIMITS.find(({ pattern }) => pattern.test(text));
}
