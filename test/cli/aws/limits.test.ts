// Tests that what a new account or a quota does not allow is distinguished from throttling, with what to do.
import t from 'tap';
import { DeployError } from '../../../cli/aws/error.js';
import { explainError } from '../../../cli/aws/explain.js';
import { findLimit } from '../../../cli/aws/limits.js';

function refusal(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } });
}

t.test("explains a call's error", (t) => {
  for (const [name, message, code, next] of [
    [
      'AccountLimitExceededException',
      'Cannot have more than 0 builds in queue for the account',
      'QUOTA_REACHED',
      /"Concurrently running builds".*--build local/,
    ],
    [
      'AccountLimitExceededException',
      'Cannot have more than 1 builds in queue for the account',
      'AWS_BUSY',
      /when another build has ended/,
    ],
    ['ServiceQuotaExceededException', 'too many', 'QUOTA_REACHED', /Service Quotas/],
    ['LimitExceededException', 'stack limit', 'QUOTA_REACHED', /delete what is not in use/],
    ['ParameterLimitExceeded', 'too many parameters', 'QUOTA_REACHED', /Service Quotas/],
    ['OptInRequired', 'You are not subscribed to this service', 'ACCOUNT_NOT_READY', /enable the region/],
    ['BlockedException', 'Your account was blocked', 'ACCOUNT_NOT_READY', /AWS Support/],
    [
      'InvalidParameterException',
      'Unable to assume the service linked role. Please verify that the ECS service linked role exists.',
      'ACCOUNT_NOT_READY',
      /create-service-linked-role --aws-service-name ecs\.amazonaws\.com/,
    ],
    [
      'InvalidParameterValueException',
      "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [10].",
      'QUOTA_REACHED',
      /AWS Lambda, "Concurrent executions".*"provisionedConcurrency": 0/,
    ],
    ['RequestLimitExceeded', 'Request limit exceeded.', 'AWS_BUSY', /in a minute/],
    ['ThrottlingException', 'Rate exceeded', 'AWS_BUSY', /in a minute/],
    [
      'AccessDeniedException',
      'not authorized to perform iam:CreateServiceLinkedRole',
      'PERMISSION_MISSING',
      /ask/,
    ],
    ['ValidationError', 'something else', 'AWS_REFUSED', /fix the reported problem/],
  ] as const) {
    const explained = explainError(refusal(name, message), undefined);
    t.ok(explained instanceof DeployError);
    t.match(explained, { code, next }, `${name}: ${message}`);
  }
  t.match(
    explainError(
      refusal('AccountLimitExceededException', 'Cannot have more than 0 builds in queue'),
      undefined,
    ),
    { message: /may run no CodeBuild build yet, as is usual for a new account/ },
  );
  t.end();
});

t.test("explains a stack's reason of failure", (t) => {
  const handler = (message: string, code = 'GeneralServiceException'): string =>
    `Resource handler returned message: "${message} (Service: Ec2, Status Code: 400, Request ID: 1)" (RequestToken: 2, HandlerErrorCode: ${code})`;
  for (const [reason, next] of [
    [handler('The maximum number of VPCs has been reached.'), /"VPCs per Region".*existing VPC/],
    [handler('The maximum number of addresses has been reached.'), /Elastic IPs/],
    ['Maximum policy size of 10240 bytes exceeded for role x', /shorten names and lists/],
    [handler('x', 'ServiceLimitExceeded'), /Service Quotas/],
    [
      'This AWS account currently does not support creating load balancers. For more information, please contact AWS Support.',
      /AWS Support/,
    ],
    ["You've reached the limit on the number of vCPUs you can run concurrently", /Fargate On-Demand vCPU/],
    ['The AWS Access Key Id needs a subscription for the service', /registration of the account/],
    [handler('Unable to assume the service linked role.', 'InvalidRequest'), /creates its role/],
  ] as const) {
    t.match(findLimit(reason)?.next, next, reason);
  }
  t.equal(findLimit(handler('The CIDR is invalid')), undefined);
  t.equal(findLimit('Rate exceeded (Service: Elbv2, HandlerErrorCode: Throttling)'), undefined);
  t.end();
});
