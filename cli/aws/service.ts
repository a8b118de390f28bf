// The service on ECS: how it is, waiting until it is steady, and why it is not.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type Task,
  UpdateServiceCommand,
} from '@aws-sdk/client-ecs';
import {
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { START_MS } from '../../src/timeouts.js';
import { DeployError, isAwsError } from './error.js';
import { lastLines } from './log-events.js';
import { npmCommand } from './printed-commands.js';
import type { Session } from './session.js';

export interface Target {
  /** Its address in the VPC. */
  readonly id: string;
  /** `healthy`, `unhealthy`, `initial`, `draining`, … */
  readonly state: string;
  readonly reason: string | undefined;
}

export interface ServiceState {
  readonly status: string;
  /** Id of the newest deployment of the service. */
  readonly deployment: string | undefined;
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** `COMPLETED`, `IN_PROGRESS` or `FAILED`: of the newest deployment. */
  readonly rollout: string;
  readonly rolloutReason: string | undefined;
  /** Of the newest deployment. */
  readonly image: string | undefined;
  readonly targets: readonly Target[];
  /** How many tasks there are, running or on their way. */
  readonly tasks: number;
}

/** Of the load balancer: two checks, 30 s apart; and the task's start, its image pulled. */
const STEADY_TIMEOUT_MS = 2 * 30_000 + START_MS + 5 * 60_000;
const POLL_MS = 3000;

/** @returns undefined if there is no such service */
export async function describeService({ aws, names }: Session): Promise<ServiceState | undefined> {
  const service = await findService();
  if (service === undefined) return undefined;
  const primary = service.deployments?.find(({ status }) => status === 'PRIMARY');
  const [image, targets, { taskArns = [] }] = await Promise.all([
    imageOf(primary?.taskDefinition ?? service.taskDefinition),
    describeTargets(),
    aws.ecs.send(new ListTasksCommand({ cluster: names.cluster, serviceName: names.service })),
  ]);
  return {
    status: service.status ?? 'unknown',
    deployment: primary?.id,
    desired: service.desiredCount ?? 0,
    running: service.runningCount ?? 0,
    pending: service.pendingCount ?? 0,
    rollout: primary?.rolloutState ?? 'IN_PROGRESS',
    rolloutReason: primary?.rolloutStateReason,
    image,
    targets,
    tasks: taskArns.length,
  };

  async function findService() {
    try {
      const { services } = await aws.ecs.send(
        new DescribeServicesCommand({ cluster: names.cluster, services: [names.service] }),
      );
      return services?.find(({ status }) => status !== 'INACTIVE');
    } catch (error) {
      if (isAwsError(error, 'ClusterNotFoundException')) return undefined;
      throw error;
    }
  }

  async function imageOf(taskDefinition: string | undefined): Promise<string | undefined> {
    if (taskDefinition === undefined) return undefined;
    const { taskDefinition: definition } = await aws.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition }),
    );
    return definition?.containerDefinitions?.find(({ name }) => name === names.container)?.image;
  }

  async function describeTargets(): Promise<readonly Target[]> {
    try {
      const { TargetGroups } = await aws.elb.send(
        new DescribeTargetGroupsCommand({ Names: [names.targetGroup] }),
      );
      const { TargetHealthDescriptions = [] } = await aws.elb.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: TargetGroups?.[0]?.TargetGroupArn }),
      );
      return TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
        id: Target?.Id ?? '',
        state: TargetHealth?.State ?? 'unknown',
        reason: TargetHealth?.Description ?? TargetHealth?.Reason,
      }));
    } catch (error) {
      if (isAwsError(error, 'TargetGroupNotFound', 'TargetGroupNotFoundException')) return [];
      throw error;
    }
  }
}

/** Every wanted task runs, of the newest deployment, and the load balancer finds it healthy. */
export function isSteady(state: ServiceState): boolean {
  const healthy = state.targets.filter(({ state: target }) => target === 'healthy').length;
  return (
    state.rollout === 'COMPLETED' &&
    state.running === state.desired &&
    state.pending === 0 &&
    healthy >= state.desired
  );
}

/** An emulator takes a service for what it is told, and never starts a task. */
export function neverRuns({ emulated }: Session, { tasks, targets }: ServiceState): boolean {
  return emulated && tasks === 0 && targets.length === 0;
}

/** What a change of the service is to come to. */
export interface Expected {
  readonly deployment: string | undefined;
  readonly desired: number;
}

interface WaitOptions {
  readonly onProgress: (line: string) => void;
  /** Absent: nothing was changed, or CloudFormation has seen to it. */
  readonly expected?: Expected;
}

/**
 * @returns the state it came to
 * @throws {DeployError} with what the stopped task said last
 */
