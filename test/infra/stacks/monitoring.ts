// Tests for monitoring: metrics, alarms, dashboard and saved queries.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ACTIONS } from '../../../src/protocol/decision.js';
import { decideBy } from '../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { REFUSALS } from '../../../src/protocol/refusal.js';
import { testApp } from '../../helpers/app.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { listOf, type Resource, synthesize, toText } from '../../helpers/stacks.js';

/** Logical ids of the callback stack's resources of a type. */
function resourceIds(type: string): string[] {
  const resources = stacks.stacks.find(({ name }) => name === 'callback')?.json.Resources ?? {};
  return Object.keys(resources).filter((id) => resources[id]?.Type === type);
}

interface Alarm extends Json {
  readonly AlarmName: string;
  readonly Dimensions?: readonly { Name: string; Value: unknown }[];
}

// Two tasks, so that all alarms exist.
const stacks = synthesize('dev', { alarmEmail: 'operators@example.com', desiredCount: 2 });
const callback = stacks.template('callback');
const alarms = Object.fromEntries(
  stacks
    .resources('AWS::CloudWatch::Alarm', 'callback')
    .map(({ Properties }) => [
      (Properties as Alarm).AlarmName.replace('fireblocks-dev-', ''),
      Properties as Alarm,
    ]),
);

