import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ACTIONS } from '../../src/protocol/decision.js';
import { REFUSALS } from '../../src/protocol/refusal.js';
import { ROOT } from '../helpers/cli.js';
import { type Json, synthesize, textOf } from '../helpers/stacks.js';

interface Alarm extends Json {
  readonly AlarmName: string;
  readonly Dimensions?: readonly { Name: string; Value: unknown }[];
}

const stacks = synthesize(t, 'dev', { alarmEmail: 'operators@example.com' });
const callback = stacks.template('callback');
const alarms = Object.fromEntries(
  stacks
    .resources('AWS::CloudWatch::Alarm', 'callback')
    .map(({ Properties }) => [
      (Properties as Alarm).AlarmName.replace('fireblocks-dev-', ''),
      Properties as Alarm,
    ]),
);

t.test('alarms wake somebody for what the guide names', (t) => {
  const from = (namespace: string, metric: string, rest: Json) => ({
    Namespace: namespace,
    MetricName: metric,
    ...rest,
  });
  const loadBalancer = 'AWS/ApplicationELB';
  const log = 'CallbackHandler/fireblocks-dev';
  const any = { Threshold: 1, ComparisonOperator: 'GreaterThanOrEqualToThreshold', Statistic: 'Sum' };
  const busy = {
    Threshold: 80,
    EvaluationPeriods: 2,
    Period: 300,
    ComparisonOperator: 'GreaterThanThreshold',
  };
  const expected = {
    'no-healthy-target': from(loadBalancer, 'HealthyHostCount', {
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      Statistic: 'Minimum',
      TreatMissingData: 'breaching',
    }),
    'target-5xx': from(loadBalancer, 'HTTPCode_Target_5XX_Count', any),
    'load-balancer-5xx': from(loadBalancer, 'HTTPCode_ELB_5XX_Count', any),
    latency: from(loadBalancer, 'TargetResponseTime', {
      ExtendedStatistic: 'p99',
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
    cpu: from('AWS/ECS', 'CPUUtilization', busy),
    memory: from('AWS/ECS', 'MemoryUtilization', busy),
    'invalid-token': from(log, 'Refusals', {
      ...any,
      Dimensions: [{ Name: 'code', Value: 'invalid_token' }],
    }),
    errors: from(log, 'Errors', any),
    'key-refresh': from(log, 'KeyRefreshFailures', any),
    'policy-refresh': from(log, 'PolicyRefreshFailures', any),
  };
  t.strictSame(Object.keys(alarms).sort(), Object.keys(expected).sort());
  for (const [name, properties] of Object.entries(expected)) t.match(alarms[name], properties, name);
  t.end();
});

t.test('metrics are made of lines that the service writes', (t) => {
  const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
    .join('\n');
  const patterns = Object.fromEntries(
    stacks
      .resources('AWS::Logs::MetricFilter')
      .map(({ Properties }): [string, string] => [
        String((Properties['MetricTransformations'] as Json[])[0]?.['MetricName']),
        String(Properties['FilterPattern']),
      ]),
  );
  t.match(patterns, {
    Decisions: '{ $.event = "decision" }',
    DecisionDuration: '{ $.event = "decision" }',
    Refusals: '{ $.event = "refused" }',
    Errors: '{ ($.level = "error") || ($.level = "fatal") }',
  });
  const events = Object.values(patterns).flatMap((pattern) => [...pattern.matchAll(/event = "(\w+)"/g)]);
  t.equal(events.length, 9);
  for (const [, event = ''] of events) t.ok(source.includes(`event: '${event}'`), event);
  t.end();
});

t.test('every alarm goes to the topic, and when it is over as well', (t) => {
  for (const [name, { AlarmActions, OKActions }] of Object.entries(alarms)) {
    t.match((AlarmActions as Json[])[0]?.['Ref'], /Alarms/, name);
    t.strictSame(AlarmActions, OKActions);
  }
  callback.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'operators@example.com',
  });
  callback.resourceCountIs('AWS::SNS::Subscription', 1);
  synthesize(t).template('callback').resourceCountIs('AWS::SNS::Subscription', 0);
  t.end();
});

t.test('CloudWatch may publish to the topic, and use its key', (t) => {
  const [policy] = stacks.resources('AWS::SNS::TopicPolicy');
  t.match(JSON.stringify(policy), /"Effect":"Allow","Principal":\{"Service":"cloudwatch\.amazonaws\.com"\}/);
  t.match(JSON.stringify(stacks.resources('AWS::KMS::Key')), /"Service":"cloudwatch\.amazonaws\.com"/);
  t.end();
});

t.test('load balancer metrics are of this load balancer and target group', (t) => {
  const dimensions = Object.fromEntries(
    (alarms['latency']?.Dimensions ?? []).map(({ Name, Value }) => [Name, textOf(Value)]),
  );
  t.match(dimensions, {
    LoadBalancer: /"Fn::Select":\[1,\{"Fn::Split":\[":loadbalancer\/",\{"Ref":"LoadBalancer\w+"\}\]\}\]/,
    TargetGroup: /"Fn::Select":\[5,\{"Fn::Split":\[":",\{"Ref":"TargetGroup\w+"\}\]\}\]/,
  });
  t.end();
});

t.test('the dashboard shows every action and every refusal', (t) => {
  const [dashboard] = stacks.resources('AWS::CloudWatch::Dashboard');
  const [, parts] = (dashboard?.Properties['DashboardBody'] as { 'Fn::Join': [string, unknown[]] })[
    'Fn::Join'
  ];
  const body = parts.map((part) => (typeof part === 'string' ? part : 'reference')).join('');
  const { widgets } = JSON.parse(body) as {
    widgets: { properties: { title: string; metrics: unknown[] } }[];
  };
  const shown = JSON.stringify(widgets);
  t.strictSame(
    widgets.map(({ properties }) => properties.title),
    ['Decisions', 'Time to decide (ms)', 'Refusals', 'Targets', 'CPU and memory (%)', 'Errors'],
  );
  for (const name of [...ACTIONS, ...Object.keys(REFUSALS)]) t.ok(shown.includes(`"${name}"`), name);
  t.end();
});

t.test('queries are saved', (t) => {
  t.strictSame(
    stacks
      .resources('AWS::Logs::QueryDefinition')
      .map(({ Properties }) => Properties['Name'])
      .sort(),
    ['decisions-by-rule', 'one-request', 'refusals'].map((name) => `fireblocks-dev/${name}`),
  );
  t.end();
});
