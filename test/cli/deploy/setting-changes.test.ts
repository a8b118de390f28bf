// Tests that every change of settings after a deployment is deployed, announced as a replacement, or refused.
import t from 'tap';
import type { Session } from '../../../cli/aws/session.js';
import { assertInputs, keepExports, keepsExports } from '../../../cli/deploy/inputs.js';
import { planWarnings } from '../../../cli/deploy/plan-warnings.js';
import type { TemplateBody } from '../../../cli/deploy/templates.js';
import { refusalsOf, stacksToUpdateLast } from '../../../cli/deploy/refusals.js';
import { checkSettings } from '../../../infra/settings.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';
import {
  ALL_SETTINGS,
  ANOTHER_DEPLOYMENT,
  CHANGES_IN_EXISTING_VPC,
  CHANGES_IN_OWN_VPC,
  EXISTING_VPC,
  OWN_VPC,
} from '../../helpers/setting-changes.js';
import { problemsOf } from '../../helpers/update-invariants.js';
import {
  ACCOUNT,
  asVersion070,
  deployedWith,
  planChange,
  planUpdate,
  templatesFor,
} from '../../helpers/updates.js';

// Synthesizes dozens of deployments.
t.setTimeout(300_000);

interface Resource {
  readonly Type: string;
  readonly Properties: Json;
}

/** @returns the resources that are refused, in one line for each; or that the settings are invalid */
function outcome(before: Json, after: Json): readonly string[] {
  const { refusals } = planChange(before, after);
  return refusals.map(
    ({ stack, change, setting = '' }) => `${stack} ${change.type} ${change.kind} ${setting}`,
  );
}

t.test('every setting has a row', (t) => {
  const rows = [...CHANGES_IN_OWN_VPC, ...CHANGES_IN_EXISTING_VPC].flatMap(({ settings }) => settings);
  t.strictSame([...new Set([...rows, ...ANOTHER_DEPLOYMENT])].sort(), [...new Set(ALL_SETTINGS)].sort());
  t.end();
});