t.test('each alarm has its metric, threshold and period', (t) => {
  const from = (namespace: string, metric: string, rest: Json) => ({
    Namespace: namespace,
    MetricName: metric,
    ...rest,
  });
  const loadBalancer = 'AWS/ApplicationELB';
  const log = 'CallbackHandler/fireblocks-dev';
  const any = {
    EvaluationPeriods: 1,
    Period: 300,
    TreatMissingData: 'notBreaching',
    Threshold: 1,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Statistic: 'Sum',
  };
  const busy = {
    Threshold: 80,
    EvaluationPeriods: 2,
    Period: 300,
    ComparisonOperator: 'GreaterThanThreshold',
  };
  const table = [{ Name: 'TableName', Value: 'fireblocks-dev-store' }];
  const expected = {
    'no-healthy-target': from(loadBalancer, 'HealthyHostCount', {
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      // Of all nodes of the load balancer: one that has lost its zone sees no task.
      Statistic: 'Maximum',
      EvaluationPeriods: 2,
      Period: 60,
      TreatMissingData: 'breaching',
    }),
    'task-missing': from(loadBalancer, 'HealthyHostCount', {
      Threshold: 2,
      ComparisonOperator: 'LessThanThreshold',
      Statistic: 'Maximum',
      EvaluationPeriods: 10,
      Period: 60,
      TreatMissingData: 'notBreaching',
    }),
    certificate: from('AWS/CertificateManager', 'DaysToExpiry', {
      Threshold: 30,
      ComparisonOperator: 'LessThanThreshold',
      Statistic: 'Minimum',
      EvaluationPeriods: 1,
      Period: 86_400,
      TreatMissingData: 'ignore',
      Dimensions: [{ Name: 'CertificateArn', Value: { Ref: 'CertificateArn' } }],
    }),
    rollout: from(log, 'Faults', {
      Threshold: 1,
      EvaluationPeriods: 5,
      DatapointsToAlarm: 1,
      Period: 60,
      TreatMissingData: 'notBreaching',
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
    integrity: from(log, 'IntegrityRefusals', any),
    errors: from(log, 'Errors', any),
    'key-refresh': from(log, 'KeyRefreshFailures', any),
    'policy-refresh': from(log, 'PolicyRefreshFailures', any),
    'emergency-stop': from(log, 'EmergencyStops', any),
    stale: from(log, 'Stale', any),
    'store-failed': from(log, 'StoreFailures', any),
    'store-lost': from(log, 'StoreLosses', any),
    'store-read-throttled': from('AWS/DynamoDB', 'ReadThrottleEvents', { ...any, Dimensions: table }),
    'store-write-throttled': from('AWS/DynamoDB', 'WriteThrottleEvents', { ...any, Dimensions: table }),
    'store-conflicts': from(log, 'StoreConflicts', { ...any, Threshold: 300 }),
    changed: from(log, 'Changed', any),
    'answer-unverified': from(log, 'UnverifiedAnswers', any),
    'seal-failed': from(log, 'SealFailures', any),
    unsealed: { Threshold: 1, EvaluationPeriods: 2, TreatMissingData: 'notBreaching' },
  };
  t.strictSame(Object.keys(alarms).sort(), Object.keys(expected).sort());
  for (const [name, properties] of Object.entries(expected)) t.match(alarms[name], properties, name);
  t.end();
});

interface Filter {
  readonly pattern: string;
  readonly metric: {
    readonly MetricName: string;
    readonly MetricNamespace: string;
    readonly MetricValue: string;
    readonly Dimensions?: readonly { Key: string; Value: string }[];
  };
}

const filters = stacks.resources('AWS::Logs::MetricFilter').map(({ Properties }): Filter => {
  const [metric] = Properties['MetricTransformations'] as Filter['metric'][];
  if (metric === undefined) throw new Error('the filter has no metric');
  return { pattern: String(Properties['FilterPattern']), metric };
});

t.test('a filter exists for the metric of every log alarm', (t) => {
  const extracted = filters.map(({ metric }) =>
    [metric.MetricNamespace, metric.MetricName, ...(metric.Dimensions ?? []).map(({ Key }) => Key)].join(' '),
  );
  const log = Object.values(alarms).filter(({ Namespace }) => Namespace === 'CallbackHandler/fireblocks-dev');
  t.equal(log.length, 14);
  for (const { Namespace, MetricName, Dimensions = [] } of log) {
    const used = [Namespace, MetricName, ...Dimensions.map(({ Name }) => Name)].join(' ');
    t.ok(extracted.includes(used), used);
  }
  t.strictSame(
    extracted.filter((name) => name.split(' ').length > 2).map((name) => name.split(' ').slice(1).join(' ')),
    ['Decisions action', 'Refusals code'],
  );
  t.end();
});

t.test('an alarm fires if decisions are recorded and no head is sealed', (t) => {
  const metrics = alarms['unsealed']?.['Metrics'] as readonly {
    readonly Id: string;
    readonly Expression?: string;
    readonly MetricStat?: { Metric: Json; Period: number; Stat: string };
  }[];
  t.strictSame(
    metrics.map(({ Id, Expression, MetricStat }) => [
      Expression ?? Id,
      MetricStat && [MetricStat.Metric['MetricName'], MetricStat.Stat, MetricStat.Period],
    ]),
    [
      ['IF(decisions > 0 AND sealed < 1, 1, 0)', undefined],
      ['decisions', ['DecisionDuration', 'SampleCount', 300]],
      ['sealed', ['Sealed', 'Sum', 300]],
    ],
  );
  // Without a value, the expression would have none either.
  t.match(
    filters.find(({ metric }) => metric.MetricName === 'Sealed'),
    { metric: { DefaultValue: 0 } },
  );
  t.end();
});

t.test('metric filters match the lines that the service logs', async (t) => {
  // Log a decision, a refusal and an error.
  const { app, lines } = await testApp(t, { auth: 'json' });
  await app.inject({ method: 'POST', url: '/tx_sign_request', payload: '{"requestId":"1"}' });
  await app.inject({ method: 'POST', url: '/tx_sign_request', payload: 'nonsense' });
  const failing = await testApp(t, {
    auth: 'json',
    decide: () => {
      throw new Error('a fault');
    },
  });
  await failing.app.inject({ method: 'POST', url: '/tx_sign_request', payload: '{"requestId":"2"}' });
  const displayed = { displayDstAddress: '0x01', dstAddress: '0x02' };
  const contradicting = { requestId: '3', operation: 'TRANSFER', asset: 'ETH', destinations: [displayed] };
  const policy = parsePolicy('version: 1', 'policy');
  const deciding = await testApp(t, {
    auth: 'json',
    decide: (request) => decideBy(policy, request, new Date()),
  });
  await deciding.app.inject({ method: 'POST', url: '/tx_sign_request', payload: contradicting });
  const changing = await testApp(t, {
    auth: 'json',
    decide: () => ({ action: 'REJECT', rule: 'changed', reason: 'the amount rose after the approval' }),
  });
  await changing.app.inject({ method: 'POST', url: '/tx_sign_request', payload: '{"requestId":"4"}' });
  const written = [...lines, ...failing.lines, ...deciding.lines, ...changing.lines];

  for (const { pattern, metric } of filters) {
    if (/RefreshFailures$|^EmergencyStops$|^Stale$|^CandidateDifferences$/.test(metric.MetricName)) continue;
    // test/system/store.test.ts logs them.
    if (/^Store|^UnverifiedAnswers$|^Seal/.test(metric.MetricName)) continue;
    const parts = [...pattern.matchAll(/\$\.(\w+) = "(\w+)"/g)];
    const matching = written.filter((line) => {
      const holds = ([, field = '', value]: RegExpExecArray) => line[field] === value;
      return pattern.includes('&&') ? parts.every(holds) : parts.some(holds);
    });
    t.ok(matching.length > 0, metric.MetricName);
    const fields = [metric.MetricValue, ...(metric.Dimensions ?? []).map(({ Value }) => Value)];
    for (const [, field = ''] of fields.flatMap((value) => [...value.matchAll(/^\$\.(\w+)$/g)])) {
      for (const line of matching) t.ok(field in line, `${metric.MetricName} ${field}`);
    }
  }
});

t.test('metric filters use event names that the service logs', (t) => {
  const source = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(ROOT, 'src', file), 'utf8'))
    .join('\n');
  const events = filters.flatMap(({ pattern }) => [...pattern.matchAll(/event = "(\w+)"/g)]);
  t.equal(events.length, 27);
  for (const [, event = ''] of events) t.ok(source.includes(`event: '${event}'`), event);
  t.end();
});

