// Stacks of CloudFormation: what state they are in, and how they get into another.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import {
  type CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { parse } from 'yaml';
import { DeployError, isAwsError } from './error.js';
import type { Template } from '../deploy/templates.js';

export interface DeployedStack {
  readonly stackId: string;
  readonly stackName: string;
  readonly status: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
  readonly updated: Date | undefined;
}

export interface StackEvent {
  readonly id: string;
  readonly resource: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
}

export type OnEvent = (event: StackEvent) => void;
export type StackAction = 'create' | 'update' | 'recreate' | 'none';

/** What can be done with a stack: nothing yet, everything, only waiting, or only deletion. */
export type Condition = 'absent' | 'ready' | 'busy' | 'stuck';

/** CloudFormation may show the state before for a moment: for so many polls an event is waited for. */
const QUIET_POLLS = 10;
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 4000;

/** As CloudFormation documents the status codes ("Stack status codes"). */
export function conditionOf(stack: DeployedStack | undefined): Condition {
  if (stack === undefined) return 'absent';
  if (/^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK|IMPORT_ROLLBACK)_COMPLETE$/.test(stack.status)) return 'ready';
  if (stack.status.endsWith('_IN_PROGRESS') && stack.status !== 'REVIEW_IN_PROGRESS') return 'busy';
  return 'stuck';
}

/** @returns undefined if there is none */
export async function describeStack(
  cloudformation: CloudFormationClient,
  nameOrId: string,
): Promise<DeployedStack | undefined> {
  try {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: nameOrId }));
    const stack = Stacks?.[0];
    if (stack?.StackStatus === undefined || stack.StackStatus === 'DELETE_COMPLETE') return undefined;
    return {
      stackId: stack.StackId ?? nameOrId,
      stackName: stack.StackName ?? nameOrId,
      status: stack.StackStatus,
      parameters: record(stack.Parameters, 'ParameterKey', 'ParameterValue'),
      outputs: record(stack.Outputs, 'OutputKey', 'OutputValue'),
      tags: record(stack.Tags, 'Key', 'Value'),
      terminationProtection: stack.EnableTerminationProtection ?? false,
      updated: stack.LastUpdatedTime ?? stack.CreationTime,
    };
  } catch (error) {
    if (isAwsError(error, 'ValidationError') && (error as Error).message.includes('does not exist'))
      return undefined;
    throw error;
  }
}

/** As it was given, be it by us or by the CDK's own command. */
export async function deployedBody(
  cloudformation: CloudFormationClient,
  stackName: string,
): Promise<unknown> {
  const { TemplateBody = '{}' } = await cloudformation.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  // JSON is YAML, too, which the CDK's own command deploys.
  return parse(TemplateBody);
}

/**
 * What has to be done for a stack to be as its template.
 * @param parameters those that are known yet: of the others any value will do
 */
export async function actionFor(
  cloudformation: CloudFormationClient,
  template: Template,
  parameters: Readonly<Record<string, string>>,
  deployed: DeployedStack | undefined,
): Promise<StackAction> {
  const condition = conditionOf(deployed);
  if (deployed === undefined) return 'create';
  if (condition === 'stuck') return 'recreate';
  const same =
    Object.entries(parameters).every(([name, value]) => deployed.parameters[name] === value) &&
    Object.entries(template.tags).every(([name, value]) => deployed.tags[name] === value) &&
    (deployed.terminationProtection || !template.terminationProtection) &&
    isDeepStrictEqual(await deployedBody(cloudformation, template.stackName), JSON.parse(template.body));
  return same ? 'none' : 'update';
}

/**
 * Creates or updates a stack, and waits for its end.
 * @throws {DeployError} with the reason of the first resource that failed
 */
export async function deployStack(
  cloudformation: CloudFormationClient,
  template: Template,
  parameters: Readonly<Record<string, string>>,
  onEvent: OnEvent,
): Promise<DeployedStack> {
  const { stackName, tags, terminationProtection } = template;
  const before = await describeStack(cloudformation, stackName);
  const request = {
    StackName: stackName,
    TemplateBody: template.body,
    Capabilities: ['CAPABILITY_IAM' as const],
    Parameters: template.parameters
      .filter((name) => parameters[name] !== undefined)
      .map((name) => ({ ParameterKey: name, ParameterValue: parameters[name] })),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    // The SDK may ask twice.
    ClientRequestToken: randomUUID(),
  };
  if (before === undefined) {
    const { StackId } = await cloudformation.send(
      new CreateStackCommand({ ...request, EnableTerminationProtection: terminationProtection }),
    );
    return follow(cloudformation, StackId ?? stackName, new Set(), onEvent);
  }
  const seen = await eventIds(cloudformation, before.stackId);
  if (terminationProtection && !before.terminationProtection) {
    await protect(cloudformation, stackName, true);
  }
  try {
    await cloudformation.send(new UpdateStackCommand(request));
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('No updates are to be performed'))) throw error;
    // Perhaps because the SDK asked twice: what counts is how it is now.
    return (await settle(cloudformation, before, onEvent)) ?? before;
  }
  return follow(cloudformation, before.stackId, seen, onEvent);
}

