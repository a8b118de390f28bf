// Metrics for the handler: those that filters extract from its log, and those from the load balancer, ECS, Lambda and
// DynamoDB.
import { Duration, Fn } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

const { FilterPattern } = logs;

/** Log events that report a failed refresh. The service continues to use its current keys, policy or list. */
const REFRESH_FAILURES = {
  key: ['key_refresh_failed', 'key_refused', 'key_missing'],
  policy: [
    'policy_refresh_failed',
    'policy_refused',
    'policy_missing',
    'list_refresh_failed',
    'list_refused',
  ],
};

/**
 * Log events that the service repeats as long as a state lasts, at least once a minute. The alarms on these metrics
 * therefore return to OK after the state has ended. A function repeats them only while it gets requests.
 */
export const STATE_EVENTS = { EmergencyStops: 'emergency_stop', Stale: 'stale' } as const;

/** The same for the console. */
export const CONSOLE_STATE_EVENTS = { HoldsOverTen: 'holds_waiting' } as const;

/** Log events about the store, by the metric that counts them. */
const STORE_EVENTS = {
  /** Requests were answered with RETRY. */
  StoreFailures: ['store_failed', 'loss_check_failed'],
  StoreLosses: ['store_lost'],
  StoreConflicts: ['store_conflict'],
  UnverifiedAnswers: ['stored_answer_unverified'],
  SealFailures: ['seal_failed'],
} as const;

/** Log events of a fault in the handler or its store. An unverified request causes none of them. */
const FAULTS = ['decision_failed', 'store_failed', 'stored_answer_unverified', 'crashed'];

const FIVE_MINUTES = Duration.minutes(5);

/** A pattern for the lines of an event. */
export const event = (name: string) => FilterPattern.stringValue('$.event', '=', name);

/** A pattern for lines that report an error. */
export const ERRORS = FilterPattern.any(
  FilterPattern.stringValue('$.level', '=', 'error'),
  FilterPattern.stringValue('$.level', '=', 'fatal'),
);

/**
 * @param namespace namespace for the metrics that are extracted from the log
 * @returns creates a filter for a metric
 */
export function filtersFor(scope: Construct, logGroup: logs.ILogGroup, namespace: string) {
  return (
    metricName: string,
    filterPattern: logs.IFilterPattern,
    options: Partial<logs.MetricFilterOptions> = {},
  ) =>
    new logs.MetricFilter(scope, metricName, {
      logGroup,
      metricNamespace: namespace,
      metricName,
      filterPattern,
      ...options,
    });
}

/** @param namespace namespace for the metrics that are extracted from the log */
export function createMetricFilters(scope: Construct, logGroup: logs.ILogGroup, namespace: string): void {
  const createFilter = filtersFor(scope, logGroup, namespace);

  createFilter('Decisions', event('decision'), { dimensions: { action: '$.action' } });
  createFilter('DecisionDuration', event('decision'), {
    metricValue: '$.durationMs',
    unit: cloudwatch.Unit.MILLISECONDS,
  });
  createFilter('Refusals', event('refused'), { dimensions: { code: '$.code' } });
  createFilter('IntegrityRefusals', event('integrity_failed'));
  createFilter('Errors', ERRORS);
  createFilter('KeyRefreshFailures', FilterPattern.any(...REFRESH_FAILURES.key.map(event)));
  createFilter('PolicyRefreshFailures', FilterPattern.any(...REFRESH_FAILURES.policy.map(event)));
  // With the code, the event is `refused`: HTTP 500.
  createFilter(
    'Faults',
    FilterPattern.any(...FAULTS.map(event), FilterPattern.stringValue('$.code', '=', 'internal_error')),
  );
  createFilter('CandidateDifferences', event('candidate_differs'));
  for (const [metricName, name] of Object.entries(STATE_EVENTS)) createFilter(metricName, event(name));
  for (const [metricName, names] of Object.entries(STORE_EVENTS)) {
    createFilter(metricName, FilterPattern.any(...names.map(event)));
  }
  createFilter(
    'Changed',
    FilterPattern.all(event('decision'), FilterPattern.stringValue('$.rule', '=', 'changed')),
  );
  // 0 for each minute with lines but without a sealed head, so that the alarm does not wait for a value.
  createFilter('Sealed', event('sealed'), { defaultValue: 0 });
}

/** The end of the ARN: app/<name>/<id>. AWS emulators do not support the LoadBalancerFullName attribute. */
export function loadBalancerId(arn: string): string {
  return Fn.select(1, Fn.split(':loadbalancer/', arn));
}

/** The end of the ARN: targetgroup/<name>/<id>. */
export function targetGroupId(arn: string): string {
  return Fn.select(5, Fn.split(':', arn));
}

