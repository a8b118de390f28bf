// What an update does to each resource. Templates are compared with the values of their parameters, because a value that
// changes can replace a resource just as a template can.
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import type { StackName } from '../../infra/names.js';
import { isObject } from '../../infra/settings/json.js';
import { nameOf } from './fixed-names.js';
import { inputsOf } from './inputs.js';
import type { TemplateBody } from './templates.js';
import type { DeploymentRun } from './step.js';

export interface ResourceChange {
  readonly id: string;
  readonly type: string;
  readonly kind: 'replace' | 'remove';
  /** The properties that cause a replacement: they can only be set at creation. */
  readonly properties: readonly string[];
  /** The name of both the old and the new resource, if it is fixed and stays the same. */
  readonly sameName: string | undefined;
}

/** @returns what the update of a stack replaces, or removes from it; nothing if the stack is not deployed */
export function lossesOf(run: DeploymentRun, stack: StackName): readonly ResourceChange[] {
  const { before, after } = templatesOf(run, stack);
  if (before === undefined) return [];
  const losses: ResourceChange[] = [];
  fullDiff(before, after).resources.forEachDifference((id, change) => {
    const type = change.oldResourceType;
    if (type === undefined) return;
    const isReplaced = change.changeImpact === ResourceImpact.WILL_REPLACE;
    if (!isReplaced && !change.isRemoval) return;
    const name = nameOf({ Type: type, Properties: change.oldProperties ?? {} });
    const newName = nameOf({ Type: type, Properties: change.newProperties ?? {} });
    const isSame = isReplaced && name !== undefined && JSON.stringify(name) === JSON.stringify(newName);
    losses.push({
      id,
      type,
      kind: isReplaced ? 'replace' : 'remove',
      properties: Object.entries(change.propertyUpdates)
        .filter(([, update]) => update.changeImpact === ResourceImpact.WILL_REPLACE)
        .map(([property]) => property),
      sameName: isSame ? textOf(name) : undefined,
    });
  });
  return losses;
}

/** @returns the deployed template and the new one, with the values of their parameters in place of references */
export function templatesOf(
  run: DeploymentRun,
  stack: StackName,
): { readonly before: TemplateBody | undefined; readonly after: TemplateBody } {
  const current = run.deployed.get(stack)?.parameters ?? {};
  const deployedTemplate = run.deployedTemplates.get(stack);
  const template = run.templates.find(({ name }) => name === stack);
  const body = JSON.parse(template?.body ?? '{}') as TemplateBody;
  const inputs = template === undefined ? {} : inputsOf(template, run);
  const exported = exportedValues(run);
  const { account } = run.session;
  return {
    before: deployedTemplate && resolve(withAccount(deployedTemplate, account), current, exported),
    after: resolve(
      withAccount(body, account),
      { ...current, ...inputs, ...run.parameters.get(stack) },
      exported,
    ),
  };
}

/** @returns the values of exports by name: version 0.7.0 used them */
function exportedValues({ deployed, deployedTemplates }: DeploymentRun): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...deployedTemplates].flatMap(([stack, { Outputs = {} }]) =>
      Object.entries(Outputs).flatMap(([output, { Export }]) => {
        const value = deployed.get(stack)?.outputs[output];
        return Export === undefined || value === undefined ? [] : [[String(Export.Name), value]];
      }),
    ),
  );
}

function resolve(
  body: TemplateBody,
  parameters: Readonly<Record<string, string>>,
  exported: Readonly<Record<string, string>>,
): TemplateBody {
  const valueOf = (name: string): unknown => parameters[name] ?? body.Parameters?.[name]?.Default;
  const substitute = (text: string): unknown => {
    const substituted = text.replaceAll(/\$\{(\w+)\}/g, (reference, name: string) => {
      const value = body.Parameters?.[name] === undefined ? undefined : valueOf(name);
      return typeof value === 'string' ? value : reference;
    });
    return substituted.includes('${') ? { 'Fn::Sub': substituted } : substituted;
  };
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (!isObject(value)) return value;
    const { Ref: ref, 'Fn::ImportValue': imported, 'Fn::Sub': text, 'Fn::FindInMap': path } = value;
    if (typeof ref === 'string' && body.Parameters?.[ref] !== undefined) return valueOf(ref) ?? value;
    if (typeof imported === 'string') return exported[imported] ?? value;
    if (typeof text === 'string') return substitute(text);
    const branch = branchOf(value['Fn::If'], body, valueOf);
    if (branch !== undefined) return replace(branch);
    // Version 0.7.0 had the Co-signer's image in a map by region.
    if (Array.isArray(path)) return inMap(body.Mappings, path) ?? value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return { ...body, ...(replace({ Resources: body.Resources ?? {} }) as TemplateBody) };
}

/** With `account` in the settings, templates name the account; without it, they refer to it. */
function withAccount(body: TemplateBody, account: string): TemplateBody {
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (!isObject(value)) return value;
    if (value['Ref'] === 'AWS::AccountId') return account;
    const [separator, parts] = Array.isArray(value['Fn::Join']) ? (value['Fn::Join'] as unknown[]) : [];
    if (separator === '' && Array.isArray(parts)) return join(parts.map(replace));
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  return replace(body) as TemplateBody;
}

/** Joins the strings that follow each other. */
function join(parts: readonly unknown[]): unknown {
  const joined: unknown[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (typeof part === 'string' && typeof last === 'string') joined.splice(-1, 1, last + part);
    else joined.push(part);
  }
  return joined.length === 1 && typeof joined[0] === 'string' ? joined[0] : { 'Fn::Join': ['', joined] };
}

/** @returns the branch that applies, if the condition compares a parameter whose value is known */
function branchOf(
  branches: unknown,
  { Conditions = {} }: TemplateBody,
  valueOf: (parameter: string) => unknown,
): unknown {
  if (!Array.isArray(branches)) return undefined;
  const [condition, whenTrue, whenFalse] = branches as readonly unknown[];
  const expression = Conditions[String(condition)];
  const equals = isObject(expression) ? expression['Fn::Equals'] : undefined;
  const [left, right] = (equals ?? []) as readonly unknown[];
  const value = isObject(left) ? valueOf(String(left['Ref'])) : undefined;
  if (value === undefined) return undefined;
  return value === right ? whenTrue : whenFalse;
}

/** @returns the value of a map that has one key, whatever the key is: the region */
function inMap(maps: TemplateBody['Mappings'] = {}, [map, , field]: readonly unknown[]): unknown {
  const entries = Object.values(maps[String(map)] ?? {});
  return entries.length === 1 ? entries[0]?.[String(field)] : undefined;
}

function textOf(name: unknown): string {
  return typeof name === 'string' ? name : JSON.stringify(name);
}
