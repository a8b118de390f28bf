// The state of an ECS service, the handler's or the console's: its tasks, its rollout and the load balancer's targets.
import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ListTasksCommand,
  type Service,
} from '@aws-sdk/client-ecs';
import { DescribeTargetHealthCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

export interface Target {
  /** IP address in the VPC. */
  readonly id: string;
  /** `healthy`, `unhealthy`, `initial`, `draining`, … */
  readonly state: string;
  readonly reason: string | undefined;
  /** Availability zone of the address. */
  readonly zone: string | undefined;
}

export interface ServiceState {
  readonly status: string;
  /** Id of the latest rollout, which ECS calls a service deployment. */
  readonly deployment: string | undefined;
  readonly desired: number;
  readonly running: number;
  readonly pending: number;
  /** State of the latest rollout: `COMPLETED`, `IN_PROGRESS` or `FAILED`. */
  readonly rollout: string;
  readonly rolloutReason: string | undefined;
  /** Image of the latest rollout. */
  readonly image: string | undefined;
  readonly targets: readonly Target[];
  /** Number of tasks, including those that are starting. */
  readonly tasks: number;
}

/** Which of the two services. */
export type ServiceKind = 'handler' | 'console';

/** Names of a service's resources. */
export interface ServiceNames {
  readonly service: string;
  readonly container: string;
  readonly taskFamily: string;
  readonly logGroup: string;
}

export function serviceNames({ names }: Pick<Session, 'names'>, kind: ServiceKind): ServiceNames {
  return kind === 'handler'
    ? { ...names, logGroup: names.logGroups.service }
    : { ...names.console, logGroup: names.logGroups.console };
}

/** @returns undefined if the service does not exist */
export async function describeService(
  session: Session,
  kind: ServiceKind = 'handler',
): Promise<ServiceState | undefined> {
  const { aws, names } = session;
  const of = serviceNames(session, kind);
  const service = await findService(session, of);
  if (service === undefined) return undefined;
  const primary = service.deployments?.find(({ status }) => status === 'PRIMARY');
  const [image, targets, { taskArns = [] }] = await Promise.all([
    imageOf(session, of, primary?.taskDefinition ?? service.taskDefinition),
    describeTargets(session, service),
    aws.ecs.send(new ListTasksCommand({ cluster: names.cluster, serviceName: of.service })),
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
}

/** Whether every desired task in the latest rollout is running, and reported healthy by the load balancer. */
export function isSteady(state: ServiceState): boolean {
  const healthy = state.targets.filter(({ state: target }) => target === 'healthy').length;
  return (
    state.rollout === 'COMPLETED' &&
    state.running === state.desired &&
    state.pending === 0 &&
    healthy >= state.desired
  );
}

/** Whether the service can't become steady because an emulator stores a service but does not start any tasks. */
export function neverRuns({ emulated }: Session, { tasks, targets }: ServiceState): boolean {
  return emulated && tasks === 0 && targets.length === 0;
}

/** @returns one line, such as `1 of 2 tasks running; targets: healthy, initial` */
export function describeState({ desired, running, targets }: ServiceState): string {
  if (desired === 0 && running === 0) return 'stopped: 0 tasks';
  const states = targets.map(({ state, reason }) => (reason === undefined ? state : `${state} (${reason})`));
  return `${running} of ${desired} ${desired === 1 ? 'task' : 'tasks'} running; targets: ${states.join(', ') || 'none yet'}`;
}

/** Whether the handler's tasks have a service. */
export async function hasService(session: Session): Promise<boolean> {
  return (await findService(session, serviceNames(session, 'handler'))) !== undefined;
}

async function findService({ aws, names }: Session, { service }: ServiceNames): Promise<Service | undefined> {
  try {
    const { services } = await aws.ecs.send(
      new DescribeServicesCommand({ cluster: names.cluster, services: [service] }),
    );
    return services?.find(({ status }) => status !== 'INACTIVE');
  } catch (error) {
    if (isAwsError(error, 'ClusterNotFoundException')) return undefined;
    throw error;
  }
}

async function imageOf(
  { aws }: Session,
  { container }: ServiceNames,
  taskDefinition: string | undefined,
): Promise<string | undefined> {
  if (taskDefinition === undefined) return undefined;
  const { taskDefinition: definition } = await aws.ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition }),
  );
  return definition?.containerDefinitions?.find(({ name }) => name === container)?.image;
}

/** The group comes from the service, because its name depends on the settings that were deployed. */
async function describeTargets({ aws }: Session, { loadBalancers }: Service): Promise<readonly Target[]> {
  const TargetGroupArn = loadBalancers?.[0]?.targetGroupArn;
  if (TargetGroupArn === undefined) return [];
  try {
    const { TargetHealthDescriptions = [] } = await aws.elb.send(
      new DescribeTargetHealthCommand({ TargetGroupArn }),
    );
    return TargetHealthDescriptions.map(({ Target, TargetHealth }) => ({
      id: Target?.Id ?? '',
      state: TargetHealth?.State ?? 'unknown',
      reason: TargetHealth?.Description ?? TargetHealth?.Reason,
      zone: Target?.AvailabilityZone,
    }));
  } catch (error) {
    if (isAwsError(error, 'TargetGroupNotFound', 'TargetGroupNotFoundException')) return [];
    throw error;
  }
}
