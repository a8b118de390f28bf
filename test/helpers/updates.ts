// Plans the change of a deployment's settings without AWS: as if the stacks were deployed with the settings before.
import { templatesOf } from '../../cli/deploy/changes.js';
import { inputsOf } from '../../cli/deploy/inputs.js';
import { previewChanges } from '../../cli/deploy/preview.js';
import { type Refusal, refusalsOf, stacksToUpdateLast } from '../../cli/deploy/refusals.js';
import type { DeploymentRun } from '../../cli/deploy/step.js';
import { synthesizeTemplates, type Template, type TemplateBody } from '../../cli/deploy/templates.js';
import { leavingFirst } from '../../cli/deploy/transition.js';
import type { DeployedStack } from '../../cli/aws/stack.js';
import type { Leaving } from '../../infra/deployment.js';
import type { StackName } from '../../infra/names.js';
import { checkSettings } from '../../infra/settings.js';
import type { Json } from './settings.js';

export interface Update {
  readonly run: DeploymentRun;
  readonly refusals: readonly Refusal[];
  /** The stacks in the order in which they are updated. */
  readonly order: readonly StackName[];
  /** What the plan shows, by stack. */
  readonly preview: ReadonlyMap<StackName, readonly string[]>;
}

interface Deployed {
  readonly deployed: Map<StackName, DeployedStack>;
  readonly deployedTemplates: Map<StackName, TemplateBody>;
}

/** The account that everything is deployed to. */
export const ACCOUNT = '123456789012';

const cache = new Map<string, readonly Template[]>();

/** @throws {SettingsError} */
export function templatesFor(settings: Json, leaving: Leaving = new Set()): readonly Template[] {
  const key = JSON.stringify([settings, ...leaving]);
  const templates = cache.get(key) ?? synthesizeTemplates('dev', checkSettings(settings, 'dev'), leaving);
  // Pairs are not needed again.
  if (cache.size < 100) cache.set(key, templates);
  return templates;
}

/** Stacks as they are after a deployment: every output has a value. */
export function deployedWith(templates: readonly Template[]): Deployed {
  const deployed = new Map<StackName, DeployedStack>();
  const deployedTemplates = new Map<StackName, TemplateBody>();
  for (const template of templates) {
    const body = JSON.parse(template.body) as TemplateBody;
    deployedTemplates.set(template.name, body);
    const outputs = Object.keys(body.Outputs ?? {}).map((output) => [output, `${template.name}-${output}`]);
    deployed.set(template.name, {
      status: 'CREATE_COMPLETE',
      stackName: template.stackName,
      parameters: { ...inputsOf(template, { templates, deployed, deployedTemplates }), ImageTag: 'first' },
      outputs: Object.fromEntries(outputs) as Record<string, string>,
    } as unknown as DeployedStack);
  }
  return { deployed, deployedTemplates };
}

/** The first update after a change of settings. @throws {SettingsError} */
export function planChange(before: Json, after: Json): Update {
  const deployed = templatesFor(before);
  const leaving = leavingFirst(checkSettings(after, 'dev'), deployedWith(deployed).deployedTemplates);
  return planUpdate(deployed, templatesFor(after, leaving));
}

/** @param selected all stacks unless given */
export function planUpdate(
  before: readonly Template[],
  after: readonly Template[],
  selected: readonly StackName[] = after.map(({ name }) => name),
): Update {
  const run = {
    ...deployedWith(before),
    session: { account: ACCOUNT },
    templates: after,
    selected,
    parameters: new Map(),
  } as unknown as DeploymentRun;
  const last = stacksToUpdateLast(run);
  return {
    run,
    refusals: refusalsOf(run),
    order: [...selected.filter((name) => !last.includes(name)), ...last],
    preview: new Map(
      selected.flatMap((name) => {
        const { before: old, after: updated } = templatesOf(run, name);
        return old === undefined ? [] : [[name, previewChanges(old, updated)] as const];
      }),
    ),
  };
}

/** The same stacks as version 0.7.0 deployed them: with exports, which other stacks import. */
export function asVersion070(templates: readonly Template[]): Deployed {
  const { deployed, deployedTemplates } = deployedWith(templates);
  const used = templates.flatMap(({ inputs }) => Object.values(inputs));
  const exportName = (stack: StackName, output: string): string =>
    `fireblocks-dev-${stack}:ExportsOutput${output}`;
  for (const template of templates) {
    const { Parameters, Outputs = {}, Resources } = deployedTemplates.get(template.name) ?? {};
    const outputs = Object.entries(Outputs).map(([output, value]) => {
      const isUsed = used.some((input) => input.stack === template.name && input.output === output);
      return isUsed
        ? [`ExportsOutput${output}`, { ...value, Export: { Name: exportName(template.name, output) } }]
        : [output, value];
    });
    const imported = Object.entries(template.inputs).reduce(
      (text, [name, { stack, output }]) =>
        text.replaceAll(
          `{"Ref":"${name}"}`,
          JSON.stringify({ 'Fn::ImportValue': exportName(stack, output) }),
        ),
      JSON.stringify(Resources),
    );
    const own = Object.entries(Parameters ?? {}).filter(([name]) => template.inputs[name] === undefined);
    deployedTemplates.set(template.name, {
      Parameters: Object.fromEntries(own),
      Outputs: Object.fromEntries(outputs) as NonNullable<TemplateBody['Outputs']>,
      Resources: JSON.parse(imported) as NonNullable<TemplateBody['Resources']>,
    });
    const stack = deployed.get(template.name);
    if (stack === undefined) continue;
    const values = Object.keys(stack.outputs).map((output) => {
      const isUsed = used.some((input) => input.stack === template.name && input.output === output);
      const { Value } = Outputs[output] ?? {};
      return [isUsed ? `ExportsOutput${output}` : output, JSON.stringify(Value)];
    });
    deployed.set(template.name, {
      ...stack,
      parameters: { ImageTag: 'first' },
      outputs: Object.fromEntries(values) as Record<string, string>,
    });
  }
  return { deployed, deployedTemplates };
}