/** Waits until what is going on with a stack has come to its end. @returns undefined if it is gone then */
export async function settle(
  cloudformation: CloudFormationClient,
  stack: DeployedStack,
  onEvent: OnEvent,
): Promise<DeployedStack | undefined> {
  const seen = await eventIds(cloudformation, stack.stackId);
  return (await watch(cloudformation, stack.stackId, seen, onEvent, true)).stack;
}

/** @throws {DeployError} if something of it can't be deleted */
export async function deleteStack(
  cloudformation: CloudFormationClient,
  { stackId, stackName, terminationProtection }: DeployedStack,
  onEvent: OnEvent,
): Promise<void> {
  if (terminationProtection) await protect(cloudformation, stackName, false);
  const seen = await eventIds(cloudformation, stackId);
  try {
    await cloudformation.send(new DeleteStackCommand({ StackName: stackName }));
  } catch (error) {
    // Whatever was said of it: gone is gone.
    if ((await describeStack(cloudformation, stackId)) === undefined) return;
    throw error;
  }
  const { stack, failed } = await watch(cloudformation, stackId, seen, onEvent);
  if (stack === undefined) return;
  throw new DeployError(
    'STACK_NOT_DELETED',
    `${stackName} is ${stack.status}: ${failed === undefined ? 'CloudFormation gives no reason' : describe(failed)}`,
    'remove what is in the way, then run the same command again',
  );
}

async function follow(
  cloudformation: CloudFormationClient,
  stackId: string,
  seen: Set<string>,
  onEvent: OnEvent,
): Promise<DeployedStack> {
  const { stack, failed } = await watch(cloudformation, stackId, seen, onEvent);
  if (stack !== undefined && /^(CREATE|UPDATE)_COMPLETE$/.test(stack.status)) return stack;
  const name = stack?.stackName ?? stackId;
  throw new DeployError(
    conditionOf(stack) === 'stuck' ? 'STACK_STUCK' : 'STACK_FAILED',
    `${name} is ${stack?.status ?? 'gone'}: ${failed === undefined ? 'CloudFormation gives no reason' : describe(failed)}`,
    'mend what it names',
  );
}

interface Watched {
  readonly stack: DeployedStack | undefined;
  /** The first resource that failed by itself. */
  readonly failed: StackEvent | undefined;
}

/** @param begun whether the stack is known to be busy already */
async function watch(
  cloudformation: CloudFormationClient,
  stackId: string,
  seen: Set<string>,
  onEvent: OnEvent,
  begun = false,
): Promise<Watched> {
  let failed: StackEvent | undefined;
  let polls = 0;
  for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, LAST_POLL_MS)) {
    // In this order, so that the last events are seen.
    const stack = await describeStack(cloudformation, stackId);
    for (const event of await newEvents(cloudformation, stackId, seen)) {
      if (event.status.endsWith('_FAILED') && !/cancelled/i.test(event.reason ?? '')) failed ??= event;
      begun = true;
      onEvent(event);
    }
    const over = begun || stack === undefined || polls++ > QUIET_POLLS;
    if (over && conditionOf(stack) !== 'busy') return { stack, failed };
    await sleep(delay);
  }
}

function describe({ resource, type, reason }: StackEvent): string {
  return `${resource} (${type}): ${reason ?? 'no reason is given'}`;
}

async function eventIds(cloudformation: CloudFormationClient, stackId: string): Promise<Set<string>> {
  const seen = new Set<string>();
  await newEvents(cloudformation, stackId, seen);
  return seen;
}

/** Oldest first; they are added to those seen. */
async function newEvents(
  cloudformation: CloudFormationClient,
  stackId: string,
  seen: Set<string>,
): Promise<readonly StackEvent[]> {
  const found: StackEvent[] = [];
  let token: string | undefined;
  do {
    const { StackEvents = [], NextToken } = await cloudformation.send(
      new DescribeStackEventsCommand({ StackName: stackId, NextToken: token }),
    );
    // Newest come first.
    const known = StackEvents.findIndex(({ EventId = '' }) => seen.has(EventId));
    for (const event of known === -1 ? StackEvents : StackEvents.slice(0, known)) {
      found.push({
        id: event.EventId ?? '',
        resource: event.LogicalResourceId ?? '',
        type: event.ResourceType ?? '',
        status: event.ResourceStatus ?? '',
        reason: event.ResourceStatusReason,
      });
    }
    token = known === -1 ? NextToken : undefined;
  } while (token !== undefined);
  for (const { id } of found) seen.add(id);
  return found.reverse();
}

async function protect(cloudformation: CloudFormationClient, StackName: string, on: boolean): Promise<void> {
  await cloudformation.send(
    new UpdateTerminationProtectionCommand({ StackName, EnableTerminationProtection: on }),
  );
}

function record<Key extends string, Value extends string>(
  items: readonly Readonly<Partial<Record<Key | Value, string | boolean>>>[] | undefined,
  key: Key,
  value: Value,
): Readonly<Record<string, string>> {
  return Object.fromEntries((items ?? []).map((item) => [String(item[key]), String(item[value] ?? '')]));
}