t.test(
  'alarms on running tasks are created after the service, whose first tasks take a minute to start',
  (t) => {
    const [service] = resourceIds('AWS::ECS::Service');
    const after = ({ DependsOn }: Resource): boolean => listOf(DependsOn).some((id) => id === service);
    t.strictSame(
      stacks
        .resources('AWS::CloudWatch::Alarm', 'callback')
        .filter(after)
        .map(({ Properties }) => Properties['AlarmName'])
        .sort(),
      ['fireblocks-dev-no-healthy-target', 'fireblocks-dev-task-missing'],
    );
    const withConsole = synthesize('dev', CHOICES.console);
    const down = withConsole
      .resources('AWS::CloudWatch::Alarm', 'console')
      .find(({ Properties }) => Properties['AlarmName'] === 'fireblocks-dev-console-down');
    t.match(down?.DependsOn, [/^Service/]);
    t.end();
  },
);

t.test('the alarm on the certificate is about the one that the load balancer uses', (t) => {
  for (const [changes, certificate] of [
    [{}, '<CertificateArn>'],
    [CHOICES.certificateByArn, CHOICES.certificateByArn.certificate.arn],
    [CHOICES.certificateByAcm, /^<Certificate\w+>$/],
  ] as const) {
    const found = synthesize('dev', changes);
    const alarm = found
      .resources('AWS::CloudWatch::Alarm')
      .find(({ Properties }) => Properties['MetricName'] === 'DaysToExpiry');
    const [listener] = found.resources('AWS::ElasticLoadBalancingV2::Listener');
    const [used] = listener?.Properties['Certificates'] as { CertificateArn: unknown }[];
    const [dimension] = alarm?.Properties['Dimensions'] as { Value: unknown }[];
    t.match(toText(dimension?.Value), certificate);
    t.equal(toText(dimension?.Value), toText(used?.CertificateArn));
  }
  t.end();
});

t.test('a single task has no alarm on a missing one', (t) => {
  const names = synthesize()
    .resources('AWS::CloudWatch::Alarm')
    .map(({ Properties }) => Properties['AlarmName']);
  t.ok(names.includes('fireblocks-dev-no-healthy-target'));
  t.notOk(names.includes('fireblocks-dev-task-missing'));
  t.end();
});

t.test('every alarm notifies the topic; only state alarms also notify when they clear', (t) => {
  for (const [name, { AlarmActions, OKActions, Namespace }] of Object.entries(alarms)) {
    if (name === 'rollout') {
      t.strictSame([AlarmActions, OKActions], [undefined, undefined], 'ECS reads it; `errors` notifies');
      continue;
    }
    t.match((AlarmActions as Json[])[0]?.['Ref'], /Alarms/, name);
    const isState =
      Namespace !== 'CallbackHandler/fireblocks-dev' || ['emergency-stop', 'stale'].includes(name);
    t.strictSame(OKActions, isState ? AlarmActions : undefined, name);
  }
  callback.hasResourceProperties('AWS::SNS::Subscription', {
    Protocol: 'email',
    Endpoint: 'operators@example.com',
  });
  callback.resourceCountIs('AWS::SNS::Subscription', 1);
  synthesize().template('callback').resourceCountIs('AWS::SNS::Subscription', 0);
  t.end();
});

t.test('CloudWatch can publish to the topic and use its key', (t) => {
  const [policy] = stacks.resources('AWS::SNS::TopicPolicy');
  t.match(JSON.stringify(policy), /"Effect":"Allow","Principal":\{"Service":"cloudwatch\.amazonaws\.com"\}/);
  t.match(JSON.stringify(stacks.resources('AWS::KMS::Key')), /"Service":"cloudwatch\.amazonaws\.com"/);
  t.end();
});

t.test('load balancer metrics have the dimensions of this load balancer and target group', (t) => {
  const dimensions = Object.fromEntries(
    (alarms['latency']?.Dimensions ?? []).map(({ Name, Value }) => [Name, toText(Value)]),
  );
  t.match(dimensions, {
    LoadBalancer: /"Fn::Select":\[1,\{"Fn::Split":\[":loadbalancer\/",\{"Ref":"LoadBalancer\w+"\}\]\}\]/,
    TargetGroup: /"Fn::Select":\[5,\{"Fn::Split":\[":",\{"Ref":"TargetGroup\w+"\}\]\}\]/,
  });
  t.end();
});

t.test('the dashboard shows every action and every refusal code', (t) => {
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
    [
      ...['Decisions', 'Time to decide (ms)', 'Refusals'],
      ...['Targets', 'CPU and memory (%)', 'Errors'],
      ...['Store: time of a call (ms)', 'Store: consumed units', 'Store: events'],
    ],
  );
  for (const name of [...ACTIONS, ...Object.keys(REFUSALS)]) t.ok(shown.includes(`"${name}"`), name);
  t.match(JSON.stringify(widgets[0]), '"CandidateDifferences"');
  t.end();
});

t.test('three queries are saved', (t) => {
  t.strictSame(
    stacks
      .resources('AWS::Logs::QueryDefinition')
      .map(({ Properties }) => Properties['Name'])
      .sort(),
    ['decisions-by-rule', 'one-request', 'refusals'].map((name) => `fireblocks-dev/${name}`),
  );
  t.end();
});
