// Alarms for the service. The operator's guide explains how to respond to each of them.
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct, IDependable } from 'constructs';
import type { REFUSALS } from '../../src/protocol/refusal.js';
import type { LoadBalancerMetrics, Metrics, ServiceMetrics, STATE_EVENTS } from './metrics.js';

const { Stats, ComparisonOperator, TreatMissingData } = cloudwatch;

/** ACM renews its own certificates 60 days before they end. */
const CERTIFICATE_DAYS = 30;

export interface AlarmDefinition extends Omit<cloudwatch.AlarmProps, 'evaluationPeriods' | 'metric'> {
  readonly alarmDescription: string;
  readonly metric: cloudwatch.IMetric;
  /** @default 1 */
  readonly evaluationPeriods?: number;
  /** What must be created first: an alarm on running tasks would fire while the first ones start. */
  readonly after?: IDependable;
}

export interface ServiceAlarmsProps extends AlarmContext {
  readonly metrics: ServiceMetrics;
  readonly service: ecs.FargateService;
  /** The setting. */
  readonly desiredCount: number;
  /** ARN of the load balancer's certificate. */
  readonly certificate: string;
}

/** The service's alarms, and that on which a rollout is rolled back. */
export function createAlarms(scope: Construct, props: ServiceAlarmsProps): void {
  const { metrics } = props;
  createRolloutAlarm(scope, props);
  addAlarms(scope, props, {
    ...taskAlarms(props),
    ...loadBalancerAlarms(props.metrics, props.certificate, 'no task answered'),
    latency: {
      alarmDescription: 'p99 response time above 5 s; the Co-signer times out after 30 s',
      metric: metrics.fromTargets('TargetResponseTime', Stats.p(99)),
      threshold: 5,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    },
    ...utilizationAlarms(metrics),
    ...handlerAlarms(metrics),
  });
}

/** The alarms on the handler's log and its store, wherever it runs. */
export function handlerAlarms(metrics: Metrics): Readonly<Record<string, AlarmDefinition>> {
  return { ...logAlarms(metrics), ...storeAlarms(metrics), ...recordAlarms(metrics) };
}

/**
 * The alarm on which ECS rolls a rollout back. ECS watches it as long as it remembers a fault, also after the old tasks
 * have stopped, and ignores it in a rollout that begins while it fires. It notifies nobody, because `errors` does.
 */
