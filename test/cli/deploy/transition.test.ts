// Tests the changes of "compute" and "front": what is replaced works until what replaces it does.
import t from 'tap';
import { leavingAfterwards, leavingFirst, switchOf, transitionOf } from '../../../cli/deploy/transition.js';
import { synthesizeTemplates, type Template, type TemplateBody } from '../../../cli/deploy/templates.js';
import { type Leaving } from '../../../infra/deployment.js';
import { type StackName, stackNames } from '../../../infra/names.js';
import { checkSettings, type Settings } from '../../../infra/settings.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';
import { deployedWith, planUpdate, templatesFor } from '../../helpers/updates.js';

const TASKS = {};
const { lambda: FUNCTION, api: API } = CHOICES;

const settingsOf = (changes: Json): Settings =>
  checkSettings({ ...EXAMPLE, environments: {}, ...changes }, 'dev');
const bodyOf = (templates: readonly Template[], name: StackName): TemplateBody =>
  JSON.parse(templates.find((one) => one.name === name)?.body ?? '{}') as TemplateBody;
const resourcesOf = ({ Resources = {} }: TemplateBody, type: string) =>
  Object.values(Resources).filter(({ Type }) => Type === type);

/** @param before the settings of what is deployed, one after the other */
function change(before: readonly Json[], after: Json, only?: readonly StackName[]) {
  const settings = settingsOf(after);
  const deployedTemplates = new Map<StackName, TemplateBody>();
  const deployed: ReturnType<typeof deployedWith>['deployed'] = new Map();
  for (const each of before) {
    const one = deployedWith(templatesFor({ ...EXAMPLE, environments: {}, ...each }));
    for (const [name, body] of one.deployedTemplates) deployedTemplates.set(name, body);
    for (const [name, stack] of one.deployed) deployed.set(name, stack);
  }
  const selected = only ?? stackNames(settings);
  const leaving = leavingFirst(settings, deployedTemplates);
  const afterwards = leavingAfterwards(leaving, settings, selected);
  const first = synthesizeTemplates('dev', settings, leaving);
  const second = synthesizeTemplates('dev', settings, afterwards);
  const transition = transitionOf({ settings, deployed, selected, afterwards, first, second });
  return {
    leaving: [...leaving],
    afterwards: [...afterwards],
    first,
    again: transition.again.map(({ name }) => name),
    second,
    deletesFunction: transition.deletesFunction,
    leftOver: transition.leftOver,
  };
}

/** What the listener on port 443 forwards to: `function` or `tasks`, with the weight. */
function forwards(templates: readonly Template[]): readonly string[] {
  const body = bodyOf(templates, 'callback');
  const [listener] = resourcesOf(body, 'AWS::ElasticLoadBalancingV2::Listener');
  const [action] = listener?.Properties?.['DefaultActions'] as [
    {
      TargetGroupArn?: { Ref: string };
      ForwardConfig?: { TargetGroups: { TargetGroupArn: { Ref: string }; Weight?: number }[] };
    },
  ];
  const groups = action.ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }];
  return groups.map(({ TargetGroupArn, Weight }) => {
    const group = body.Resources?.[TargetGroupArn?.Ref ?? ''];
    return `${group?.Properties?.['TargetType'] === 'lambda' ? 'function' : 'tasks'} ${Weight ?? 1}`;
  });
}

const endpoints = (templates: readonly Template[]): readonly string[] =>
  resourcesOf(bodyOf(templates, 'foundation'), 'AWS::EC2::VPCEndpoint').map(({ Properties }) =>
    JSON.stringify(Properties?.['ServiceName']),
  );

t.test('without a change of compute or front, there is one update', (t) => {
  for (const settings of [TASKS, FUNCTION, API]) {
    const { leaving, again, deletesFunction, leftOver } = change([settings], settings);
    t.strictSame(
      { leaving, again, deletesFunction, leftOver },
      {
        leaving: [],
        again: [],
        deletesFunction: false,
        leftOver: [],
      },
    );
  }
  t.end();
});

t.test(
  'tasks to a function: tasks keep their endpoints and roles until the load balancer has changed',
  (t) => {
    const { leaving, afterwards, first, second, again, leftOver } = change([TASKS], FUNCTION);
    t.strictSame(leaving, ['fargate']);
    t.strictSame(afterwards, []);
    t.ok(endpoints(first).some((service) => service.includes('ecr.dkr')));
    t.notOk(endpoints(second).some((service) => service.includes('ecr.dkr')));
    t.strictSame(forwards(first), ['function 1']);
    t.strictSame(again, ['security', 'foundation'], 'what others use last is updated last');
    t.strictSame(leftOver, []);
    const order = first.map(({ name }) => name);
    t.ok(order.indexOf('function') < order.indexOf('callback'), 'the function is first');
    t.end();
  },
);

t.test('tasks to a function: nothing is refused, and the log of the tasks stays', (t) => {
  const { first } = change([TASKS], FUNCTION);
  const before = templatesFor({ ...EXAMPLE, environments: {} });
  const { refusals, preview } = planUpdate(before, first);
  t.strictSame(
    refusals.map(({ stack, change: { id }, reason }) => `${stack} ${id} ${reason}`),
    [],
  );
  t.match(preview.get('callback')?.join('\n'), /delete: Service\w* \(AWS::ECS::Service\)/);
  t.match(preview.get('callback')?.join('\n'), /create: FunctionTargetGroup\w* /);
  t.notMatch(preview.get('callback')?.join('\n'), 'AWS::Logs::LogGroup');
  t.end();
});

