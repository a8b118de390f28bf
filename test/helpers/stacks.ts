// Synthesizes the stacks for tests, and looks things up in their templates.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { EnvironmentName, StackName } from '../../infra/names.js';
import type { LEAVING } from '../../infra/deployment.js';
import { checkSettings } from '../../infra/settings.js';
import { buildStacks } from '../../infra/stacks.js';
import { EXAMPLE, type Json } from './settings.js';
import type { Statement } from './iam.js';

export { listOf, type Statement, toText } from './iam.js';

export interface Resource {
  readonly Type: string;
  readonly Properties: Json;
  readonly DeletionPolicy?: string;
  readonly Condition?: string;
  readonly CreationPolicy?: Json;
  readonly DependsOn?: string | readonly string[];
}

interface TemplateJson {
  readonly Parameters?: Readonly<Record<string, Json>>;
  readonly Conditions?: Json;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: unknown }>>;
}

interface SynthesizedStack {
  readonly name: StackName;
  /** The name, prefixed with the project and the environment. */
  readonly stackName: string;
  readonly json: TemplateJson;
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
}

export interface Synthesized {
  /** In deployment order. */
  readonly stacks: readonly SynthesizedStack[];
  /** @throws if the stack does not exist */
  template(name: StackName): Template;
  /** Resources of one type, in all stacks or in one. */
  resources(type: string, stack?: StackName): readonly Resource[];
}

/**
 * The stacks before synthesis. CDK's validation of the templates is off, because it takes seconds to start;
 * test/deploy/all-combinations.test.ts validates the templates for all combinations of settings.
 * @param changes to the settings of the example
 */
export function createApp(
  outdir: string,
  environment: EnvironmentName,
  changes: Json,
  leaving: readonly Leaving[] = [],
): App {
  const app = new App({
    outdir,
    treeMetadata: false,
    analyticsReporting: false,
    builtinCloudFormationValidation: false,
  });
  const settings = checkSettings({ ...EXAMPLE, environments: {}, ...changes }, environment);
  buildStacks(app, environment, settings, new Set(leaving));
  return app;
}

type Leaving = (typeof LEAVING)[number];

const synthesized = new Map<string, Synthesized>();

/**
 * Synthesizes each combination of arguments once per process.
 * @param changes to the settings of the example
 * @param leaving what is deployed, and still needed
 */
export function synthesize(
  environment: EnvironmentName = 'dev',
  changes: Json = {},
  leaving: readonly Leaving[] = [],
): Synthesized {
  const key = JSON.stringify([environment, changes, leaving]);
  const result = synthesized.get(key) ?? readStacks(environment, changes, leaving);
  synthesized.set(key, result);
  return result;
}

function readStacks(environment: EnvironmentName, changes: Json, leaving: readonly Leaving[]): Synthesized {
  const outdir = mkdtempSync(join(tmpdir(), 'stacks-'));
  try {
    const assembly = createApp(outdir, environment, changes, leaving).synth();
    const prefix = `${String(EXAMPLE['projectName'])}-${environment}-`;
    const stacks = assembly.stacks.map((artifact) => ({
      name: artifact.stackName.slice(prefix.length) as StackName,
      stackName: artifact.stackName,
      json: artifact.template as TemplateJson,
      tags: artifact.tags,
      terminationProtection: artifact.terminationProtection ?? false,
    }));
    return {
      stacks,
      template(name) {
        const stack = stacks.find((stack) => stack.name === name);
        if (stack === undefined) throw new Error(`there is no stack ${name}`);
        return Template.fromJSON(stack.json);
      },
      resources: (type, stack) =>
        stacks
          .filter(({ name }) => stack === undefined || name === stack)
          .flatMap(({ json }) => Object.values(json.Resources))
          .filter(({ Type }) => Type === type),
    };
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

/**
 * All statements of all policies in the templates. `where` is the stack, the type and the logical id of the resource.
 */
export function statements({ stacks }: Synthesized): readonly { where: string; statement: Statement }[] {
  return stacks.flatMap(({ name, json }) =>
    Object.entries(json.Resources).flatMap(([id, { Type, Properties }]) =>
      findStatements(Properties).map((statement) => ({ where: `${name} ${Type} ${id}`, statement })),
    ),
  );
}

function findStatements(value: unknown): Statement[] {
  if (Array.isArray(value)) return value.flatMap(findStatements);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Statement' ? (inner as Statement[]) : findStatements(inner),
  );
}