function createRolloutAlarm(scope: Construct, { prefix, metrics, service }: ServiceAlarmsProps): void {
  const alarmName = `${prefix}-rollout`;
  const alarm = new cloudwatch.Alarm(scope, 'alarm-rollout', {
    alarmName,
    alarmDescription: 'The handler failed: ECS rolls a rollout back',
    metric: metrics.fromLog('Faults').with({ period: Duration.minutes(1) }),
    threshold: 1,
    evaluationPeriods: 5,
    datapointsToAlarm: 1,
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  service.enableDeploymentAlarms([alarmName], { behavior: ecs.AlarmBehavior.ROLLBACK_ON_ALARM });
  service.node.addDependency(alarm);
}

export interface AlarmContext {
  /** Prefix for the alarms' names. */
  readonly prefix: string;
  readonly metrics: Metrics;
  /** Receives the alarms. */
  readonly topic: sns.ITopic;
}

/** @param definitions by the alarms' names */
export function addAlarms(
  scope: Construct,
  { prefix, metrics, topic }: AlarmContext,
  definitions: Readonly<Record<string, AlarmDefinition>>,
): void {
  for (const [name, { after, ...definition }] of Object.entries(definitions)) {
    const alarm = new cloudwatch.Alarm(scope, `alarm-${name}`, {
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...definition,
      alarmName: `${prefix}-${name}`,
    });
    if (after !== undefined) alarm.node.addDependency(after);
    alarm.addAlarmAction(new SnsAction(topic));
    // The absence of new events does not mean that the problem is solved.
    if (!metrics.countsSingleEvents(definition.metric)) alarm.addOkAction(new SnsAction(topic));
  }
}

/** The alarm on a service none of whose tasks is healthy. */
export function noHealthyTarget(
  metrics: LoadBalancerMetrics,
  service: IDependable,
  description: string,
): AlarmDefinition {
  return {
    alarmDescription: description,
    metric: metrics.healthyTargets(),
    threshold: 1,
    comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
    evaluationPeriods: 2,
    treatMissingData: TreatMissingData.BREACHING,
    after: service,
  };
}

function taskAlarms({
  metrics,
  service,
  desiredCount,
}: ServiceAlarmsProps): Readonly<Record<string, AlarmDefinition>> {
  const what = 'No healthy target for two minutes: the Co-signer gets no answers';
  return {
    'no-healthy-target': noHealthyTarget(metrics, service, what),
    // With one task, it would say the same.
    ...(desiredCount > 1 && {
      'task-missing': {
        alarmDescription: 'Fewer healthy tasks than desiredCount for ten minutes; the others answer',
        metric: metrics.healthyTargets(),
        threshold: desiredCount,
        comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: 10,
        after: service,
      },
    }),
  };
}

/**
 * @param certificate ARN of the load balancer's certificate
 * @param why a response of the load balancer's own, at the end of a sentence
 */
export function loadBalancerAlarms(
  metrics: LoadBalancerMetrics,
  certificate: string,
  why: string,
): Readonly<Record<string, AlarmDefinition>> {
  return {
    certificate: {
      alarmDescription: `The load balancer's certificate ends in less than ${CERTIFICATE_DAYS} days`,
      metric: metrics.daysToExpiry(certificate),
      threshold: CERTIFICATE_DAYS,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      // Keeps its state when ACM stops reporting at the end, and before the first report.
      treatMissingData: TreatMissingData.IGNORE,
    },
    'target-5xx': {
      alarmDescription: 'The service returned a 5xx response',
      metric: metrics.fromTargets('HTTPCode_Target_5XX_Count', Stats.SUM),
      threshold: 1,
    },
    'load-balancer-5xx': {
      alarmDescription: `The load balancer returned a 5xx response because ${why}`,
      metric: metrics.fromLoadBalancer('HTTPCode_ELB_5XX_Count', Stats.SUM),
      threshold: 1,
    },
  };
}

function utilizationAlarms(metrics: ServiceMetrics): Readonly<Record<string, AlarmDefinition>> {
  const above80Percent = {
    threshold: 80,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: 2,
  };
  return {
    cpu: {
      alarmDescription: 'CPU utilization above 80 % for ten minutes',
      metric: metrics.cpu(),
      ...above80Percent,
    },
    memory: {
      alarmDescription: 'Memory utilization above 80 % for ten minutes',
      metric: metrics.memory(),
      ...above80Percent,
    },
  };
}

function logAlarms(metrics: Metrics): Readonly<Record<string, AlarmDefinition>> {
  const code: keyof typeof REFUSALS = 'invalid_token';
  return {
    'invalid-token': {
      alarmDescription: 'A request was not signed with a known Co-signer key',
      metric: metrics.fromLog('Refusals', { code }),
      threshold: 1,
    },
    integrity: {
      alarmDescription: 'A request contradicts itself or what it signs, and was rejected',
      metric: metrics.fromLog('IntegrityRefusals'),
      threshold: 1,
    },
    errors: {
      alarmDescription: 'The service logged an error',
      metric: metrics.fromLog('Errors'),
      threshold: 1,
    },
    'key-refresh': {
      alarmDescription: 'The keys in SSM could not be loaded; the service keeps its current keys',
      metric: metrics.fromLog('KeyRefreshFailures'),
      threshold: 1,
    },
    'policy-refresh': {
      alarmDescription:
        'The stored policy, or a list that it names, could not be loaded; the service keeps the current one',
      metric: metrics.fromLog('PolicyRefreshFailures'),
      threshold: 1,
    },
    'emergency-stop': {
      alarmDescription: 'Decisions are stopped: every request is answered with RETRY or REJECT',
      metric: metrics.fromLog('EmergencyStops' satisfies keyof typeof STATE_EVENTS),
      threshold: 1,
    },
    stale: {
      alarmDescription: 'Keys or policy are older than maxStalenessSeconds: every decision is RETRY',
      metric: metrics.fromLog('Stale' satisfies keyof typeof STATE_EVENTS),
      threshold: 1,
    },
  };
}

/** More than one conflict a second. */
const MANY_CONFLICTS = 300;

function storeAlarms(metrics: Metrics): Readonly<Record<string, AlarmDefinition>> {
  const throttled = (what: 'Read' | 'Write') => ({
    alarmDescription: `DynamoDB throttled ${what.toLowerCase()}s of the store`,
    metric: metrics.fromTable(`${what}ThrottleEvents`, Stats.SUM),
    threshold: 1,
  });
  return {
    'store-failed': {
      alarmDescription: 'The store could not be read or written: requests were answered with RETRY',
      metric: metrics.fromLog('StoreFailures'),
      threshold: 1,
    },
    'store-lost': {
      alarmDescription:
        'The store has lost records: every request is answered with RETRY until it is accepted',
      metric: metrics.fromLog('StoreLosses'),
      threshold: 1,
    },
    'store-read-throttled': throttled('Read'),
    'store-write-throttled': throttled('Write'),
    'store-conflicts': {
      alarmDescription: 'More than one conflict a second: many tasks decide on the same counters',
      metric: metrics.fromLog('StoreConflicts'),
      threshold: MANY_CONFLICTS,
    },
  };
}

function recordAlarms(metrics: Metrics): Readonly<Record<string, AlarmDefinition>> {
  return {
    changed: {
      alarmDescription: 'A transaction was changed after its approval, and was rejected',
      metric: metrics.fromLog('Changed'),
      threshold: 1,
    },
    'answer-unverified': {
      alarmDescription: "A stored answer is not the handler's own, and was not repeated",
      metric: metrics.fromLog('UnverifiedAnswers'),
      threshold: 1,
    },
    'seal-failed': {
      alarmDescription: 'The heads of the records could not be sealed in the archive',
      metric: metrics.fromLog('SealFailures'),
      threshold: 1,
    },
    unsealed: {
      alarmDescription: 'No head was sealed for ten minutes in which decisions were recorded',
      metric: metrics.unsealed(),
      threshold: 1,
      evaluationPeriods: 2,
    },
  };
}
