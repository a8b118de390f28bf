// Updates an ECS service, and waits until it is steady. The AWS SDK's waiter (`waitUntilServicesStable`) reports
// no progress, ignores the load balancer's targets, and treats a rollback as success.
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { START_MS } from '../../src/timeouts.js';
import { DeployError } from './error.js';
import { npmCommand } from './printed-commands.js';
import {
  describeService,
  describeState,
  isSteady,
  neverRuns,
  type ServiceKind,
  serviceNames,
  type ServiceState,
} from './service-state.js';
import type { Session } from './session.js';
import { explainStoppedTask } from './stopped-task.js';

/**
 * Time for pulling the image (five minutes), handler startup, two load balancer health checks, 30 s apart, and the
 * minutes in which ECS then watches the alarm on which it rolls back: the five that the alarm remembers, and one more.
 */
const STEADY_TIMEOUT_MS = 2 * 30_000 + START_MS + 5 * 60_000 + 6 * 60_000;
const POLL_MS = 3000;

/** The rollout and the number of tasks that result from an update. */
export interface ExpectedRollout {
  readonly deployment: string | undefined;
  /** Undefined if the update leaves the number of tasks to the settings and autoscaling. */
  readonly desired: number | undefined;
}

interface WaitOptions {
  /** @default handler */
  readonly kind?: ServiceKind;
  readonly onProgress: (line: string) => void;
  /** Absent if the service was not changed, or CloudFormation has already waited for the change. */
  readonly expected?: ExpectedRollout;
}

/**
 * Waits until the service is steady, or can't become steady because the endpoint is an emulator.
 * @returns its last state
 * @throws {DeployError} with the last log lines from the stopped task
 */
export async function waitUntilSteady(
  session: Session,
  { kind = 'handler', onProgress, expected }: WaitOptions,
): Promise<ServiceState> {
  const end = performance.now() + STEADY_TIMEOUT_MS;
  let reported = '';
  let begun = false;
  for (;;) {
    const state = await describeService(session, kind);
    if (state === undefined) throw noService(session, kind);
    // ECS may report the previous state for a moment. Afterwards, autoscaling may change the number of tasks.
    const isExpected = state.deployment === (expected ?? state).deployment;
    begun ||= isExpected && state.desired === (expected?.desired ?? state.desired);
    if (begun && isExpected && (isSteady(state) || neverRuns(session, state))) return state;
    const line = describeState(state);
    if (line !== reported) onProgress((reported = line));
    // If another rollout follows the new one, ECS has rolled back.
    const failed = begun && (state.rollout === 'FAILED' || !isExpected);
    if (failed || performance.now() > end) throw await notSteady(session, kind, state, expected);
    await session.sleep(POLL_MS);
  }
}

/** Changes the number of tasks, or replaces all tasks. @throws {DeployError} if the service does not exist */
export async function updateService(
  session: Session,
  change: { readonly desiredCount: number } | { readonly forceNewDeployment: true },
  kind: ServiceKind = 'handler',
): Promise<ExpectedRollout> {
  const { aws, names } = session;
  if ((await describeService(session, kind)) === undefined) throw noService(session, kind);
  const { service } = await aws.ecs.send(
    new UpdateServiceCommand({
      cluster: names.cluster,
      service: serviceNames(session, kind).service,
      ...change,
    }),
  );
  return {
    deployment: service?.deployments?.find(({ status }) => status === 'PRIMARY')?.id,
    desired: 'desiredCount' in change ? change.desiredCount : undefined,
  };
}

function noService(session: Session, kind: ServiceKind): DeployError {
  const { environment } = session;
  return new DeployError(
    'NO_SERVICE',
    `there is no service ${serviceNames(session, kind).service} in ${environment}`,
    `${kind === 'console' ? 'set "console" in the settings, and ' : ''}deploy it: ${npmCommand(session, 'deploy')}`,
  );
}

async function notSteady(
  session: Session,
  kind: ServiceKind,
  state: ServiceState,
  expected: ExpectedRollout | undefined,
): Promise<DeployError> {
  return new DeployError(
    'SERVICE_NOT_STEADY',
    `the ${kind === 'console' ? 'console' : 'service'} is not steady: ${reasonOf(state, expected)} (${describeState(state)})`,
    `read the errors in the log: ${npmCommand(session, 'logs', kind === 'console' ? '--errors --console' : '--errors')}; for their causes see "When something is wrong" in DEPLOYMENT.md`,
    await explainStoppedTask(session, kind),
  );
}

function reasonOf(state: ServiceState, expected: ExpectedRollout | undefined): string {
  if (state.rollout === 'FAILED') return state.rolloutReason ?? 'the rollout failed, and ECS gave no reason';
  if (expected !== undefined && state.deployment !== expected.deployment) {
    return 'the new tasks did not become healthy, and ECS rolled back to the previous ones';
  }
  const unhealthy = state.targets.filter(({ state: target }) => target === 'unhealthy');
  return unhealthy.length > 0
    ? `the load balancer reports ${unhealthy.map(({ id }) => id).join(', ')} as unhealthy`
    : 'the wait timed out';
}