export async function waitUntilSteady(
  session: Session,
  { onProgress, expected }: WaitOptions,
): Promise<ServiceState> {
  const end = performance.now() + STEADY_TIMEOUT_MS;
  let told = '';
  let begun = false;
  for (;;) {
    const state = await describeService(session);
    if (state === undefined) throw noService(session);
    // For a moment ECS may show what was before.
    const current =
      expected === undefined ||
      (state.deployment === expected.deployment && state.desired === expected.desired);
    begun ||= current;
    if (current && (isSteady(state) || neverRuns(session, state))) return state;
    const line = describeState(state);
    if (line !== told) onProgress((told = line));
    // Once the new deployment was there, another one in its place is the one before, which ECS went back to.
    const failed =
      begun && (state.rollout === 'FAILED' || state.deployment !== (expected ?? state).deployment);
    if (failed || performance.now() > end) throw await notSteady(session, state, expected);
    await sleep(POLL_MS);
  }
}

export function describeState({ desired, running, targets }: ServiceState): string {
  const states = targets.map(({ state, reason }) => (reason === undefined ? state : `${state} (${reason})`));
  return `${running} of ${desired} ${desired === 1 ? 'task runs' : 'tasks run'}; targets: ${states.join(', ') || 'none yet'}`;
}

/** Changes how many tasks run, or starts them anew. @throws {DeployError} if there is no service */
export async function updateService(
  session: Session,
  change: { readonly desiredCount: number } | { readonly forceNewDeployment: true },
): Promise<Expected> {
  const { aws, names } = session;
  if ((await describeService(session)) === undefined) throw noService(session);
  const { service } = await aws.ecs.send(
    new UpdateServiceCommand({ cluster: names.cluster, service: names.service, ...change }),
  );
  return {
    deployment: service?.deployments?.find(({ status }) => status === 'PRIMARY')?.id,
    desired: service?.desiredCount ?? 0,
  };
}

function noService(session: Session): DeployError {
  const { environment, names } = session;
  return new DeployError(
    'NO_SERVICE',
    `there is no service ${names.service} in ${environment}`,
    `deploy it: ${npmCommand(session, 'deploy')}`,
  );
}

/** Why the last task stopped, and what it logged last; nothing if none stopped, or it is long gone. */
export async function explainStoppedTask(session: Session): Promise<readonly string[]> {
  const { aws, names } = session;
  try {
    const { taskArns = [] } = await aws.ecs.send(
      new ListTasksCommand({ cluster: names.cluster, family: names.taskFamily, desiredStatus: 'STOPPED' }),
    );
    if (taskArns.length === 0) return [];
    const { tasks = [] } = await aws.ecs.send(
      new DescribeTasksCommand({ cluster: names.cluster, tasks: taskArns.slice(0, 100) }),
    );
    const [task] = tasks.sort((a, b) => (b.stoppedAt?.getTime() ?? 0) - (a.stoppedAt?.getTime() ?? 0));
    if (task === undefined) return [];
    const id = task.taskArn?.split('/').at(-1) ?? '';
    // As the log driver names it: prefix, container, task.
    const stream = `task/${names.container}/${id}`;
    const lines = await lastLines(session, names.logGroups.service, stream);
    return [
      `task ${id} stopped: ${stopReasons(task).join('; ') || 'ECS gives no reason'}`,
      ...(lines.length === 0 ? ['it logged nothing'] : ['its last log lines:', ...lines]),
    ];
  } catch (error) {
    if (isAwsError(error, 'ClusterNotFoundException')) return [];
    throw error;
  }
}

function stopReasons({ stoppedReason, containers = [] }: Task): readonly string[] {
  return [
    ...(stoppedReason === undefined ? [] : [stoppedReason]),
    ...containers.flatMap(({ name, reason, exitCode }) => [
      ...(exitCode === undefined ? [] : [`${name ?? 'container'} ended with exit code ${exitCode}`]),
      ...(reason === undefined ? [] : [reason]),
    ]),
  ];
}

async function notSteady(
  session: Session,
  state: ServiceState,
  expected: Expected | undefined,
): Promise<DeployError> {
  const unhealthy = state.targets.filter(({ state: target }) => target === 'unhealthy');
  const why =
    state.rollout === 'FAILED'
      ? (state.rolloutReason ?? 'ECS gave the deployment up')
      : expected !== undefined && state.deployment !== expected.deployment
        ? 'the new tasks did not get well, and ECS went back to those before'
        : unhealthy.length > 0
          ? `the load balancer finds ${unhealthy.map(({ id }) => id).join(', ')} unhealthy`
          : 'it took too long';
  return new DeployError(
    'SERVICE_NOT_STEADY',
    `the service is not steady: ${why} (${describeState(state)})`,
    `look into the log: ${npmCommand(session, 'logs', '--errors')}; what it may be: DEPLOYMENT.md, "When something is wrong"`,
    await explainStoppedTask(session),
  );
}
