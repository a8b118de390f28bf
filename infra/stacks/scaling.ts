// Changes the number of the handler's tasks with the load, between the settings desiredCount and maxCount.
import { CfnCondition, Fn, Token } from 'aws-cdk-lib';
import * as scaling from 'aws-cdk-lib/aws-applicationautoscaling';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { loadBalancerId, targetGroupId } from '../monitoring/metrics.js';
import { DESIRED_COUNT } from './fargate.js';

/** Leaves room for what arrives until another task serves, which takes about two minutes. */
const TARGET_CPU_PERCENT = 60;
/**
 * Requests a minute for each vCPU. docs/performance.md: a quarter of a vCPU answers 533 requests a second (RS256),
 * without a store and TLS. A whole one should not have to answer more than that with both.
 */
const REQUESTS_PER_VCPU = 533 * 60;
/** Seconds until another task counts: it starts, and passes two health checks, 30 s apart. */
const SCALE_OUT_COOLDOWN_S = 120;
/** Seconds between two removals: load that varies should not keep starting and stopping tasks. */
const SCALE_IN_COOLDOWN_S = 600;

export interface ScalingProps {
  readonly deployment: Deployment;
  readonly service: ecs.FargateService;
  readonly loadBalancerArn: string;
  readonly targetGroupArn: string;
}

type PredefinedMetric = scaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty;

/** Creates nothing if the settings leave no room between desiredCount and maxCount, or the service is stopped by them. */
export function createScaling(scope: Construct, props: ScalingProps): void {
  const { desiredCount, maxCount } = props.deployment.settings;
  if (desiredCount === 0 || maxCount <= desiredCount) return;
  const target = createTarget(scope, props);
  const track = (id: string, targetValue: number, metric: PredefinedMetric): void => {
    new scaling.CfnScalingPolicy(scope, id, {
      policyName: id,
      policyType: 'TargetTrackingScaling',
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        targetValue,
        predefinedMetricSpecification: metric,
        scaleInCooldown: SCALE_IN_COOLDOWN_S,
        scaleOutCooldown: SCALE_OUT_COOLDOWN_S,
      },
    });
  };
  track('ScaleByCpu', TARGET_CPU_PERCENT, { predefinedMetricType: 'ECSServiceAverageCPUUtilization' });
  track('ScaleByRequests', (REQUESTS_PER_VCPU * props.deployment.sizing.cpu) / 1024, {
    predefinedMetricType: 'ALBRequestCountPerTarget',
    resourceLabel: `${loadBalancerId(props.loadBalancerArn)}/${targetGroupId(props.targetGroupArn)}`,
  });
}

/**
 * Registering a target moves the number of tasks into its range, which would start a service that was stopped. While it
 * is stopped, the smallest number is therefore 0, and nothing scales.
 */
function createTarget(scope: Construct, { deployment, service }: ScalingProps): scaling.CfnScalableTarget {
  const { names, settings } = deployment;
  const stopped = new CfnCondition(scope, 'Stopped', {
    expression: Fn.conditionEquals(Fn.ref(DESIRED_COUNT), '0'),
  }).logicalId;
  const suspended = Fn.conditionIf(stopped, true, false);
  const target = new scaling.CfnScalableTarget(scope, 'Scaling', {
    serviceNamespace: 'ecs',
    scalableDimension: 'ecs:service:DesiredCount',
    resourceId: `service/${names.cluster}/${names.service}`,
    minCapacity: Token.asNumber(Fn.conditionIf(stopped, 0, settings.desiredCount)),
    maxCapacity: settings.maxCount,
    suspendedState: { dynamicScalingInSuspended: suspended, dynamicScalingOutSuspended: suspended },
  });
  target.node.addDependency(service);
  return target;
}
