// What watches the service: metrics made from its log, alarms that wake somebody, a dashboard, saved queries.
import { Duration, Fn, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { ACTIONS } from '../src/protocol/decision.js';
import { REFUSALS } from '../src/protocol/refusal.js';
import type { Deployment } from './stack.js';

export interface MonitoringProps {
  readonly deployment: Deployment;
  readonly key: kms.IKey;
  readonly logGroup: logs.ILogGroup;
  readonly service: ecs.FargateService;
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly targetGroup: elbv2.ApplicationTargetGroup;
}

const { FilterPattern } = logs;
const { Stats, ComparisonOperator, TreatMissingData } = cloudwatch;

/** Lines that say that what is stored could not be taken up; what is in force stays in force. */
const REFRESH_FAILURES = {
  key: ['key_refresh_failed', 'key_refused', 'key_missing'],
  policy: ['policy_refresh_failed', 'policy_refused', 'policy_missing'],
};

const FIVE_MINUTES = Duration.minutes(5);

export class Monitoring extends Construct {
  /** Is told of alarms. */
  readonly topic: sns.Topic;
  readonly #props: MonitoringProps;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    this.#props = props;
    this.topic = this.#createTopic();
    this.#filterLog();
    this.#createAlarms();
    this.#createDashboard();
    this.#saveQueries();
  }

  #createTopic(): sns.Topic {
    const { deployment, key } = this.#props;
    const topic = new sns.Topic(this, 'Alarms', {
      displayName: `Callback handler, ${deployment.name}`,
      masterKey: key,
      enforceSSL: true,
    });
    topic.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    const { alarmEmail } = deployment.settings;
    if (alarmEmail !== undefined) topic.addSubscription(new EmailSubscription(alarmEmail));
    return topic;
  }

  #filterLog(): void {
    const { logGroup, deployment } = this.#props;
    const event = (name: string) => FilterPattern.stringValue('$.event', '=', name);
    const filter = (
      metricName: string,
      filterPattern: logs.IFilterPattern,
      rest: Partial<logs.MetricFilterOptions> = {},
    ) =>
      new logs.MetricFilter(this, metricName, {
        logGroup,
        metricNamespace: deployment.names.metrics,
        metricName,
        filterPattern,
        ...rest,
      });

    filter('Decisions', event('decision'), { dimensions: { action: '$.action' } });
    filter('DecisionDuration', event('decision'), {
      metricValue: '$.durationMs',
      unit: cloudwatch.Unit.MILLISECONDS,
    });
    filter('Refusals', event('refused'), { dimensions: { code: '$.code' } });
    filter(
      'Errors',
      FilterPattern.any(
        FilterPattern.stringValue('$.level', '=', 'error'),
        FilterPattern.stringValue('$.level', '=', 'fatal'),
      ),
    );
    filter('KeyRefreshFailures', FilterPattern.any(...REFRESH_FAILURES.key.map(event)));
    filter('PolicyRefreshFailures', FilterPattern.any(...REFRESH_FAILURES.policy.map(event)));
  }

  #logMetric(metricName: string, dimensionsMap: Record<string, string> = {}): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: this.#props.deployment.names.metrics,
      metricName,
      dimensionsMap,
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
    });
  }

  #loadBalancerMetric(
    metricName: string,
    statistic: string,
    dimensions: Record<string, string> = {},
  ): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/ApplicationELB',
      metricName,
      // The end of the ARN: app/<name>/<id>. By the ARN alone, for emulators know no other attribute.
      dimensionsMap: {
        LoadBalancer: Fn.select(1, Fn.split(':loadbalancer/', this.#props.loadBalancer.loadBalancerArn)),
        ...dimensions,
      },
      statistic,
      period: FIVE_MINUTES,
    });
  }

  #targetMetric(metricName: string, statistic: string): cloudwatch.Metric {
    // targetgroup/<name>/<id>
    const TargetGroup = Fn.select(5, Fn.split(':', this.#props.targetGroup.targetGroupArn));
    return this.#loadBalancerMetric(metricName, statistic, { TargetGroup });
  }

  #createAlarms(): void {
    const { service } = this.#props;
    const busy = {
      threshold: 80,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 2,
    };
    const any = { threshold: 1 };

    this.#alarm('no-healthy-target', 'No task answers: the Co-signer gets no decision', {
      metric: this.#targetMetric('HealthyHostCount', Stats.MINIMUM).with({ period: Duration.minutes(1) }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: 2,
      treatMissingData: TreatMissingData.BREACHING,
    });
    this.#alarm('target-5xx', 'The service answers with 5xx', {
      metric: this.#targetMetric('HTTPCode_Target_5XX_Count', Stats.SUM),
      ...any,
    });
    this.#alarm('load-balancer-5xx', 'The load balancer answers with 5xx of its own: no task does', {
      metric: this.#loadBalancerMetric('HTTPCode_ELB_5XX_Count', Stats.SUM),
      ...any,
    });
    this.#alarm('latency', 'p99 of the answers over 5 s; the Co-signer waits for 30', {
      metric: this.#targetMetric('TargetResponseTime', Stats.p(99)),
      threshold: 5,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    });
    this.#alarm('cpu', 'CPU over 80 % for ten minutes', {
      metric: service.metricCpuUtilization({ period: FIVE_MINUTES }),
      ...busy,
    });
    this.#alarm('memory', 'Memory over 80 % for ten minutes', {
      metric: service.metricMemoryUtilization({ period: FIVE_MINUTES }),
      ...busy,
    });
    this.#alarm('invalid-token', 'Somebody sent what no known Co-signer signed', {
      metric: this.#logMetric('Refusals', { code: 'invalid_token' satisfies keyof typeof REFUSALS }),
      ...any,
    });
    this.#alarm('errors', 'The service logged an error', { metric: this.#logMetric('Errors'), ...any });
    this.#alarm('key-refresh', 'Keys in SSM can not be taken up; those in force stay', {
      metric: this.#logMetric('KeyRefreshFailures'),
      ...any,
    });
    this.#alarm('policy-refresh', 'The policy in SSM can not be taken up; the one in force stays', {
      metric: this.#logMetric('PolicyRefreshFailures'),
      ...any,
    });
  }

  #alarm(
    name: string,
    alarmDescription: string,
    props: Omit<cloudwatch.AlarmProps, 'evaluationPeriods' | 'metric'> & {
      metric: cloudwatch.Metric;
      evaluationPeriods?: number;
    },
  ): void {
    const alarm = new cloudwatch.Alarm(this, `alarm-${name}`, {
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...props,
      alarmName: `${this.#props.deployment.names.prefix}-${name}`,
      alarmDescription,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
    // A line in the log is an event. That no other followed does not mean that what it tells of is over.
    if (props.metric.namespace !== this.#props.deployment.names.metrics) {
      alarm.addOkAction(new SnsAction(this.topic));
    }
  }

  #createDashboard(): void {
    const { deployment, service } = this.#props;
    const graph = (title: string, left: cloudwatch.IMetric[], width = 8) =>
      new cloudwatch.GraphWidget({ title, left, width, height: 6, leftYAxis: { min: 0 } });
    const duration = (statistic: string, label: string) =>
      this.#logMetric('DecisionDuration').with({ statistic, label });

    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: deployment.names.prefix,
      defaultInterval: Duration.hours(12),
      widgets: [
        [
          graph(
            'Decisions',
            ACTIONS.map((action) => this.#logMetric('Decisions', { action }).with({ label: action })),
          ),
          graph('Time to decide (ms)', [duration(Stats.p(50), 'p50'), duration(Stats.p(99), 'p99')]),
          graph(
            'Refusals',
            Object.keys(REFUSALS).map((code) => this.#logMetric('Refusals', { code }).with({ label: code })),
          ),
        ],
        [
          graph('Targets', [
            this.#targetMetric('HealthyHostCount', Stats.MINIMUM).with({ label: 'healthy' }),
            this.#targetMetric('UnHealthyHostCount', Stats.MAXIMUM).with({ label: 'unhealthy' }),
          ]),
          graph('CPU and memory (%)', [
            service.metricCpuUtilization({ label: 'CPU' }),
            service.metricMemoryUtilization({ label: 'memory' }),
          ]),
          graph('Errors', [
            this.#logMetric('Errors').with({ label: 'error lines' }),
            this.#logMetric('KeyRefreshFailures').with({ label: 'keys not refreshed' }),
            this.#logMetric('PolicyRefreshFailures').with({ label: 'policy not refreshed' }),
            this.#targetMetric('HTTPCode_Target_5XX_Count', Stats.SUM).with({ label: '5xx of the service' }),
            this.#loadBalancerMetric('HTTPCode_ELB_5XX_Count', Stats.SUM).with({
              label: '5xx of the load balancer',
            }),
          ]),
        ],
      ],
    });
  }

  #saveQueries(): void {
    const { deployment, logGroup } = this.#props;
    const query = (name: string, queryString: logs.QueryStringProps): void => {
      new logs.QueryDefinition(this, `query-${name}`, {
        queryDefinitionName: `${deployment.names.prefix}/${name}`,
        queryString: new logs.QueryString(queryString),
        logGroups: [logGroup],
      });
    };
    query('decisions-by-rule', {
      filterStatements: ['event = "decision"'],
      statsStatements: ['count(*) as decisions, max(durationMs) as slowestMs by action, rule, policy'],
      sort: 'decisions desc',
    });
    query('one-request', {
      fields: ['@timestamp', 'event', 'action', 'rule', 'reason', 'code', 'cause', '@message'],
      filterStatements: ['requestId = "REQUEST-ID" or txId = "REQUEST-ID" or traceId = "REQUEST-ID"'],
      sort: '@timestamp asc',
    });
    query('refusals', {
      filterStatements: ['event = "refused"'],
      statsStatements: ['count(*) as refusals, max(@timestamp) as last by code, cause, remoteAddress, path'],
      sort: 'refusals desc',
    });
  }
}
