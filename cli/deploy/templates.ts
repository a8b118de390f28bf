// Synthesizes the stack templates, in deployment order.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { Leaving } from '../../infra/deployment.js';
import { type EnvironmentName, namesOf, type StackName } from '../../infra/names.js';
import type { Settings } from '../../infra/settings.js';
import { buildStacks } from '../../infra/stacks.js';
import { parameterName } from '../../infra/stacks/references.js';
import type { StackTemplate } from '../aws/cloudformation.js';

/** An output of another stack. */
export interface Input {
  readonly stack: StackName;
  readonly output: string;
}

export type Outputs = Readonly<
  Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
>;

/** What of a template is read here. */
export interface TemplateBody {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Conditions?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Outputs;
  readonly Mappings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;
  readonly Resources?: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: Readonly<Record<string, unknown>>;
        readonly DeletionPolicy?: string;
        readonly Condition?: string;
      }
    >
  >;
}

export interface Template extends StackTemplate {
  readonly name: StackName;
  /** Number of its resources. */
  readonly resources: number;
  /** Stacks that this one needs values from. */
  readonly needs: readonly StackName[];
  /** The parameters that are outputs of other stacks. */
  readonly inputs: Readonly<Record<string, Input>>;
}

/** @param leaving what must still work, although the settings do not call for it any more */
export function synthesizeTemplates(
  environment: EnvironmentName,
  settings: Settings,
  leaving?: Leaving,
): readonly Template[] {
  const { prefix } = namesOf(settings.projectName, environment);
  const shortName = (stackName: string) => stackName.slice(prefix.length + 1) as StackName;
  const outdir = mkdtempSync(join(tmpdir(), 'callback-'));
  try {
    // CDK validation is off because it accounts for half of the synthesis time; the tests validate the templates for
    // every combination of settings.
    const app = new App({
      outdir,
      treeMetadata: false,
      analyticsReporting: false,
      builtinCloudFormationValidation: false,
    });
    buildStacks(app, environment, settings, leaving);
    const { stacks } = app.synth();
    const inputs = new Map<string, Input>();
    for (const { stackName, template } of stacks) {
      const name = shortName(stackName);
      for (const output of Object.keys((template as { Outputs?: object }).Outputs ?? {})) {
        inputs.set(parameterName(name, output), { stack: name, output });
      }
    }
    return stacks.map((stack) => {
      const template = stack.template as { Parameters?: object; Resources: object };
      return {
        name: shortName(stack.stackName),
        stackName: stack.stackName,
        body: JSON.stringify(template),
        parameters: Object.keys(template.Parameters ?? {}),
        resources: Object.keys(template.Resources).length,
        tags: stack.tags,
        terminationProtection: stack.terminationProtection ?? false,
        needs: stacks
          .filter(({ id }) => stack.dependencies.some((dependency) => dependency.id === id))
          .map(({ stackName }) => shortName(stackName)),
        inputs: Object.fromEntries(
          Object.keys(template.Parameters ?? {}).flatMap((parameter) => {
            const input = inputs.get(parameter);
            return input === undefined ? [] : [[parameter, input]];
          }),
        ),
      };
    });
  } finally {
    rmSync(outdir, { recursive: true });
  }
}
