// The tasks that delete an environment, in order.
import { DeleteCertificateCommand } from '@aws-sdk/client-acm';
import pRetry from 'p-retry';
import type { StackName } from '../../infra/names.js';
import type { Certificate } from '../aws/acm.js';
import { isAwsError } from '../aws/error.js';
import { deleteLeftOver } from '../aws/leftover-log.js';
import { deleteParameters } from '../aws/parameters.js';
import { removeStack } from '../aws/removal.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import type { Task } from '../progress.js';

/** After the load balancer is deleted, ACM still reports the certificate as in use for some time. */
const STILL_IN_USE = { retries: 5, minTimeout: 10_000, factor: 1 } as const;

interface NamedStack {
  readonly name: StackName;
  readonly stack: DeployedStack;
}

interface DeletionOptions {
  readonly certificates: readonly Certificate[];
  /** Whether the whole environment is deleted, with its parameters. */
  readonly everything: boolean;
}

/**
 * Certificates are deleted once the load balancer is gone, and parameters while the KMS key still exists. In prod,
 * parameters are kept.
 */
export function deletionTasks(
  session: Session,
  stacks: readonly NamedStack[],
  { certificates, everything }: DeletionOptions,
): readonly Task[] {
  const stackTasks = (...names: readonly StackName[]): readonly Task[] =>
    stacks.filter(({ name }) => names.includes(name)).map((stack) => deleteStackTask(session, stack));
  const parameters: Task = {
    title: 'Keys and policy in SSM',
    async run(report) {
      for (const name of await deleteParameters(session)) report(name);
    },
  };
  const leftOver: Task = {
    title: 'Log group of Container Insights',
    async run(report) {
      if (await deleteLeftOver(session)) report(session.names.logGroups.containerInsights);
    },
  };
  return [
    // Nothing calls the function any more when it is deleted.
    ...stackTasks('cosigner', 'console', 'api', 'callback', 'function'),
    ...certificates.map(({ arn }) => ({
      title: `Certificate ${arn}`,
      run: () => deleteCertificate(session, arn),
    })),
    ...(session.production || !everything ? [] : [parameters]),
    ...stackTasks('image', 'security', 'foundation'),
    // Last, because Container Insights writes it once more after the cluster is deleted.
    ...(session.production || !everything ? [] : [leftOver]),
  ];
}

function deleteStackTask(session: Session, { name, stack }: NamedStack): Task {
  return {
    title: `Stack ${stack.stackName}`,
    run: (report) =>
      removeStack(session, stack, {
        deleteBucketPolicies: name === 'cosigner',
        report,
        onEvent: ({ type, resource, status }) => report(`${type} ${resource} ${status}`),
      }),
  };
}

async function deleteCertificate({ aws }: Session, arn: string): Promise<void> {
  try {
    await pRetry(() => aws.acm.send(new DeleteCertificateCommand({ CertificateArn: arn })), {
      ...STILL_IN_USE,
      shouldRetry: ({ error }) => isAwsError(error, 'ResourceInUseException'),
    });
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
  }
}
