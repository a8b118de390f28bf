// The stacks as templates, and ways to look into them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { App, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { Test } from 'tap';
import type { EnvironmentName, StackName } from '../../infra/names.js';
import { checkSettings, EXAMPLE_FILE } from '../../infra/settings.js';
import { buildStacks } from '../../infra/stacks.js';
import { ROOT } from './cli.js';

export type Json = Readonly<Record<string, unknown>>;

/** As committed. */
export const EXAMPLE = JSON.parse(readFileSync(join(ROOT, EXAMPLE_FILE), 'utf8')) as Json;

/** Fireblocks publishes one for each of its environments. */
export const PCR8 = '0123456789abcdef'.repeat(6);

/** The choices that the templates differ by. */
export const CHOICES = {
  cosigner: { cosigner: true, cosignerPcr8: PCR8 },
  certificateByArn: {
    certificate: { arn: 'arn:aws:acm:ap-northeast-1:111122223333:certificate/0a1b2c3d' },
  },
  certificateByAcm: {
    hostName: 'callback.example.com',
    auth: 'jwt',
    certificate: { publicZone: { id: 'Z0123456789ABCDEFGHIJ', name: 'example.com' } },
  },
  existingVpc: {
    network: {
      vpcId: 'vpc-0123456789abcdef0',
      privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      routeTableIds: ['rtb-0123456789abcdef0'],
      endpoints: 'create',
    },
  },
  existingEndpoints: {
    network: {
      vpcId: 'vpc-0123456789abcdef0',
      privateSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
      endpoints: 'existing',
      endpointSecurityGroupId: 'sg-0123456789abcdef0',
    },
  },
} as const satisfies Readonly<Record<string, Json>>;

export interface Resource {
  readonly Type: string;
  readonly Properties: Json;
  readonly DeletionPolicy?: string;
}

interface TemplateJson {
  readonly Parameters?: Readonly<Record<string, Json>>;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: { Name: string } }>>;
}

export interface Synthesized {
  readonly app: App;
  /** In the order in which they are deployed. */
  readonly stacks: readonly {
    readonly name: StackName;
    readonly stackName: string;
    readonly json: TemplateJson;
    readonly tags: Readonly<Record<string, string>>;
  }[];
  readonly warnings: readonly string[];
  /** @throws if there is no such stack */
  template(name: StackName): Template;
  /** Resources of all stacks, or of one. */
  resources(type: string, stack?: StackName): readonly Resource[];
}

/**
 * @param changes of the example's settings
 * @param plugin checks the stacks
 */
export function synthesize(
  t: Test,
  environment: EnvironmentName = 'dev',
  changes: Json = {},
  plugin?: IPolicyValidationPlugin,
): Synthesized {
  const everywhere = { ...EXAMPLE };
  delete (everywhere as Record<string, unknown>)['environments'];
  const app = new App({ outdir: t.testdir() });
  buildStacks(app, environment, checkSettings({ ...everywhere, ...changes }, environment));
  if (plugin !== undefined) Validations.of(app).addPlugins(plugin);
  const assembly = app.synth();

  const prefix = `${String(everywhere['projectName'])}-${environment}-`;
  const stacks = assembly.stacks.map((artifact) => ({
    name: artifact.stackName.slice(prefix.length) as StackName,
    stackName: artifact.stackName,
    json: artifact.template as TemplateJson,
    tags: artifact.tags,
  }));
  return {
    app,
    stacks,
    warnings: [
      ...assembly.stacks.flatMap(({ messages }) => messages.map(({ entry }) => JSON.stringify(entry.data))),
      ...readReport(join(assembly.directory, 'validation-report.json')),
    ],
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
}

/** What CDK's own checks of the templates found. */
function readReport(file: string): readonly string[] {
  const { pluginReports } = JSON.parse(readFileSync(file, 'utf8')) as {
    pluginReports: { pluginName: string; violations: unknown[] }[];
  };
  return pluginReports.flatMap(({ violations }) => violations.map((violation) => JSON.stringify(violation)));
}

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: Json;
  readonly Sid?: string;
}

/** Every statement of every policy in the templates, and where it is. */
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

export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** A value of a template as text: pseudo parameters and references by their names. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, inner] = ['', undefined]] = Object.entries(value) as [string, unknown][];
  if (name === 'Ref' || name === 'Fn::ImportValue') return `<${textOf(inner)}>`;
  if (name === 'Fn::GetAtt') return `<${listOf(inner as string).join('.')}>`;
  if (name === 'Fn::Join') {
    const [separator, parts] = inner as [string, unknown[]];
    return parts.map(textOf).join(separator);
  }
  return JSON.stringify(value);
}
