// Monitoring for the console: requests that wait for people, what people decided, and decisions that were refused.
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as ecs from 'aws-cdk-lib/aws-ecs';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as sns from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { handlerLog } from '../names.js';
import { addAlarms, type AlarmDefinition, noHealthyTarget } from './alarms.js';
import { graph } from './dashboard.js';
import { CONSOLE_STATE_EVENTS, ERRORS, event, filtersFor, ServiceMetrics } from './metrics.js';

const { Stats } = cloudwatch;

export interface ConsoleMonitoringProps {
  readonly deployment: Deployment;
  /** The console's log. */
  readonly logGroup: logs.ILogGroup;
  readonly service: ecs.FargateService;
  readonly loadBalancer: elbv2.ApplicationLoadBalancer;
  readonly targetGroup: elbv2.ApplicationTargetGroup;
  /** Receives the alarms. */
  readonly alarmTopic: sns.ITopic;
}

/** Decisions by person: those that the console accepted, and the handler verifies again. */
const BY_PERSON = {
  filterStatements: ['event = "person_decided"'],
  statsStatements: ['count(*) as decisions, max(@timestamp) as last by approver, verdict'],
  sort: 'decisions desc',
};

export class ConsoleMonitoring extends Construct {
  constructor(scope: Construct, id: string, props: ConsoleMonitoringProps) {
    super(scope, id);
    const { names } = props.deployment;
    const { logGroup, service, loadBalancer, targetGroup, alarmTopic: topic } = props;
    const namespace = names.metrics;
    createConsoleFilters(this, props);
    const metrics = new ServiceMetrics({ namespace, table: names.table, service, loadBalancer, targetGroup });
    addAlarms(this, { prefix: names.prefix, metrics, topic }, consoleAlarms(metrics, service));
    new cloudwatch.Dashboard(this, 'Dashboard', {
      dashboardName: `${names.prefix}-console`,
      defaultInterval: Duration.hours(12),
      widgets: consoleWidgets(metrics, service, logGroup),
    });
    new logs.QueryDefinition(this, 'query-decisions-by-person', {
      queryDefinitionName: `${names.prefix}/decisions-by-person`,
      queryString: new logs.QueryString(BY_PERSON),
      logGroups: [logGroup],
    });
  }
}

function createConsoleFilters(scope: Construct, { deployment, logGroup }: ConsoleMonitoringProps): void {
  const { names, settings } = deployment;
  const ofConsole = filtersFor(scope, logGroup, names.metrics);
  const waiting = event(CONSOLE_STATE_EVENTS.HoldsOverTen);
  ofConsole('HoldsWaiting', waiting, { metricValue: '$.waiting' });
  ofConsole('OldestHoldMinutes', waiting, { metricValue: '$.oldestMinutes' });
  ofConsole('HoldsOverTen', waiting, { metricValue: '$.overTen' });
  ofConsole('DecisionsOfPeople', event('person_decided'));
  ofConsole('DecisionsRefused', event('decision_refused'));
  ofConsole('SignInsRefused', event('sign_in_refused'));
  ofConsole('ConsoleErrors', ERRORS);
  const log = logs.LogGroup.fromLogGroupName(scope, 'HandlerLog', handlerLog(names, settings));
  filtersFor(scope, log, names.metrics)('DecisionsUnverified', event('decision_unverified'));
}

function consoleAlarms(
  metrics: ServiceMetrics,
  service: ecs.FargateService,
): Readonly<Record<string, AlarmDefinition>> {
  const down = 'No healthy task of the console for two minutes: nobody can decide, or is told';
  return {
    'holds-waiting': {
      alarmDescription: 'A request has been waiting for people for more than ten minutes',
      metric: metrics
        .fromLog('HoldsOverTen' satisfies keyof typeof CONSOLE_STATE_EVENTS)
        .with({ statistic: Stats.MAXIMUM }),
      threshold: 1,
    },
    'decision-unverified': {
      alarmDescription: 'A stored decision of a person does not verify, and was not counted by the handler',
      metric: metrics.fromLog('DecisionsUnverified'),
      threshold: 1,
    },
    'decision-refused': {
      alarmDescription: 'The console refused the decision of a person: the passkey or its signature is wrong',
      metric: metrics.fromLog('DecisionsRefused'),
      threshold: 1,
    },
    'sign-in-refused': {
      alarmDescription: 'The console refused a passkey at the sign-in',
      metric: metrics.fromLog('SignInsRefused'),
      threshold: 1,
    },
    'console-down': noHealthyTarget(metrics, service, down),
    'console-errors': {
      alarmDescription: 'The console logged an error',
      metric: metrics.fromLog('ConsoleErrors'),
      threshold: 1,
    },
  };
}

function consoleWidgets(
  metrics: ServiceMetrics,
  service: ecs.FargateService,
  logGroup: logs.ILogGroup,
): cloudwatch.IWidget[][] {
  const largest = (name: string, label: string) =>
    metrics.fromLog(name).with({ statistic: Stats.MAXIMUM, label });
  return [
    [
      graph('Requests that wait for people', [
        largest('HoldsWaiting', 'waiting'),
        largest('HoldsOverTen', 'for more than 10 minutes'),
      ]),
      graph('Longest wait (minutes)', [largest('OldestHoldMinutes', 'oldest')]),
      graph('Decisions of people', [
        metrics.fromLog('DecisionsOfPeople').with({ label: 'decided' }),
        metrics.fromLog('DecisionsRefused').with({ label: 'refused by the console' }),
        metrics.fromLog('DecisionsUnverified').with({ label: 'not verified by the handler' }),
        metrics.fromLog('SignInsRefused').with({ label: 'refused sign-ins' }),
      ]),
    ],
    [
      graph('Console: targets', [
        metrics.fromTargets('HealthyHostCount', Stats.MAXIMUM).with({ label: 'healthy' }),
        metrics.fromTargets('UnHealthyHostCount', Stats.MAXIMUM).with({ label: 'unhealthy' }),
      ]),
      graph('Console: CPU and memory (%)', [
        service.metricCpuUtilization({ label: 'CPU' }),
        service.metricMemoryUtilization({ label: 'memory' }),
      ]),
      graph('Console: errors', [metrics.fromLog('ConsoleErrors').with({ label: 'errors in the log' })]),
    ],
    [
      new cloudwatch.LogQueryWidget({
        title: 'Decisions by person',
        logGroupNames: [logGroup.logGroupName],
        queryLines: [
          'fields @timestamp',
          `filter ${BY_PERSON.filterStatements.join(' and ')}`,
          `stats ${BY_PERSON.statsStatements.join(', ')}`,
          `sort ${BY_PERSON.sort}`,
        ],
        width: 24,
        height: 6,
      }),
    ],
  ];
}
