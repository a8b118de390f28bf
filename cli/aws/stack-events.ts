// Reads the events of a CloudFormation stack, and waits until a change has finished. The AWS SDK's waiters are not
// enough: only events show the progress and the first failed resource, which is the cause of a failure.
import { DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import type { Session } from './session.js';
import { type DeployedStack, describeStack, stateOf } from './stack.js';

export interface StackEvent {
  readonly id: string;
  readonly resource: string;
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
}

export type OnEvent = (event: StackEvent) => void;

/** Number of polls to wait for the first event, because CloudFormation may report the previous state for a moment. */
const QUIET_POLLS = 10;
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 4000;

export interface WatchOptions {
  readonly stackId: string;
  /** Ids of the events before the change; new ones are added. */
  readonly seen: Set<string>;
  readonly onEvent: OnEvent;
  /** Whether the change is known to have begun. */
  readonly begun?: boolean;
}

export interface Watched {
  /** Undefined if the stack no longer exists. */
  readonly stack: DeployedStack | undefined;
  /** The first resource that failed on its own, not because of another failure. */
  readonly failed: StackEvent | undefined;
}

/** Waits until CloudFormation no longer changes the stack. */
export async function watchStack(
  session: Pick<Session, 'aws' | 'sleep'>,
  { stackId, seen, onEvent, begun = false }: WatchOptions,
): Promise<Watched> {
  let failed: StackEvent | undefined;
  let started = begun;
  let polls = 0;
  for (let delay = FIRST_POLL_MS; ; delay = Math.min(delay * 1.5, LAST_POLL_MS)) {
    // Read the stack before its events, so that no event is missed once the change has finished.
    const stack = await describeStack(session.aws.cloudformation, stackId);
    for (const event of await readNewEvents(session, stackId, seen)) {
      if (event.status.endsWith('_FAILED') && !/cancelled/i.test(event.reason ?? '')) failed ??= event;
      started = true;
      onEvent(event);
    }
    const settled = started || stack === undefined || polls++ > QUIET_POLLS;
    if (settled && stateOf(stack) !== 'busy') return { stack, failed };
    await session.sleep(delay);
  }
}

/** @returns the ids of all events so far */
export async function readEventIds(session: Pick<Session, 'aws'>, stackId: string): Promise<Set<string>> {
  const seen = new Set<string>();
  await readNewEvents(session, stackId, seen);
  return seen;
}

/** @returns the events that are not in `seen`, oldest first; they are added to it */
async function readNewEvents(
  { aws }: Pick<Session, 'aws'>,
  stackId: string,
  seen: Set<string>,
): Promise<readonly StackEvent[]> {
  const found: StackEvent[] = [];
  let token: string | undefined;
  do {
    const { StackEvents = [], NextToken } = await aws.cloudformation.send(
      new DescribeStackEventsCommand({ StackName: stackId, NextToken: token }),
    );
    // CloudFormation lists the newest events first.
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