export interface MetricsProps {
  /** Namespace for the metrics that are extracted from the log. */
  readonly namespace: string;
  /** The name of the store's table. */
  readonly table: string;
  /** Whether states are logged only with requests, as a function does. @default false */
  readonly logsOnRequests?: boolean;
}

/** Creates metrics for alarms and graphs. Their period is five minutes. */
export class Metrics {
  readonly #props: MetricsProps;

  constructor(props: MetricsProps) {
    this.#props = props;
  }

  /** A metric from `createMetricFilters`. */
  fromLog(metricName: string, dimensionsMap: Record<string, string> = {}): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: this.#props.namespace,
      metricName,
      dimensionsMap,
      statistic: cloudwatch.Stats.SUM,
      period: FIVE_MINUTES,
    });
  }

  /** Whether the metric counts log events that are not repeated while their cause lasts. */
  countsSingleEvents(metric: cloudwatch.IMetric): boolean {
    if (!(metric instanceof cloudwatch.Metric)) return false;
    const { namespace, metricName } = metric;
    const repeats = this.#props.logsOnRequests === true ? [] : Object.keys(STATE_EVENTS);
    const isState = repeats.includes(metricName) || metricName in CONSOLE_STATE_EVENTS;
    return namespace === this.#props.namespace && !isState;
  }

  /** 1 for a period in which something was decided, but no head was sealed. */
  unsealed(): cloudwatch.MathExpression {
    return new cloudwatch.MathExpression({
      expression: 'IF(decisions > 0 AND sealed < 1, 1, 0)',
      usingMetrics: {
        decisions: this.fromLog('DecisionDuration').with({ statistic: cloudwatch.Stats.SAMPLE_COUNT }),
        sealed: this.fromLog('Sealed'),
      },
      period: FIVE_MINUTES,
    });
  }

  fromTable(
    metricName: string,
    statistic: string,
    dimensions: Record<string, string> = {},
  ): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/DynamoDB',
      metricName,
      dimensionsMap: { TableName: this.#props.table, ...dimensions },
      statistic,
      period: FIVE_MINUTES,
    });
  }

  fromFunction(FunctionName: string, metricName: string, statistic: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName },
      statistic,
      period: FIVE_MINUTES,
    });
  }

  /** @param Stage the only stage of the API */
  fromApi(ApiName: string, Stage: string, metricName: string, statistic: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiName, Stage },
      statistic,
      period: FIVE_MINUTES,
    });
  }
}

export interface LoadBalancerMetricsProps extends MetricsProps {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  readonly targetGroup: elbv2.IApplicationTargetGroup;
}

/** The metrics of what is behind a load balancer. */
export class LoadBalancerMetrics extends Metrics {
  readonly #parts: LoadBalancerMetricsProps;

  constructor(props: LoadBalancerMetricsProps) {
    super(props);
    this.#parts = props;
  }

  fromLoadBalancer(
    metricName: string,
    statistic: string,
    dimensions: Record<string, string> = {},
  ): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/ApplicationELB',
      metricName,
      dimensionsMap: {
        LoadBalancer: loadBalancerId(this.#parts.loadBalancer.loadBalancerArn),
        ...dimensions,
      },
      statistic,
      period: FIVE_MINUTES,
    });
  }

  fromTargets(metricName: string, statistic: string): cloudwatch.Metric {
    return this.fromLoadBalancer(metricName, statistic, {
      TargetGroup: targetGroupId(this.#parts.targetGroup.targetGroupArn),
    });
  }

  /**
   * Healthy tasks in a minute, by the node of the load balancer that counts most: one node may have lost its zone, or
   * not checked a new task yet, while the others send requests to it.
   */
  healthyTargets(): cloudwatch.Metric {
    return this.fromTargets('HealthyHostCount', cloudwatch.Stats.MAXIMUM).with({
      period: Duration.minutes(1),
    });
  }

  /** Days until a certificate in ACM ends. ACM reports them twice a day, and no longer after the end. */
  daysToExpiry(CertificateArn: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/CertificateManager',
      metricName: 'DaysToExpiry',
      dimensionsMap: { CertificateArn },
      statistic: cloudwatch.Stats.MINIMUM,
      period: Duration.days(1),
    });
  }
}

/** The metrics of a service of ECS behind a load balancer. */
export class ServiceMetrics extends LoadBalancerMetrics {
  readonly #service: ecs.FargateService;

  constructor(props: LoadBalancerMetricsProps & { readonly service: ecs.FargateService }) {
    super(props);
    this.#service = props.service;
  }

  cpu(): cloudwatch.Metric {
    return this.#service.metricCpuUtilization({ period: FIVE_MINUTES });
  }

  memory(): cloudwatch.Metric {
    return this.#service.metricMemoryUtilization({ period: FIVE_MINUTES });
  }
}
