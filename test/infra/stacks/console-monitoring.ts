// Tests the console's monitoring: metrics, alarms, dashboard and the saved query.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { synthesize, toText } from '../../helpers/stacks.js';

const stacks = synthesize('dev', CHOICES.console);
const LOG = 'CallbackHandler/fireblocks-dev';

const alarms = Object.fromEntries(
  stacks
    .resources('AWS::CloudWatch::Alarm', 'console')
    .map(({ Properties }) => [String(Properties['AlarmName']).replace('fireblocks-dev-', ''), Properties]),
);

const filters = stacks.resources('AWS::Logs::MetricFilter', 'console').map(({ Properties }) => {
  const [metric] = Properties['MetricTransformations'] as Json[];
  return {
    name: String(metric?.['MetricName']),
    value: String(metric?.['MetricValue']),
    pattern: String(Properties['FilterPattern']),
    log: toText(Properties['LogGroupName']),
  };
});

t.test('alarms on waiting requests, failed assertions, errors, and a console that is down', (t) => {
  const any = {
    Namespace: LOG,
    Threshold: 1,
    EvaluationPeriods: 1,
    Period: 300,
    TreatMissingData: 'notBreaching',
  };
  const expected = {
    'holds-waiting': { ...any, MetricName: 'HoldsOverTen', Statistic: 'Maximum' },
    'decision-unverified': { ...any, MetricName: 'DecisionsUnverified', Statistic: 'Sum' },
    'decision-refused': { ...any, MetricName: 'DecisionsRefused', Statistic: 'Sum' },
    'sign-in-refused': { ...any, MetricName: 'SignInsRefused', Statistic: 'Sum' },
    'console-errors': { ...any, MetricName: 'ConsoleErrors', Statistic: 'Sum' },
    'console-down': {
      MetricName: 'HealthyHostCount',
      Statistic: 'Maximum',
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      EvaluationPeriods: 2,
      Period: 60,
      TreatMissingData: 'breaching',
    },
  };
  t.strictSame(Object.keys(alarms).sort(), Object.keys(expected).sort());
  for (const [name, properties] of Object.entries(expected)) t.match(alarms[name], properties, name);
  t.end();
});

t.test('all alarms notify the topic of the handler; those about a state also when it clears', (t) => {
  for (const [name, { AlarmActions, OKActions }] of Object.entries(alarms)) {
    t.match(JSON.stringify(AlarmActions), /"CallbackMonitoringAlarms"/, name);
    const isState = ['holds-waiting', 'console-down'].includes(name);
    t.strictSame(OKActions, isState ? AlarmActions : undefined, name);
  }
  t.end();
});

t.test('the alarm on a console that is down is about its own targets', (t) => {
  const dimensions = alarms['console-down']?.['Dimensions'] as { Name: string; Value: unknown }[];
  const targets = JSON.stringify(dimensions.find(({ Name }) => Name === 'TargetGroup'));
  const [id] = Object.entries(
    stacks.stacks.find(({ name }) => name === 'console')?.json.Resources ?? {},
  ).find(([, { Type }]) => Type === 'AWS::ElasticLoadBalancingV2::TargetGroup') ?? [''];
  t.match(targets, `{"Ref":"${id}"}`);
  t.end();
});

t.test('each log metric of an alarm has a filter on the log of the process that writes the event', (t) => {
  for (const { Namespace, MetricName } of Object.values(alarms)) {
    if (Namespace !== LOG) continue;
    const filter = filters.find(({ name }) => name === MetricName);
    t.ok(filter, String(MetricName));
    const isHandler = MetricName === 'DecisionsUnverified';
    t.match(filter?.log, isHandler ? '/ecs/callback-handler/dev' : /^<Log\w+>$/);
  }
  t.strictSame(
    filters
      .filter(({ value }) => value !== '1')
      .map(({ name, value }) => [name, value])
      .sort(),
    [
      ['HoldsOverTen', '$.overTen'],
      ['HoldsWaiting', '$.waiting'],
      ['OldestHoldMinutes', '$.oldestMinutes'],
    ],
  );
  t.end();
});

t.test('metric filters and the query use events and fields that the source logs', (t) => {
  const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
    .join('\n');
  const events = filters.flatMap(({ pattern }) => [...pattern.matchAll(/event = "(\w+)"/g)]);
  for (const event of new Set(events.map(([, event = '']) => event)))
    t.ok(source.includes(`event: '${event}'`), event);
  for (const field of ['waiting', 'oldestMinutes', 'overTen', 'approver', 'verdict'])
    t.ok(new RegExp(`\\b${field}\\b`).test(source), field);
  t.end();
});

t.test('a dashboard shows waiting requests, and decisions by person', (t) => {
  const [dashboard] = stacks.resources('AWS::CloudWatch::Dashboard', 'console');
  t.equal(dashboard?.Properties['DashboardName'], 'fireblocks-dev-console');
  const body = JSON.stringify(dashboard?.Properties['DashboardBody']);
  for (const part of ['Requests that wait for people', 'Longest wait', 'by approver, verdict'])
    t.match(body, part);
  t.strictSame(
    stacks.resources('AWS::Logs::QueryDefinition', 'console').map(({ Properties }) => Properties['Name']),
    ['fireblocks-dev/decisions-by-person'],
  );
  t.end();
});
