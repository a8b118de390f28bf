// Monitoring for the function and what invokes it, a load balancer or an API: alarms and their topic, and a dashboard.
// Metrics from the function's log are in the function's own stack.
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import type { Names } from '../names.js';
import { addAlarms, type AlarmDefinition, handlerAlarms, loadBalancerAlarms } from './alarms.js';
import { createDashboard, errorGraph, graph } from './dashboard.js';
import { LoadBalancerMetrics, Metrics, type MetricsProps } from './metrics.js';
import { createTopic } from './topic.js';

const { Stats, ComparisonOperator } = cloudwatch;

/** A smaller reserved concurrency is nearly used up by every request. */
const LEAST_RESERVED = 5;

interface LoadBalancerParts {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  readonly targetGroup: elbv2.IApplicationTargetGroup;
  /** ARN of the load balancer's certificate. */
  readonly certificate: string;
}

export interface FunctionMonitoringProps {
  readonly deployment: Deployment;
  /** Encrypts alarm notifications. */
  readonly key: kms.IKey;
  /** @default - an API invokes the function */
  readonly front?: LoadBalancerParts;
}

/** What a front adds to the alarms and the graphs. */
interface Front {
  /** Prefix of the alarms' names, and name of the dashboard: both fronts exist while one replaces the other. */
  readonly prefix: string;
  readonly metrics: Metrics;
  readonly alarms: Readonly<Record<string, AlarmDefinition>>;
  /** Responses that report an error. */
  readonly errors: cloudwatch.IMetric[];
}

export class FunctionMonitoring extends Construct {
  /** Receives notifications from all alarms. */
  readonly topic: sns.Topic;

  constructor(scope: Construct, id: string, { deployment, key, front }: FunctionMonitoringProps) {
    super(scope, id);
    this.topic = createTopic(this, deployment, key);
    const { prefix, metrics, alarms, errors } =
      front === undefined ? apiFront(deployment) : loadBalancerFront(deployment, front);
    addAlarms(
      this,
      { prefix, metrics, topic: this.topic },
      { ...functionAlarms(metrics, deployment), ...alarms, ...handlerAlarms(metrics) },
    );
    createDashboard(this, prefix, metrics, functionGraphs(metrics, deployment.names.function, errors));
  }
}

function logAndTable({ metrics, table }: Names): MetricsProps {
  return { namespace: metrics, table, logsOnRequests: true };
}

function loadBalancerFront({ names }: Deployment, { certificate, ...parts }: LoadBalancerParts): Front {
  const metrics = new LoadBalancerMetrics({ ...logAndTable(names), ...parts });
  return {
    prefix: names.prefix,
    metrics,
    alarms: loadBalancerAlarms(metrics, certificate, 'the function did not answer'),
    errors: [
      metrics.fromTargets('HTTPCode_Target_5XX_Count', Stats.SUM).with({ label: '5xx from the function' }),
      metrics
        .fromLoadBalancer('HTTPCode_ELB_5XX_Count', Stats.SUM)
        .with({ label: '5xx from the load balancer' }),
    ],
  };
}

function apiFront({ names, environment }: Deployment): Front {
  const metrics = new Metrics(logAndTable(names));
  const responses = metrics.fromApi(names.api, environment, '5XXError', Stats.SUM);
  return {
    prefix: `${names.prefix}-api`,
    metrics,
    alarms: {
      '5xx': {
        alarmDescription: 'The function or the API returned a 5xx response',
        metric: responses,
        threshold: 1,
      },
    },
    errors: [responses.with({ label: '5xx from the API' })],
  };
}

function functionAlarms(
  metrics: Metrics,
  { names, settings }: Deployment,
): Readonly<Record<string, AlarmDefinition>> {
  const fromFunction = (name: string, statistic: string) =>
    metrics.fromFunction(names.function, name, statistic);
  const reserved = settings.lambda?.reservedConcurrency ?? 0;
  return {
    'function-errors': {
      alarmDescription: 'An invocation of the function failed: it stopped, or took more than 29 s',
      metric: fromFunction('Errors', Stats.SUM),
      threshold: 1,
    },
    'function-throttles': {
      alarmDescription: 'Lambda refused to invoke the function: its concurrency was used up',
      metric: fromFunction('Throttles', Stats.SUM),
      threshold: 1,
    },
    latency: {
      alarmDescription: 'p99 duration of the function above 5 s; the Co-signer times out after 30 s',
      metric: fromFunction('Duration', Stats.p(99)),
      threshold: 5000,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    },
    ...(reserved >= LEAST_RESERVED && {
      'function-concurrency': {
        alarmDescription: 'More than 80 % of the reserved concurrency was in use',
        metric: fromFunction('ConcurrentExecutions', Stats.MAXIMUM),
        threshold: reserved * 0.8,
        comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      },
    }),
  };
}

function functionGraphs(metrics: Metrics, name: string, errors: cloudwatch.IMetric[]): cloudwatch.IWidget[] {
  const fromFunction = (metric: string, statistic: string, label: string) =>
    metrics.fromFunction(name, metric, statistic).with({ label });
  return [
    graph('Function', [
      fromFunction('Invocations', Stats.SUM, 'invocations'),
      fromFunction('Errors', Stats.SUM, 'errors'),
      fromFunction('Throttles', Stats.SUM, 'throttled'),
      fromFunction('ConcurrentExecutions', Stats.MAXIMUM, 'at the same time'),
    ]),
    graph('Duration of the function (ms)', [
      fromFunction('Duration', Stats.p(50), 'p50'),
      fromFunction('Duration', Stats.p(99), 'p99'),
    ]),
    errorGraph(metrics, errors),
  ];
}
