// CloudWatch dashboard: decisions and refusals above, health and errors in the middle, the store below.
import { Duration, Lazy } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { ACTIONS } from '../../src/protocol/decision.js';
import { REFUSALS } from '../../src/protocol/refusal.js';
import type { Metrics, ServiceMetrics } from './metrics.js';

const { Stats } = cloudwatch;

/** @param healthGraphs the row in the middle: of what runs the handler, and what is called */
export function createDashboard(
  scope: Construct,
  dashboardName: string,
  metrics: Metrics,
  healthGraphs: cloudwatch.IWidget[],
): void {
  new cloudwatch.Dashboard(scope, 'Dashboard', {
    dashboardName,
    defaultInterval: Duration.hours(12),
    widgets: [decisionGraphs(metrics), healthGraphs, storeGraphs(metrics)],
  });
}

function decisionGraphs(metrics: Metrics): cloudwatch.IWidget[] {
  const duration = (statistic: string, label: string) =>
    metrics.fromLog('DecisionDuration').with({ statistic, label });
  return [
    graph('Decisions', [
      ...ACTIONS.map((action) => metrics.fromLog('Decisions', { action }).with({ label: action })),
      metrics.fromLog('CandidateDifferences').with({ label: 'the candidate would decide differently' }),
    ]),
    graph('Time to decide (ms)', [duration(Stats.p(50), 'p50'), duration(Stats.p(99), 'p99')]),
    graph(
      'Refusals',
      Object.keys(REFUSALS).map((code) => metrics.fromLog('Refusals', { code }).with({ label: code })),
    ),
  ];
}

/** Health of tasks behind a load balancer. */
export function serviceGraphs(metrics: ServiceMetrics): cloudwatch.IWidget[] {
  return [
    graph('Targets', [
      metrics.fromTargets('HealthyHostCount', Stats.MAXIMUM).with({ label: 'healthy' }),
      metrics.fromTargets('UnHealthyHostCount', Stats.MAXIMUM).with({ label: 'unhealthy' }),
    ]),
    graph('CPU and memory (%)', [
      metrics.cpu().with({ label: 'CPU' }),
      metrics.memory().with({ label: 'memory' }),
    ]),
    errorGraph(metrics, [
      metrics.fromTargets('HTTPCode_Target_5XX_Count', Stats.SUM).with({ label: '5xx from the service' }),
      metrics.fromLoadBalancer('HTTPCode_ELB_5XX_Count', Stats.SUM).with({
        label: '5xx from the load balancer',
      }),
    ]),
  ];
}

/** @param responses metrics of responses that report an error */
export function errorGraph(metrics: Metrics, responses: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return graph('Errors', [
    metrics.fromLog('Errors').with({ label: 'errors in the log' }),
    metrics.fromLog('IntegrityRefusals').with({ label: 'rejected by integrity' }),
    metrics.fromLog('KeyRefreshFailures').with({ label: 'failed key refreshes' }),
    metrics.fromLog('PolicyRefreshFailures').with({ label: 'failed policy or list refreshes' }),
    metrics.fromLog('EmergencyStops').with({ label: 'reads of an emergency stop in force' }),
    metrics.fromLog('Stale').with({ label: 'reports of stale keys or policy' }),
    ...responses,
  ]);
}

function storeGraphs(metrics: Metrics): cloudwatch.IWidget[] {
  const latency = (Operation: string, statistic: string, label: string) =>
    metrics.fromTable('SuccessfulRequestLatency', statistic, { Operation }).with({ label });
  return [
    graph('Store: time of a call (ms)', [
      latency('BatchGetItem', Stats.AVERAGE, 'read, average'),
      latency('BatchGetItem', Stats.MAXIMUM, 'read, slowest'),
      latency('TransactWriteItems', Stats.AVERAGE, 'write, average'),
      latency('TransactWriteItems', Stats.MAXIMUM, 'write, slowest'),
    ]),
    graph('Store: consumed units', [
      metrics.fromTable('ConsumedReadCapacityUnits', Stats.SUM).with({ label: 'read units' }),
      metrics.fromTable('ConsumedWriteCapacityUnits', Stats.SUM).with({ label: 'write units' }),
    ]),
    graph('Store: events', [
      metrics.fromLog('StoreConflicts').with({ label: 'conflicts' }),
      metrics.fromLog('StoreFailures').with({ label: 'failures' }),
      metrics.fromTable('ReadThrottleEvents', Stats.SUM).with({ label: 'throttled reads' }),
      metrics.fromTable('WriteThrottleEvents', Stats.SUM).with({ label: 'throttled writes' }),
      metrics.fromLog('Changed').with({ label: 'rejected as changed' }),
      metrics.fromLog('UnverifiedAnswers').with({ label: 'answers that are not our own' }),
      metrics.fromLog('Sealed').with({ label: 'sealed heads' }),
      metrics.fromLog('SealFailures').with({ label: 'failed seals' }),
    ]),
  ];
}

export function graph(title: string, left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new CompactGraph({ title, left, width: 8, height: 6, leftYAxis: { min: 0 } });
}

interface GraphJson {
  readonly properties: { readonly metrics: unknown };
}

/** In a graph's metrics, `.` stands for what the metric before has in its place. It keeps the template small. */
class CompactGraph extends cloudwatch.GraphWidget {
  override toJson(): object[] {
    return (super.toJson() as GraphJson[]).map(({ properties, ...widget }) => ({
      ...widget,
      properties: {
        ...properties,
        metrics: Lazy.uncachedAny({
          produce: (context) => compact(context.resolve(properties.metrics) as Rows),
        }),
      },
    }));
  }
}

type Rows = readonly (readonly unknown[])[];

function compact(metrics: Rows): Rows {
  return metrics.map((metric, row) =>
    metric.map((part, place) => {
      const isOption = place === metric.length - 1;
      return !isOption && JSON.stringify(part) === JSON.stringify(metrics[row - 1]?.[place]) ? '.' : part;
    }),
  );
}
