// Creates, updates and deletes CloudFormation stacks, and waits for the result.
import { randomUUID } from 'node:crypto';
import {
  CreateStackCommand,
  DeleteStackCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { DeployError } from './error.js';
import { findLimit } from './limits.js';
import type { Session } from './session.js';
import { type OnEvent, readEventIds, type StackEvent, type Watched, watchStack } from './stack-events.js';
import { type DeployedStack, describeStack, isValidationError, stateOf } from './stack.js';

type Client = Pick<Session, 'aws' | 'sleep' | 'settings'>;

export interface StackTemplate {
  readonly stackName: string;
  /** JSON; CloudFormation accepts up to 51,200 bytes. */
  readonly body: string;
  /** The names of its parameters. */
  readonly parameters: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
}

/**
 * Creates or updates a stack, and waits for the result.
 * @throws {DeployError} with the reason of the first resource that failed
 */
export async function deployStack(
  session: Client,
  template: StackTemplate,
  parameters: Readonly<Record<string, string>>,
  onEvent: OnEvent,
): Promise<DeployedStack> {
  const { cloudformation } = session.aws;
  const { stackName, terminationProtection } = template;
  const before = await describeStack(cloudformation, stackName);
  const request = toRequest(session, template, parameters);
  if (before === undefined) {
    const { StackId = stackName } = await cloudformation.send(
      new CreateStackCommand({ ...request, EnableTerminationProtection: terminationProtection }),
    );
    return deployedOrThrow(
      StackId,
      await watchStack(session, { stackId: StackId, seen: new Set(), onEvent }),
    );
  }
  const { stackId } = before;
  const seen = await readEventIds(session, stackId);
  if (terminationProtection && !before.terminationProtection) {
    await setTerminationProtection(session, stackName, true);
  }
  try {
    await cloudformation.send(new UpdateStackCommand(request));
  } catch (error) {
    if (!isValidationError(error, 'No updates are to be performed')) throw error;
    // The SDK may have sent the request twice; in that case the update is running.
    return (await waitUntilSettled(session, before, onEvent)) ?? before;
  }
  return deployedOrThrow(stackId, await watchStack(session, { stackId, seen, onEvent }));
}

/** Waits until CloudFormation no longer changes a stack. @returns undefined if the stack was deleted */
export async function waitUntilSettled(
  session: Client,
  { stackId }: DeployedStack,
  onEvent: OnEvent,
): Promise<DeployedStack | undefined> {
  const seen = await readEventIds(session, stackId);
  const { stack } = await watchStack(session, { stackId, seen, onEvent, begun: true });
  return stack;
}

/** A stack could not be deleted. */
export class StackNotDeletedError extends DeployError {
  /** Type of the first resource that could not be deleted, such as `AWS::S3::Bucket`. */
  readonly resourceType: string | undefined;

  constructor({ stackName, status }: DeployedStack, failed: StackEvent | undefined) {
    super(
      'STACK_NOT_DELETED',
      `${stackName} is ${status}: ${describeFailure(failed)}`,
      'remove what prevents the deletion, then run the same command again',
    );
    this.resourceType = failed?.type;
  }
}

/** @throws {StackNotDeletedError} */
export async function deleteStack(
  session: Client,
  { stackId, stackName, terminationProtection }: DeployedStack,
  onEvent: OnEvent,
): Promise<void> {
  const { cloudformation } = session.aws;
  if (terminationProtection) await setTerminationProtection(session, stackName, false);
  const seen = await readEventIds(session, stackId);
  try {
    await cloudformation.send(new DeleteStackCommand({ StackName: stackName, ...roleOf(session) }));
  } catch (error) {
    if ((await describeStack(cloudformation, stackId)) === undefined) return;
    throw error;
  }
  const { stack, failed } = await watchStack(session, { stackId, seen, onEvent });
  if (stack !== undefined) throw new StackNotDeletedError(stack, failed);
}

/** CloudFormation keeps the role of the stack, also for calls without one, and until another is given. */
function roleOf({ settings: { executionRoleArn } }: Client) {
  return executionRoleArn === undefined ? {} : { RoleARN: executionRoleArn };
}

function toRequest(
  session: Client,
  { stackName, body, parameters: names, tags }: StackTemplate,
  parameters: Readonly<Record<string, string>>,
) {
  return {
    StackName: stackName,
    TemplateBody: body,
    ...roleOf(session),
    Capabilities: ['CAPABILITY_IAM' as const],
    Parameters: names
      .filter((name) => parameters[name] !== undefined)
      .map((name) => ({ ParameterKey: name, ParameterValue: parameters[name] })),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    // The SDK may retry the call; the token ensures that CloudFormation acts only once.
    ClientRequestToken: randomUUID(),
  };
}

function deployedOrThrow(stackId: string, { stack, failed }: Watched): DeployedStack {
  if (stack !== undefined && /^(CREATE|UPDATE)_COMPLETE$/.test(stack.status)) return stack;
  throw new DeployError(
    stateOf(stack) === 'stuck' ? 'STACK_STUCK' : 'STACK_FAILED',
    `${stack?.stackName ?? stackId} is ${stack?.status ?? 'deleted'}: ${describeFailure(failed)}`,
    findLimit(failed?.reason ?? '')?.next ?? 'fix the reported problem',
  );
}

function describeFailure(failed: StackEvent | undefined): string {
  if (failed === undefined) return 'CloudFormation gave no reason';
  const { resource, type, reason } = failed;
  return `${resource} (${type}): ${reason ?? 'no reason given'}`;
}

async function setTerminationProtection({ aws }: Client, StackName: string, on: boolean): Promise<void> {
  await aws.cloudformation.send(
    new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: on }),
  );
}
