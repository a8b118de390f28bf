// Takes a stack away with all that stands in the way: protections, and what is in buckets that go with it.
import { setTimeout as sleep } from 'node:timers/promises';
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { emptyBucket, openBucket } from './buckets.js';
import { deleteStack, deployedBody, type DeployedStack, type StackEvent } from './cloudformation.js';
import { DeployError } from './error.js';
import { unprotect } from './protection.js';
import type { Session } from './session.js';

/** Of a template. */
export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
}

const BUCKET = 'AWS::S3::Bucket';
/** Load balancers and buckets write their logs late. */
const LATE_ATTEMPTS = 6;
const LATE_MS = 10_000;

export interface StackResource extends Resource {
  readonly logicalId: string;
  /** Undefined if it was never made, or is gone. */
  readonly physicalId: string | undefined;
}

export async function resourcesOf(
  { aws }: Session,
  { stackId, stackName }: DeployedStack,
): Promise<readonly StackResource[]> {
  const { Resources = {} } = (await deployedBody(aws.cloudformation, stackName)) as {
    Resources?: Readonly<Record<string, Resource>>;
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

export function isKept({ DeletionPolicy = 'Delete' }: Resource): boolean {
  return DeletionPolicy.startsWith('Retain');
}

interface RemoveOptions {
  /** Whether a policy that lets nobody else into a bucket is taken away: it guards the Co-signer's database. */
  readonly openBuckets?: boolean;
  readonly report: (line: string) => void;
  readonly onEvent: (event: StackEvent) => void;
}

/** @throws {DeployError} if something of it can't be deleted */
export async function removeStack(
  session: Session,
  stack: DeployedStack,
  { openBuckets = false, report, onEvent }: RemoveOptions,
): Promise<void> {
  await unprotect(session, stack);
  const buckets = (await resourcesOf(session, stack))
    .filter((resource) => resource.Type === BUCKET && !isKept(resource))
    .flatMap(({ physicalId }) => physicalId ?? []);
  for (let attempt = 1; ; attempt++) {
    for (const bucket of buckets) {
      if (openBuckets) await openBucket(session, bucket);
      report(`${bucket}: ${await emptyBucket(session, bucket)} objects deleted`);
    }
    try {
      await deleteStack(session.aws.cloudformation, stack, onEvent);
      return;
    } catch (error) {
      const late = error instanceof DeployError && error.message.includes(BUCKET);
      if (!late || attempt === LATE_ATTEMPTS) throw error;
      report('something was written to the bucket meanwhile: once more');
      await sleep(LATE_MS);
    }
  }
}
