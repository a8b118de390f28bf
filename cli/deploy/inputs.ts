// Values that a stack gets from other stacks: each is an output there, and a parameter here.
import { isDeepStrictEqual } from 'node:util';
import type { StackName } from '../../infra/names.js';
import { UsageError } from '../command.js';
import type { DeploymentRun } from './step.js';
import type { Input, Outputs, Template, TemplateBody } from './templates.js';

type Known = Pick<DeploymentRun, 'templates' | 'deployed' | 'deployedTemplates'>;

/**
 * @returns the value of the output; undefined if the stack is not deployed, or does not have it yet. A stack that version
 * 0.7.0 deployed has its exports, which have the same values under other names.
 */
export function inputValue({ stack, output }: Input, run: Known): string | undefined {
  const outputs = run.deployed.get(stack)?.outputs ?? {};
  if (outputs[output] !== undefined) return outputs[output];
  const wanted = outputsOf(run.templates.find(({ name }) => name === stack))[output]?.Value;
  const [sameValue] =
    Object.entries(run.deployedTemplates.get(stack)?.Outputs ?? {}).find(
      ([, { Value }]) => wanted !== undefined && isDeepStrictEqual(Value, wanted),
    ) ?? [];
  return sameValue === undefined ? undefined : outputs[sameValue];
}

/** @returns the values that a stack's parameters get from other stacks, as far as they exist */
export function inputsOf({ inputs }: Template, run: Known): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(inputs).flatMap(([name, input]) => {
      const value = inputValue(input, run);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** @throws {UsageError} if a selected stack needs an output that its stack will only have after an update */
export function assertInputs(selected: readonly StackName[], run: Known): void {
  for (const template of run.templates.filter(({ name }) => selected.includes(name))) {
    const missing = Object.values(template.inputs)
      .filter((input) => !selected.includes(input.stack) && inputValue(input, run) === undefined)
      .map(({ stack }) => stack);
    if (missing.length === 0) continue;
    const names = run.templates.map(({ name }) => name).filter((name) => missing.includes(name));
    const enough = run.templates
      .map(({ name }) => name)
      .filter((name) => selected.includes(name) || missing.includes(name));
    throw new UsageError(
      `${template.name} needs the changes to ${names.join(' and ')}: use --only-stacks ${enough.join(',')}`,
    );
  }
}

/**
 * CloudFormation does not remove an export that another stack imports, and version 0.7.0 used exports. They stay until
 * the stacks that import them have been updated.
 * @returns the templates, with the exports that are still in use
 */
export function keepExports(
  templates: readonly Template[],
  deployed: DeploymentRun['deployedTemplates'],
): readonly Template[] {
  const imported = new Set([...deployed.values()].flatMap(importsOf));
  return templates.map((template) => {
    const kept = Object.entries(deployed.get(template.name)?.Outputs ?? {}).filter(([, { Export }]) =>
      imported.has(String(Export?.Name)),
    );
    if (kept.length === 0) return template;
    const body = JSON.parse(template.body) as TemplateBody;
    const Outputs = { ...Object.fromEntries(kept), ...body.Outputs };
    return { ...template, body: JSON.stringify({ ...body, Outputs }) };
  });
}

/** Whether a later deployment removes exports that this one keeps. */
export function keepsExports(templates: readonly Template[]): boolean {
  return templates.some((template) =>
    Object.values(outputsOf(template)).some(({ Export }) => Export !== undefined),
  );
}

/** @returns the names of the exports that a template imports */
export function importsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(importsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Fn::ImportValue' ? [String(inner)] : importsOf(inner),
  );
}

export function outputsOf(template: Template | undefined): Outputs {
  return template === undefined ? {} : ((JSON.parse(template.body) as TemplateBody).Outputs ?? {});
}
