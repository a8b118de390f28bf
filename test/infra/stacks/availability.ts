// Tests what keeps the service available: its number of tasks, rollouts, scaling, and TLS to the tasks.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkSettings } from '../../../infra/settings.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';
import { listOf, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

type Stack = 'callback' | 'console';

function service(stacks: Synthesized, stack: Stack = 'callback') {
  const [found] = stacks.resources('AWS::ECS::Service', stack);
  if (found === undefined) throw new Error('there is no service');
  return found;
}

function container(stacks: Synthesized, stack: Stack): Json {
  const [task] = stacks.resources('AWS::ECS::TaskDefinition', stack);
  return (task?.Properties['ContainerDefinitions'] as Json[])[0] ?? {};
}

const withConsole = (environment: 'dev' | 'prod', changes: Json = {}): Synthesized =>
  synthesize(environment, { ...CHOICES.console, ...changes });

t.test('a rollout never has fewer healthy tasks than before', (t) => {
  for (const environment of ['dev', 'prod'] as const)
    for (const stack of ['callback', 'console'] as const) {
      const { Properties } = service(withConsole(environment), stack);
      const configuration = Properties['DeploymentConfiguration'] as Json;
      // Old tasks stop only after as many new ones are healthy, for which there must be room beside them.
      t.equal(configuration['MinimumHealthyPercent'], 100);
      t.equal(configuration['MaximumPercent'], 200);
      t.strictSame(configuration['DeploymentCircuitBreaker'], { Enable: true, Rollback: true });
      t.match(Properties, {
        LaunchType: 'FARGATE',
        HealthCheckGracePeriodSeconds: 90,
        NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
      });
      t.equal(Properties['DeploymentController'], undefined, 'ECS replaces tasks, as the percentages say');
    }
  t.end();
});

t.test('prod has two tasks in two zones, and the zones are kept in balance; one is a setting away', (t) => {
  for (const [environment, changes, count] of [
    ['prod', {}, 2],
    ['prod', { desiredCount: 1 }, 1],
    ['dev', {}, 1],
    ['dev', { desiredCount: 3 }, 3],
  ] as const) {
    const stacks = synthesize(environment, changes);
    const { Properties } = service(stacks);
    stacks.template('callback').hasParameter('DesiredCount', { Type: 'Number', Default: count, MinValue: 0 });
    t.strictSame(Properties['DesiredCount'], { Ref: 'DesiredCount' });
    t.equal(Properties['AvailabilityZoneRebalancing'], 'ENABLED');
    const { AwsvpcConfiguration } = Properties['NetworkConfiguration'] as Record<string, Json>;
    t.equal(new Set(listOf(AwsvpcConfiguration?.['Subnets']).map(toText)).size, 2);
  }
  const console = withConsole('prod');
  console.template('console').hasParameter('DesiredCount', { Type: 'Number', Default: 1 });
  t.strictSame(service(console, 'console').Properties['DesiredCount'], { Ref: 'DesiredCount' });
  t.end();
});

t.test('a rollout is rolled back by an alarm that exists before it, and that waits for nothing', (t) => {
  const stacks = withConsole('prod');
  const { Properties, DependsOn } = service(stacks);
  const { Alarms } = Properties['DeploymentConfiguration'] as Record<string, Json>;
  t.strictSame(Alarms, { AlarmNames: ['fireblocks-prod-rollout'], Enable: true, Rollback: true });
  const resources = stacks.stacks.find(({ name }) => name === 'callback')?.json.Resources ?? {};
  const [id, alarm] =
    Object.entries(resources).find(
      ([, { Properties }]) => Properties['AlarmName'] === 'fireblocks-prod-rollout',
    ) ?? [];
  t.ok(listOf(DependsOn).some((name) => name === id));
  // The service waits for the alarm, so that the alarm must not refer to it.
  t.equal(alarm?.DependsOn, undefined);
  t.notMatch(JSON.stringify(alarm), /"Ref"|"Fn::/);
  t.equal(service(stacks, 'console').Properties['DeploymentConfiguration'] instanceof Object, true);
  t.notMatch(JSON.stringify(service(stacks, 'console')), '"Alarms"');
  t.end();
});

t.test('what rolls a rollout back are faults, not what a stranger or a transaction can cause', (t) => {
  const filter = synthesize()
    .resources('AWS::Logs::MetricFilter')
    .find(({ Properties }) => JSON.stringify(Properties).includes('"MetricName":"Faults"'));
  const pattern = String(filter?.Properties['FilterPattern']);
  const values = [...pattern.matchAll(/"(\w+)"/g)].map(([, value]) => value);
  t.strictSame(values.sort(), [
    'crashed',
    'decision_failed',
    'internal_error',
    'store_failed',
    'stored_answer_unverified',
  ]);
  t.end();
});

/** The resources that scale the service. */
function scaling(stacks: Synthesized) {
  const [target] = stacks.resources('AWS::ApplicationAutoScaling::ScalableTarget');
  const policies = stacks
    .resources('AWS::ApplicationAutoScaling::ScalingPolicy')
    .map(({ Properties }) => Properties['TargetTrackingScalingPolicyConfiguration'] as Json);
  return { target, policies };
}

t.test('tasks are added between desiredCount and maxCount, by CPU and by requests for each task', (t) => {
  const { target, policies } = scaling(withConsole('prod'));
  t.match(target?.Properties, {
    ServiceNamespace: 'ecs',
    ScalableDimension: 'ecs:service:DesiredCount',
    ResourceId: 'service/fireblocks-callback-cluster-prod/callback-handler-service',
    MinCapacity: { 'Fn::If': ['Stopped', 0, 2] },
    MaxCapacity: 4,
  });
  t.match(target?.DependsOn, [/^Service/]);
  t.equal(target?.Properties['RoleARN'], undefined, 'the service-linked role of ECS');
  t.match(policies, [
    {
      PredefinedMetricSpecification: { PredefinedMetricType: 'ECSServiceAverageCPUUtilization' },
      TargetValue: 60,
      ScaleOutCooldown: 120,
      ScaleInCooldown: 600,
    },
    {
      PredefinedMetricSpecification: { PredefinedMetricType: 'ALBRequestCountPerTarget' },
      TargetValue: 31_980,
    },
  ]);
  const { ResourceLabel } = policies[1]?.['PredefinedMetricSpecification'] as Json;
  t.match(
    toText(ResourceLabel),
    /^\{"Fn::Select":\[1,\{"Fn::Split":\[":loadbalancer\/",.*\}\/\{"Fn::Select":\[5,\{"Fn::Split":\[":",\{"Ref":"TargetGroup\w+"\}\]\}\]\}$/,
    'app/<name>/<id>/targetgroup/<name>/<id>',
  );
  t.end();
});

t.test('the requests for each task are what a quarter of a vCPU was measured to answer', (t) => {
  const measured = readFileSync(join(ROOT, 'docs/performance.md'), 'utf8');
  const [, perSecond] =
    /\*\*With a quarter of a core\*\*[^]*?\| this handler, RS256 \| (\d+) \|/.exec(measured) ?? [];
  for (const [environment, vCpu] of [
    ['prod', 1],
    ['dev', 0.25],
  ] as const) {
    const { policies } = scaling(synthesize(environment, { desiredCount: 1, maxCount: 2 }));
    const target = Number(policies[1]?.['TargetValue']);
    t.ok(target <= Number(perSecond) * 60 * vCpu * 1.2, `${environment}: ${target} a minute`);
    t.ok(target >= Number(perSecond) * 60 * vCpu * 0.5, `${environment}: ${target} a minute`);
  }
  t.end();
});

t.test('without room between desiredCount and maxCount, nothing scales', (t) => {
  for (const changes of [{}, { desiredCount: 3 }, { desiredCount: 0, maxCount: 4 }])
    t.strictSame(scaling(synthesize('dev', changes)), { target: undefined, policies: [] });
  t.strictSame(scaling(synthesize('prod', { desiredCount: 1, maxCount: 1 })).policies, []);
  t.equal(scaling(synthesize('dev', { desiredCount: 1, maxCount: 2 })).policies.length, 2);
  t.end();
});

t.test(
  'a service that was stopped stays stopped: registering it would raise it to the smallest number',
  (t) => {
    const stacks = synthesize('prod');
    const json = stacks.stacks.find(({ name }) => name === 'callback')?.json;
    t.match(json?.Conditions, { Stopped: { 'Fn::Equals': [{ Ref: 'DesiredCount' }, '0'] } });
    const suspended = { 'Fn::If': ['Stopped', true, false] };
    t.strictSame(scaling(stacks).target?.Properties['SuspendedState'], {
      DynamicScalingInSuspended: suspended,
      DynamicScalingOutSuspended: suspended,
    });
    t.end();
  },
);

t.test('TLS to the tasks: on in prod, for both services, with health checks that use it', (t) => {
  for (const [environment, changes, tls] of [
    ['prod', {}, true],
    ['prod', { tlsToTask: false }, false],
    ['dev', {}, false],
    ['dev', { tlsToTask: true }, true],
  ] as const) {
    const stacks = withConsole(environment, changes);
    t.equal(checkSettings({ ...EXAMPLE, ...changes }, environment).tlsToTask, tls);
    for (const [stack, port] of [
      ['callback', 3000],
      ['console', 3001],
    ] as const) {
      const [group] = stacks.resources('AWS::ElasticLoadBalancingV2::TargetGroup', stack);
      t.match(group?.Properties, {
        Port: port,
        Protocol: tls ? 'HTTPS' : 'HTTP',
        HealthCheckProtocol: tls ? 'HTTPS' : undefined,
      });
      const { Environment, HealthCheck } = container(stacks, stack);
      const variable = (Environment as Json[]).find(({ Name }) => Name === 'TLS');
      t.strictSame(variable, tls ? { Name: 'TLS', Value: 'self-signed' } : undefined);
      t.match((HealthCheck as Json)['Command'], ['CMD', 'node', 'dist/healthcheck.js']);
    }
  }
  t.end();
});

t.test('a target group has another name with TLS, because CloudFormation must replace it', (t) => {
  const names = (tlsToTask: boolean, environment: 'dev' | 'prod'): string[] =>
    withConsole(environment, { tlsToTask })
      .resources('AWS::ElasticLoadBalancingV2::TargetGroup')
      .map(({ Properties }) => String(Properties['Name']));
  t.strictSame(names(false, 'dev'), ['callback-handler-tg-dev', 'callback-console-tg-dev']);
  t.strictSame(names(true, 'dev'), ['callback-handler-tls-dev', 'callback-console-tls-dev']);
  for (const name of names(true, 'prod')) t.ok(name.length <= 32, name);
  t.end();
});
