// A CloudFormation stack as currently deployed.
import {
  type CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  type Stack,
} from '@aws-sdk/client-cloudformation';
import { parse } from 'yaml';
import { isAwsError } from './error.js';

export interface DeployedStack {
  readonly stackId: string;
  readonly stackName: string;
  /** CloudFormation's status code, such as `CREATE_COMPLETE`. */
  readonly status: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
  readonly updated: Date | undefined;
  /** What the last drift detection found: `IN_SYNC`, `DRIFTED`; undefined if there was none. */
  readonly drift: { readonly status: string; readonly checked: Date } | undefined;
}

/**
 * - `absent`: it does not exist
 * - `ready`: it can be updated
 * - `busy`: CloudFormation is changing it
 * - `stuck`: it can't be updated; most such stacks can only be deleted
 */
export type StackState = 'absent' | 'ready' | 'busy' | 'stuck';

/** Follows CloudFormation's documentation, "Stack status codes". */
export function stateOf(stack: DeployedStack | undefined): StackState {
  if (stack === undefined) return 'absent';
  if (/^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK|IMPORT_ROLLBACK)_COMPLETE$/.test(stack.status)) return 'ready';
  if (stack.status.endsWith('_IN_PROGRESS') && stack.status !== 'REVIEW_IN_PROGRESS') return 'busy';
  return 'stuck';
}

/** @returns undefined if the stack does not exist */
export async function describeStack(
  cloudformation: CloudFormationClient,
  nameOrId: string,
): Promise<DeployedStack | undefined> {
  try {
    const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName: nameOrId }));
    const stack = Stacks?.[0];
    if (stack?.StackStatus === undefined || stack.StackStatus === 'DELETE_COMPLETE') return undefined;
    return {
      stackId: stack.StackId ?? nameOrId,
      stackName: stack.StackName ?? nameOrId,
      status: stack.StackStatus,
      // The value of a parameter that CloudFormation reads from SSM is the parameter's name there.
      parameters: {
        ...toRecord(stack.Parameters, 'ParameterKey', 'ParameterValue'),
        ...toRecord(
          stack.Parameters?.filter(({ ResolvedValue }) => ResolvedValue !== undefined),
          'ParameterKey',
          'ResolvedValue',
        ),
      },
      outputs: toRecord(stack.Outputs, 'OutputKey', 'OutputValue'),
      tags: toRecord(stack.Tags, 'Key', 'Value'),
      terminationProtection: stack.EnableTerminationProtection ?? false,
      updated: stack.LastUpdatedTime ?? stack.CreationTime,
      drift: driftOf(stack),
    };
  } catch (error) {
    if (isValidationError(error, 'does not exist')) return undefined;
    throw error;
  }
}

function driftOf({ DriftInformation: drift }: Stack): DeployedStack['drift'] {
  const { StackDriftStatus: status, LastCheckTimestamp: checked } = drift ?? {};
  return status === undefined || checked === undefined ? undefined : { status, checked };
}

/** @returns the template as uploaded, by these commands or by `cdk deploy` */
export async function deployedTemplate(
  cloudformation: CloudFormationClient,
  stackName: string,
): Promise<unknown> {
  const { TemplateBody = '{}' } = await cloudformation.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  // `cdk deploy` uploads YAML; JSON is valid YAML.
  return parse(TemplateBody);
}

/**
 * Whether CloudFormation rejected a call for this reason. It uses the code `ValidationError` for a missing stack, for
 * an update without changes and for every other mistake, so only the message distinguishes them.
 */
export function isValidationError(
  error: unknown,
  reason: 'does not exist' | 'No updates are to be performed',
): boolean {
  return isAwsError(error, 'ValidationError') && (error as Error).message.includes(reason);
}

function toRecord<Key extends string, Value extends string>(
  items: readonly Readonly<Partial<Record<Key | Value, string | boolean>>>[] | undefined,
  key: Key,
  value: Value,
): Readonly<Record<string, string>> {
  return Object.fromEntries((items ?? []).map((item) => [String(item[key]), String(item[value] ?? '')]));
}
