// Autoscaling of an ECS service: whether it may change the number of tasks.
import {
  DescribeScalableTargetsCommand,
  RegisterScalableTargetCommand,
} from '@aws-sdk/client-application-auto-scaling';
import { type ServiceKind, serviceNames } from './service-state.js';
import type { Session } from './session.js';

export interface Scaling {
  /** Smallest number of tasks. */
  readonly min: number;
  /** Largest number of tasks. */
  readonly max: number;
  /** Whether scaling is suspended, so that the number of tasks stays. */
  readonly suspended: boolean;
}

type Client = Pick<Session, 'aws' | 'names'>;

/** @returns undefined if the number of tasks is never changed by itself */
export async function describeScaling(session: Client, kind: ServiceKind): Promise<Scaling | undefined> {
  const { ResourceId, ...target } = targetOf(session, kind);
  const { ScalableTargets = [] } = await session.aws.autoscaling.send(
    new DescribeScalableTargetsCommand({ ...target, ResourceIds: [ResourceId] }),
  );
  const [found] = ScalableTargets;
  if (found === undefined) return undefined;
  const { MinCapacity = 0, MaxCapacity = 0, SuspendedState = {} } = found;
  const { DynamicScalingInSuspended: scaleIn, DynamicScalingOutSuspended: scaleOut } = SuspendedState;
  return { min: MinCapacity, max: MaxCapacity, suspended: scaleIn === true && scaleOut === true };
}

/**
 * Suspends autoscaling, which would start tasks of a service that is stopped, or resumes it.
 * @param min the smallest number of tasks from now on: a deployment made while the service was stopped has set it to 0
 */
export async function suspendScaling(
  session: Client,
  kind: ServiceKind,
  suspended: boolean,
  min?: number,
): Promise<void> {
  await session.aws.autoscaling.send(
    new RegisterScalableTargetCommand({
      ...targetOf(session, kind),
      ...(min !== undefined && { MinCapacity: min }),
      SuspendedState: {
        DynamicScalingInSuspended: suspended,
        DynamicScalingOutSuspended: suspended,
        ScheduledScalingSuspended: suspended,
      },
    }),
  );
}

function targetOf({ names }: Client, kind: ServiceKind) {
  return {
    ServiceNamespace: 'ecs' as const,
    ResourceId: `service/${names.cluster}/${serviceNames({ names }, kind).service}`,
    ScalableDimension: 'ecs:service:DesiredCount' as const,
  };
}