t.test('a function to tasks: the function answers until the tasks are healthy, and goes last', (t) => {
  const { leaving, first, second, again, deletesFunction, leftOver } = change([FUNCTION], TASKS);
  t.strictSame(leaving, ['function']);
  t.strictSame(forwards(first), ['function 1', 'tasks 0']);
  t.strictSame(forwards(second), ['tasks 1']);
  t.equal(again[0], 'callback');
  t.ok(deletesFunction);
  t.strictSame(leftOver, []);
  const before = templatesFor({ ...EXAMPLE, environments: {}, ...FUNCTION });
  t.strictSame(planUpdate(before, first).refusals, []);
  t.end();
});

t.test('a function to tasks, continued after the first update', (t) => {
  const settings = settingsOf(TASKS);
  const both = synthesizeTemplates('dev', settings, new Set(['function'] as const) satisfies Leaving);
  const { deployedTemplates } = deployedWith(both);
  t.strictSame([...leavingFirst(settings, deployedTemplates)], ['function']);
  t.end();
});

t.test('without the load balancer among the selected stacks, nothing is removed yet', (t) => {
  const toFunction = change([TASKS], FUNCTION, ['foundation', 'security', 'image', 'function']);
  t.strictSame(toFunction.afterwards, ['fargate']);
  t.strictSame(toFunction.again, []);
  const toTasks = change([FUNCTION], TASKS, ['foundation', 'security', 'image']);
  t.strictSame(toTasks.again, []);
  t.notOk(toTasks.deletesFunction);
  t.end();
});

t.test('from a load balancer to an API: the load balancer stays, with the tasks or the function', (t) => {
  for (const before of [TASKS, FUNCTION]) {
    const { first, again, leftOver, deletesFunction } = change([before], API);
    t.strictSame(leftOver, ['callback']);
    t.strictSame(again, []);
    t.notOk(deletesFunction);
    t.ok(endpoints(first).some((service) => service.includes('execute-api')));
    t.equal(
      endpoints(first).some((service) => service.includes('ecr.dkr')),
      before === TASKS,
    );
  }
  t.end();
});

t.test('from an API to a load balancer: the API stays, with its endpoint and the function', (t) => {
  for (const after of [TASKS, FUNCTION]) {
    const { leaving, first, leftOver, deletesFunction } = change([API], after);
    t.strictSame(leaving, ['api']);
    t.ok(endpoints(first).some((service) => service.includes('execute-api')));
    t.strictSame(leftOver, after === TASKS ? ['api', 'function'] : ['api']);
    t.notOk(deletesFunction);
  }
  t.end();
});

t.test(
  'a change is pending until what the settings call for is deployed, and nothing else is called',
  (t) => {
    const deployedAs = (...settings: readonly Json[]) => {
      const all = settings.map((each) =>
        deployedWith(templatesFor({ ...EXAMPLE, environments: {}, ...each })),
      );
      return {
        deployed: new Map(all.flatMap(({ deployed }) => [...deployed])),
        callback: all.map(({ deployedTemplates }) => deployedTemplates.get('callback')).find(Boolean),
      };
    };
    const state = (after: Json, { deployed, callback }: ReturnType<typeof deployedAs>) =>
      switchOf(settingsOf(after), deployed, callback);
    for (const settings of [TASKS, FUNCTION, API]) {
      t.equal(state(settings, deployedAs(settings)), 'none');
      t.equal(state(settings, { deployed: new Map(), callback: undefined }), 'none', 'nothing is deployed');
      for (const before of [TASKS, FUNCTION, API].filter((one) => one !== settings))
        t.equal(state(settings, deployedAs(before)), 'pending', JSON.stringify([before, settings]));
    }
    t.equal(state(API, deployedAs(TASKS, API)), 'complete', 'the tasks are left over');
    t.equal(state(TASKS, deployedAs(TASKS, API)), 'complete', 'the API is left over');
    const both = deployedAs(FUNCTION, API);
    t.equal(state(FUNCTION, both), 'complete');
    t.equal(state(TASKS, both), 'pending', 'the load balancer invokes the function');
    const api = both.deployed.get('api');
    if (api === undefined) throw new Error('there is no API');
    both.deployed.set('api', { ...api, status: 'CREATE_IN_PROGRESS' });
    t.equal(state(API, both), 'pending');
    t.end();
  },
);

t.test('a front that is left over uses what stays in the other stacks', (t) => {
  for (const [before, after] of [
    [TASKS, API],
    [FUNCTION, API],
    [API, FUNCTION],
    [API, TASKS],
  ]) {
    const { first } = change([before ?? {}], after ?? {});
    const deployed = templatesFor({ ...EXAMPLE, environments: {}, ...before });
    t.strictSame(planUpdate(deployed, first).refusals, [], JSON.stringify([before, after]));
  }
  t.end();
});

t.test('once the API is deleted, the next deployment removes the function and the endpoint', (t) => {
  const { deployed, deployedTemplates } = deployedWith(
    templatesFor({ ...EXAMPLE, environments: {}, ...FUNCTION }),
  );
  const tasks = deployedWith(templatesFor({ ...EXAMPLE, environments: {} }));
  for (const [name, body] of tasks.deployedTemplates) deployedTemplates.set(name, body);
  const settings = settingsOf(TASKS);
  const leaving = leavingFirst(settings, deployedTemplates);
  const first = synthesizeTemplates('dev', settings, leaving);
  const { deletesFunction, leftOver } = transitionOf({
    settings,
    deployed,
    selected: stackNames(settings),
    afterwards: leaving,
    first,
    second: [],
  });
  t.strictSame([...leaving], []);
  t.ok(deletesFunction);
  t.strictSame(leftOver, []);
  t.end();
});
