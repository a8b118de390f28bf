// Drift: what was changed outside of CloudFormation. A detection takes minutes, so that only `--drift` starts one.
import {
  DescribeStackDriftDetectionStatusCommand,
  DetectStackDriftCommand,
  paginateDescribeStackResourceDrifts,
  StackResourceDriftStatus,
} from '@aws-sdk/client-cloudformation';
import { STACK_NAMES, type StackName, stackNames } from '../../infra/names.js';
import { DeployError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, describeStack, stateOf } from '../aws/stack.js';
import { runTasks } from '../progress.js';
import { leftOverStacks } from './transition.js';

const POLL_MS = 5000;
const TIMEOUT_MS = 15 * 60_000;

export interface DriftStatus {
  /** `IN_SYNC`, `DRIFTED`, or another status of CloudFormation. */
  readonly status: string;
  /** When it was detected: ISO 8601, UTC. */
  readonly checked: string;
  /** Logical ids of the resources that were changed or deleted. */
  readonly resources: readonly string[];
}

/** @returns what the last detection found; undefined if there was none */
export async function readDrift(session: Session, stack: DeployedStack): Promise<DriftStatus | undefined> {
  if (stack.drift === undefined || stack.drift.status === 'NOT_CHECKED') return undefined;
  const { status, checked } = stack.drift;
  const resources = status === 'DRIFTED' ? await driftedResources(session, stack) : [];
  return { status, checked: checked.toISOString(), resources };
}

/** Stacks that are deployed, by their names. */
export type FoundStacks = ReadonlyMap<StackName, DeployedStack>;

export async function findStacks({ aws, names }: Session): Promise<FoundStacks> {
  const stacks = await Promise.all(
    STACK_NAMES.map(
      async (name) => [name, await describeStack(aws.cloudformation, `${names.prefix}-${name}`)] as const,
    ),
  );
  return new Map(stacks.flatMap(([name, stack]) => (stack === undefined ? [] : [[name, stack]])));
}

/** @returns the stacks that `--status` shows: those that the settings call for, and those that are left over */
export function shownStacks(settings: Session['settings'], found: FoundStacks): readonly StackName[] {
  const shown = [...stackNames(settings), ...leftOverStacks(settings, found)];
  return STACK_NAMES.filter((name) => shown.includes(name));
}

/**
 * Detects the drift of all stacks at the same time, and waits for the results.
 * @throws {DeployError} if CloudFormation gives up, or takes longer than 15 minutes
 */
export async function detectAllDrift(
  session: Session,
  options: { readonly json?: boolean | undefined },
): Promise<void> {
  const found = await findStacks(session);
  const tasks = shownStacks(session.settings, found)
    .map((name) => found.get(name))
    .filter((stack) => stack !== undefined)
    .filter((stack) => stateOf(stack) === 'ready')
    .map(({ stackName }) => ({ stackName, detection: start(session, stackName) }));
  // The first rejection is reported by the task that waits for it.
  for (const { detection } of tasks) detection.catch(() => undefined);
  await runTasks(
    tasks.map(({ stackName, detection }) => ({
      title: `${stackName}: detect drift`,
      run: async () => waitFor(session, stackName, await detection),
    })),
    options,
  );
}

async function start({ aws }: Session, stackName: string): Promise<string> {
  const { StackDriftDetectionId: id = '' } = await aws.cloudformation.send(
    new DetectStackDriftCommand({ StackName: stackName }),
  );
  return id;
}

async function waitFor(session: Session, stackName: string, id: string): Promise<void> {
  const end = performance.now() + TIMEOUT_MS;
  while (performance.now() < end) {
    const { DetectionStatus, DetectionStatusReason = 'without a reason' } =
      await session.aws.cloudformation.send(
        new DescribeStackDriftDetectionStatusCommand({ StackDriftDetectionId: id }),
      );
    if (DetectionStatus === 'DETECTION_COMPLETE') return;
    if (DetectionStatus === 'DETECTION_FAILED') throw notDetected(stackName, DetectionStatusReason);
    await session.sleep(POLL_MS);
  }
  throw notDetected(stackName, 'it takes longer than 15 minutes');
}

function notDetected(stackName: string, reason: string): DeployError {
  return new DeployError(
    'DRIFT_UNKNOWN',
    `the drift of ${stackName} could not be detected: ${reason}`,
    'run the same command again; --status without --drift shows the last result',
  );
}

async function driftedResources({ aws }: Session, { stackName }: DeployedStack): Promise<readonly string[]> {
  const { DELETED, MODIFIED } = StackResourceDriftStatus;
  const found: string[] = [];
  for await (const { StackResourceDrifts = [] } of paginateDescribeStackResourceDrifts(
    { client: aws.cloudformation },
    { StackName: stackName, StackResourceDriftStatusFilters: [DELETED, MODIFIED] },
  )) {
    found.push(...StackResourceDrifts.flatMap(({ LogicalResourceId }) => LogicalResourceId ?? []));
  }
  return found;
}
