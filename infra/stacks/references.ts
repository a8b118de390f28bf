// Values from other stacks: each is an output of its own stack, and a parameter of the stack that needs it. An export
// would keep its stack from removing or replacing anything that another stack has ever used, whatever the order.
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { StackName } from '../names.js';
import { isObject } from '../settings/json.js';

type Outputs = Readonly<Record<string, { readonly Value: unknown }>>;

interface TemplateJson {
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Outputs;
}

/** What the CDK writes for a weak reference. */
interface GetStackOutput {
  readonly StackName: string;
  readonly OutputName: string;
}

/** The CDK's construct with the outputs that other stacks use. */
const PUBLISHED = 'Publish';

/** The parameter for an output of another stack, such as `FoundationVpc`. */
export function parameterName(stack: StackName, output: string): string {
  return `${stack.charAt(0).toUpperCase()}${stack.slice(1)}${output}`;
}

/**
 * Gives outputs that other stacks use readable names, and makes each reference to one a parameter.
 * @param template of the stack, with the CDK's weak references
 * @param stacks all stacks, by the short names that parameters begin with
 * @throws if two outputs of the stack have the same name, but not the same value
 */
export function withParameters(
  template: TemplateJson,
  stack: Stack,
  stacks: ReadonlyMap<StackName, Stack>,
): TemplateJson {
  const parameters: Record<string, unknown> = {};
  const parameterFor = ({ StackName, OutputName }: GetStackOutput): string => {
    const [name, producer] = [...stacks].find(([, { stackName }]) => stackName === StackName) ?? [];
    const output = producer && publishedOutputs(producer).get(OutputName);
    if (name === undefined || output === undefined) throw new Error(`there is no output ${OutputName}`);
    return parameterName(name, output);
  };
  const replace = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(replace);
    if (!isObject(value)) return value;
    const reference = value['Fn::GetStackOutput'] as GetStackOutput | undefined;
    if (reference === undefined)
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
    const name = parameterFor(reference);
    parameters[name] = { Type: 'String' };
    return { Ref: name };
  };
  const { Parameters, Outputs, ...rest } = replace(template) as TemplateJson;
  const outputs = renameOutputs(Outputs ?? {}, publishedOutputs(stack));
  return {
    ...rest,
    ...(Parameters !== undefined || Object.keys(parameters).length > 0
      ? { Parameters: { ...Parameters, ...parameters } }
      : {}),
    ...(Object.keys(outputs).length > 0 && { Outputs: outputs }),
  };
}

/** @returns our name for each output that other stacks use, by the CDK's name */
function publishedOutputs(stack: Stack): ReadonlyMap<string, string> {
  const children = stack.node.tryFindChild(PUBLISHED)?.node.children ?? [];
  return new Map(
    children
      .filter((child) => child instanceof CfnOutput)
      .map(({ logicalId, value }) => [String(stack.resolve(logicalId)), outputName(stack.resolve(value))]),
  );
}

/** The resource's logical id without the hash, and the attribute: `Vpc`, `KeyArn`. */
function outputName(value: unknown): string {
  const { Ref: ref, 'Fn::GetAtt': [id, attribute = ''] = [] } = value as {
    Ref?: string;
    'Fn::GetAtt'?: readonly string[];
  };
  return `${(ref ?? id ?? '').replace(/[0-9A-F]{8}$/, '')}${attribute}`;
}

function renameOutputs(outputs: Outputs, names: ReadonlyMap<string, string>): Outputs {
  const renamed: Record<string, Outputs[string]> = {};
  for (const [id, output] of Object.entries(outputs)) {
    const name = names.get(id) ?? id;
    const same = renamed[name];
    if (same !== undefined && JSON.stringify(same.Value) !== JSON.stringify(output.Value))
      throw new Error(`two outputs are named ${name}`);
    renamed[name] ??= output;
  }
  return renamed;
}
