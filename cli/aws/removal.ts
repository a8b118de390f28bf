// Deletes a stack, after removing what prevents its deletion: protections, and objects in buckets that are deleted with
// it.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import pRetry from 'p-retry';
import { deleteBucketPolicy, emptyBucket } from './buckets.js';
import { deleteStack, StackNotDeletedError } from './cloudformation.js';
import { DeployError } from './error.js';
import { awsCommand } from './printed-commands.js';
import { setProtection } from './protection.js';
import type { Session } from './session.js';
import type { OnEvent } from './stack-events.js';
import { type DeployedStack, deployedTemplate, isValidationError } from './stack.js';

/** A resource in a template. */
interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
}

const BUCKET = 'AWS::S3::Bucket';
/** Load balancers and buckets deliver their last logs late, possibly to a bucket that has just been emptied. */
const LATE_LOGS = { retries: 5, minTimeout: 10_000, factor: 1 } as const;

export interface StackResource extends TemplateResource {
  readonly logicalId: string;
  /** Undefined if the resource was never created, or has been deleted. */
  readonly physicalId: string | undefined;
}

export async function resourcesOf(
  { aws }: Session,
  { stackId, stackName }: DeployedStack,
): Promise<readonly StackResource[]> {
  const { Resources = {} } = (await deployedTemplate(aws.cloudformation, stackName)) as {
    Resources?: Readonly<Record<string, TemplateResource>>;
  };
  const { StackResources = [] } = await aws.cloudformation.send(
    new DescribeStackResourcesCommand({ StackName: stackId }),
  );
  return Object.entries(Resources).map(([logicalId, resource]) => ({
    ...resource,
    logicalId,
    physicalId: StackResources.find(
      ({ LogicalResourceId, ResourceStatus }) =>
        LogicalResourceId === logicalId && ResourceStatus !== 'DELETE_COMPLETE',
    )?.PhysicalResourceId,
  }));
}

/** Whether the resource is retained when its stack is deleted. */
export function isKept({ DeletionPolicy = 'Delete' }: StackResource): boolean {
  return DeletionPolicy.startsWith('Retain');
}

interface RemoveOptions {
  /** Delete the bucket policies first, because the Co-signer's bucket policy denies access to everyone else. */
  readonly deleteBucketPolicies?: boolean;
  readonly report: (line: string) => void;
  readonly onEvent: OnEvent;
}

/** @throws {DeployError} if one of its resources can't be deleted */
export async function removeStack(
  session: Session,
  stack: DeployedStack,
  { deleteBucketPolicies = false, report, onEvent }: RemoveOptions,
): Promise<void> {
  await setProtection(session, stack, false);
  const buckets = (await resourcesOf(session, stack))
    .filter((resource) => resource.Type === BUCKET && !isKept(resource))
    .flatMap(({ physicalId, Properties }) =>
      physicalId === undefined
        ? []
        : [{ bucket: physicalId, bypassGovernance: Properties?.['ObjectLockEnabled'] === true }],
    );
  const emptyAndDelete = async (): Promise<void> => {
    for (const { bucket, bypassGovernance } of buckets) {
      if (deleteBucketPolicies) await deleteBucketPolicy(session, bucket);
      report(`${bucket}: ${await emptyBucket(session, bucket, { bypassGovernance })} objects deleted`);
    }
    await deleteStack(session, stack, onEvent);
  };
  await pRetry(emptyAndDelete, {
    ...LATE_LOGS,
    shouldRetry({ error }) {
      const late = error instanceof StackNotDeletedError && error.resourceType === BUCKET;
      if (late) report('new objects were written to the bucket: trying again');
      return late;
    },
  });
}

/** How to delete what has a fixed name, which the next creation needs. */
const DELETE_COMMANDS: Readonly<Record<string, (name: string) => string>> = {
  [BUCKET]: (name) => `s3 rb s3://${name} --force`,
  'AWS::DynamoDB::Table': (name) => `dynamodb delete-table --table-name ${name}`,
  'AWS::ECR::Repository': (name) => `ecr delete-repository --repository-name ${name} --force`,
  'AWS::Logs::LogGroup': (name) => `logs delete-log-group --log-group-name ${name}`,
};

/**
 * After a stack that was never complete is deleted in prod: CloudFormation keeps what its rollback could not delete.
 * This project does not delete it, because it can't distinguish it from what an earlier deployment has kept.
 * @throws {DeployError} with the commands that delete it
 */
export async function assertNothingKept(
  session: Session,
  { stackId, stackName }: DeployedStack,
): Promise<void> {
  const kept = (await deletedResources(session, stackId)).filter(
    ({ ResourceStatus, ResourceType = '' }) =>
      ResourceStatus === 'DELETE_SKIPPED' && DELETE_COMMANDS[ResourceType] !== undefined,
  );
  if (kept.length === 0) return;
  const commands = kept.flatMap(({ ResourceType = '', PhysicalResourceId = '' }) => {
    const command = DELETE_COMMANDS[ResourceType]?.(PhysicalResourceId);
    return command === undefined ? [] : [awsCommand(session, command)];
  });
  throw new DeployError(
    'NAMES_TAKEN',
    `${stackName} was deleted, but CloudFormation kept ${kept.map(({ PhysicalResourceId }) => PhysicalResourceId).join(', ')}`,
    'if nobody needs what they hold, delete them with the commands above',
    commands,
  );
}

async function deletedResources({ aws }: Session, stackId: string) {
  try {
    const command = new DescribeStackResourcesCommand({ StackName: stackId });
    return (await aws.cloudformation.send(command)).StackResources ?? [];
  } catch (error) {
    if (isValidationError(error, 'does not exist')) return [];
    throw error;
  }
}
