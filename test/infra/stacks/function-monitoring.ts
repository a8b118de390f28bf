// Tests the monitoring of the function, behind each front: metrics from its log, alarms and the dashboard.
import t from 'tap';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { type Resource, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

const FRONTS = [
  ['callback', CHOICES.concurrency, 'fireblocks-dev-'],
  ['api', { ...CHOICES.concurrency, ...CHOICES.api }, 'fireblocks-dev-api-'],
] as const;

/** The alarms by the end of their names. */
const alarms = (stacks: Synthesized, prefix: string): Readonly<Record<string, Json>> =>
  Object.fromEntries(
    stacks
      .resources('AWS::CloudWatch::Alarm')
      .map(({ Properties }) => [String(Properties['AlarmName']).replace(prefix, ''), Properties]),
  );

for (const [stack, changes, prefix] of FRONTS) {
  t.test(
    `${stack}: alarms watch the function, its front, its log and the store, and notify the topic`,
    (t) => {
      const stacks = synthesize('dev', changes);
      const found = alarms(stacks, prefix);
      const ofTasks = Object.keys(alarms(synthesize(), 'fireblocks-dev-'));
      const onlyTasks = ['rollout', 'no-healthy-target', 'cpu', 'memory'];
      const ofLoadBalancer = ['certificate', 'target-5xx', 'load-balancer-5xx'];
      t.strictSame(
        Object.keys(found).sort(),
        [
          ...ofTasks.filter((name) => !onlyTasks.includes(name) && !ofLoadBalancer.includes(name)),
          ...['function-concurrency', 'function-errors', 'function-throttles'],
          ...(stack === 'callback' ? ofLoadBalancer : ['5xx']),
        ].sort(),
      );
      const ofFunction = { Namespace: 'AWS/Lambda', Dimensions: [{ Value: 'callback-handler-dev' }] };
      t.match(found['function-errors'], {
        ...ofFunction,
        MetricName: 'Errors',
        Statistic: 'Sum',
        Threshold: 1,
      });
      t.match(found['function-throttles'], { ...ofFunction, MetricName: 'Throttles', Threshold: 1 });
      t.match(found['latency'], {
        ...ofFunction,
        MetricName: 'Duration',
        ExtendedStatistic: 'p99',
        Threshold: 5000,
      });
      t.match(found['function-concurrency'], {
        ...ofFunction,
        MetricName: 'ConcurrentExecutions',
        Statistic: 'Maximum',
        Threshold: 16,
        ComparisonOperator: 'GreaterThanThreshold',
      });
      for (const [name, { AlarmActions }] of Object.entries(found))
        t.match(toText((AlarmActions as unknown[])[0]), /^<MonitoringAlarms/, name);
      t.equal(stacks.resources('AWS::SNS::Topic', stack).length, 1);
      t.end();
    },
  );

  t.test(`${stack}: the dashboard shows the function beside decisions and the store`, (t) => {
    const [dashboard] = synthesize('dev', changes).resources('AWS::CloudWatch::Dashboard', stack);
    t.equal(dashboard?.Properties['DashboardName'], prefix.slice(0, -1));
    const body = toText(dashboard?.Properties['DashboardBody']);
    for (const part of ['Decisions', 'AWS/Lambda', 'ConcurrentExecutions', 'AWS/DynamoDB'])
      t.ok(body.includes(part), part);
    t.notOk(body.includes('AWS/ECS'));
    t.end();
  });
}

t.test(
  'no alarm on the log says that a state has cleared, because a function without requests logs nothing',
  (t) => {
    for (const [, changes, prefix] of FRONTS)
      for (const [name, { AlarmActions, OKActions, Namespace }] of Object.entries(
        alarms(synthesize('dev', changes), prefix),
      )) {
        const ofLog = Namespace === 'CallbackHandler/fireblocks-dev';
        t.strictSame(OKActions, ofLog ? undefined : AlarmActions, name);
      }
    t.end();
  },
);

t.test('the API has an alarm on its own 5xx responses', (t) => {
  const found = alarms(synthesize('dev', CHOICES.api), 'fireblocks-dev-api-');
  t.match(found['5xx'], {
    Namespace: 'AWS/ApiGateway',
    MetricName: '5XXError',
    Dimensions: [
      { Name: 'ApiName', Value: 'callback-handler-dev' },
      { Name: 'Stage', Value: 'dev' },
    ],
    Statistic: 'Sum',
    Threshold: 1,
  });
  t.end();
});

t.test('without a reserved concurrency, or with one of a few, there is no alarm on it', (t) => {
  for (const lambda of [{}, { reservedConcurrency: 4 }])
    t.notOk(
      'function-concurrency' in alarms(synthesize('dev', { ...CHOICES.lambda, lambda }), 'fireblocks-dev-'),
    );
  t.end();
});

t.test('each metric that an alarm or a graph reads from the log is counted, once', (t) => {
  const filters = (stacks: Synthesized): string[] =>
    stacks.resources('AWS::Logs::MetricFilter').map(({ Properties }: Resource) => {
      const [metric] = Properties['MetricTransformations'] as Json[];
      return String(metric?.['MetricName']);
    });
  const ofTasks = filters(synthesize()).sort();
  for (const [stack, changes] of FRONTS) {
    const stacks = synthesize('dev', changes);
    t.strictSame(filters(stacks).sort(), ofTasks, stack);
    for (const { Properties } of stacks.resources('AWS::Logs::MetricFilter', 'function'))
      t.match(toText(Properties['LogGroupName']), /^<Log[0-9A-F]{8}>$/);
    t.strictSame(stacks.resources('AWS::Logs::MetricFilter', stack), []);
  }
  const withConsole = synthesize('dev', { ...CHOICES.lambda, ...CHOICES.console });
  const [unverified] = withConsole
    .resources('AWS::Logs::MetricFilter', 'console')
    .filter(({ Properties }) => JSON.stringify(Properties).includes('DecisionsUnverified'));
  t.equal(unverified?.Properties['LogGroupName'], '/aws/lambda/callback-handler-dev');
  t.end();
});