/** The changes that are refused, by what they are about. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'own VPC: availabilityZones': /^foundation AWS::EC2::Subnet replace availabilityZones$/m,
  'own VPC: network.cidr': /^foundation AWS::EC2::VPC replace network\.cidr$/m,
  'own VPC: network.vpcId network.privateSubnetIds network.endpoints':
    /^security AWS::EC2::SecurityGroup replace network$/m,
  'existing VPC: network.vpcId': /^security AWS::EC2::SecurityGroup replace network$/m,
};

for (const [where, base, changes] of [
  ['own VPC', OWN_VPC, CHANGES_IN_OWN_VPC],
  ['existing VPC', EXISTING_VPC, CHANGES_IN_EXISTING_VPC],
] as const) {
  t.test(`${where}: each setting, changed alone`, (t) => {
    for (const { settings, change } of changes) {
      const name = `${where}: ${settings.join(' ')}`;
      const update = planChange(base, change(base));
      t.strictSame(problemsOf(update), [], name);
      const refused = outcome(base, change(base)).join('\n');
      const expected = REFUSED[name];
      if (expected === undefined) t.equal(refused, '', `${name} is deployed`);
      else t.match(refused, expected, `${name} is refused`);
    }
    t.end();
  });
}

t.test('the account that it is deployed to already can be added, and removed', (t) => {
  const named = { ...OWN_VPC, account: ACCOUNT };
  for (const [before, after] of [
    [OWN_VPC, named],
    [named, OWN_VPC],
  ] as const) {
    const { refusals, preview } = planChange(before, after);
    t.strictSame(refusals, []);
    t.strictSame([...preview.values()].flat(), []);
  }
  t.end();
});

t.test('endpoints that exist: the stacks that use the ones created here are updated first', (t) => {
  const after = { ...EXISTING_VPC, ...CHOICES.existingEndpoints };
  const { order, preview, refusals } = planUpdate(templatesFor(EXISTING_VPC), templatesFor(after));
  t.strictSame(order, ['security', 'image', 'callback', 'console', 'foundation']);
  t.strictSame(refusals, []);
  t.ok(preview.get('foundation')?.some((line) => /^delete: .*VPCEndpoint/.test(line)));
  const alone = planUpdate(templatesFor(EXISTING_VPC), templatesFor(after), ['foundation']);
  t.match(alone.refusals, [
    { stack: 'foundation', reason: 'security and console use it', setting: 'network' },
  ]);
  t.end();
});

t.test('another image for the Co-signer is refused, because the host would be replaced', (t) => {
  const templates = templatesFor(OWN_VPC);
  const { run } = planUpdate(templates, templates);
  t.strictSame(refusalsOf(run), []);
  run.parameters.set('cosigner', { CosignerImageId: 'ami-0123456789abcdef0' });
  t.match(refusalsOf(run), [
    { stack: 'cosigner', reason: 'it is the Co-signer', setting: 'cosignerImageId' },
  ]);
  t.end();
});

t.test('what holds data, or has a fixed name, is neither removed nor replaced', (t) => {
  const templates = templatesFor(OWN_VPC);
  const reasons = (stack: string, change: (resource: Resource, id: string) => [string, Resource][]) => {
    const after = templates.map((template) => {
      if (template.name !== stack) return template;
      const { Resources, ...rest } = JSON.parse(template.body) as { Resources: Record<string, Resource> };
      const changed = Object.entries(Resources).flatMap(([id, resource]) => change(resource, id));
      return { ...template, body: JSON.stringify({ ...rest, Resources: Object.fromEntries(changed) }) };
    });
    return planUpdate(templates, after).refusals.map(({ reason }) => reason);
  };
  t.strictSame(
    reasons('image', (resource, id) => (resource.Type.endsWith('LogGroup') ? [] : [[id, resource]])),
    ['it holds data'],
  );
  t.match(
    reasons('callback', ({ Type, Properties }, id) => {
      const isTargetGroup = Type.endsWith(':TargetGroup');
      return [[id, { Type, Properties: { ...Properties, ...(isTargetGroup && { Port: 4000 }) } }]];
    }),
    [/^its name is fixed: there can't be a second callback-handler-tg-dev$/],
  );
  t.end();
});

t.test('warns of an interruption, and of passkeys that become invalid', (t) => {
  const warnings = (before: Json, changes: Json) => {
    const after = { ...before, ...changes };
    const { run } = planChange(before, after);
    return planWarnings({ ...run, session: { settings: checkSettings(after, 'dev') } as Session });
  };
  t.match(warnings(OWN_VPC, { tlsToTask: true }), [
    /^This interrupts the handler/,
    /^This interrupts the console/,
  ]);
  t.match(warnings(EXAMPLE, { tlsToTask: true }), [/^This interrupts the handler for two to three minutes/]);
  t.match(warnings(OWN_VPC, { hostName: 'handler.internal' }), [/all passkeys become invalid/]);
  t.strictSame(warnings(EXAMPLE, { hostName: 'handler.internal' }), []);
  t.strictSame(warnings(OWN_VPC, { basePath: '/other', desiredCount: 2 }), []);
  t.strictSame(warnings(EXAMPLE, CHOICES.lambda), [], 'the listener is moved to the function first');
  t.strictSame(warnings(EXAMPLE, { ...CHOICES.lambda, hostName: 'handler.internal' }), []);
  t.strictSame(warnings({ ...EXAMPLE, ...CHOICES.lambda }, { compute: 'fargate' }), []);
  t.match(warnings({ ...OWN_VPC, ...CHOICES.lambda }, { tlsToTask: true }), [/^This interrupts the console/]);
  t.end();
});

t.test('stacks of version 0.7.0 keep their exports until those that import them are updated', (t) => {
  const templates = templatesFor(OWN_VPC);
  const { deployed, deployedTemplates } = asVersion070(templates);
  const first = keepExports(templates, deployedTemplates);
  t.ok(keepsExports(first));
  for (const [stack, { Outputs = {} }] of deployedTemplates) {
    const body = JSON.parse(first.find(({ name }) => name === stack)?.body ?? '{}') as TemplateBody;
    for (const [output, value] of Object.entries(Outputs))
      t.strictSame(body.Outputs?.[output], value, output);
  }
  const run = { ...planUpdate(templates, first).run, deployed, deployedTemplates };
  t.strictSame(refusalsOf(run), [], 'the values are the same');
  t.strictSame(stacksToUpdateLast(run), []);
  t.doesNotThrow(() => {
    assertInputs(['callback'], run);
  }, 'the exports have the values of the outputs');
  t.notOk(
    keepsExports(keepExports(templates, deployedWith(first).deployedTemplates)),
    'the next time, they go',
  );
  t.end();
});
