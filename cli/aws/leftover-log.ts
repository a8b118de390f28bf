// The log group of Container Insights, which writes it again after its deletion: the last numbers of a cluster arrive
// when its stack is gone, and the next creation of the stack would fail, because the name is taken.
import { DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { DeleteLogGroupCommand, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { isAwsError } from './error.js';
import type { Session } from './session.js';
import { isValidationError } from './stack.js';

type Client = Pick<Session, 'aws' | 'names'>;

/** Whether the log group exists, and belongs to no stack. */
export async function isLeftOver(session: Client): Promise<boolean> {
  const { logs } = session.aws;
  const name = session.names.logGroups.containerInsights;
  const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
  if (!logGroups.some(({ logGroupName }) => logGroupName === name)) return false;
  return !(await belongsToStack(session, name));
}

/** Whether a resource belongs to a stack that exists. */
export async function belongsToStack({ aws }: Client, physicalId: string): Promise<boolean> {
  try {
    const { StackResources = [] } = await aws.cloudformation.send(
      new DescribeStackResourcesCommand({ PhysicalResourceId: physicalId }),
    );
    return StackResources.some(
      ({ PhysicalResourceId, ResourceStatus }) =>
        PhysicalResourceId === physicalId && !/^DELETE_(COMPLETE|SKIPPED)$/.test(ResourceStatus ?? ''),
    );
  } catch (error) {
    if (isValidationError(error, 'does not exist')) return false;
    throw error;
  }
}

/** Deletes the log group if it belongs to no stack. @returns whether it did */
export async function deleteLeftOver(session: Client): Promise<boolean> {
  if (!(await isLeftOver(session))) return false;
  try {
    const logGroupName = session.names.logGroups.containerInsights;
    await session.aws.logs.send(new DeleteLogGroupCommand({ logGroupName }));
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
  }
  return true;
}
