// Changes that are refused before anything is changed, because CloudFormation would fail half-way, or because what is
// replaced or removed is in use or holds data.
import type { StackName } from '../../infra/names.js';
import { isObject } from '../../infra/settings/json.js';
import { parameterName } from '../../infra/stacks/references.js';
import { DeployError } from '../aws/error.js';
import { npmCommand } from '../aws/printed-commands.js';
import { type ResourceChange, lossesOf } from './changes.js';
import { importsOf, inputValue, outputsOf } from './inputs.js';
import type { Outputs } from './templates.js';
import type { DeploymentRun } from './step.js';

/** Why an update is refused. */
export interface Refusal {
  readonly stack: StackName;
  readonly change: ResourceChange;
  readonly reason: string;
  /** The setting that causes it, if it is known. */
  readonly setting: string | undefined;
}

/** Their contents are lost with them, or nobody finds them any more. */
const DATA_TYPES: readonly string[] = [
  'AWS::DynamoDB::Table',
  'AWS::ECR::Repository',
  'AWS::KMS::Key',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
];

/** Settings by the property that they replace a resource with, or by the type of what they remove. */
const SETTINGS: Readonly<Record<string, string>> = {
  CidrBlock: 'network.cidr',
  AvailabilityZone: 'availabilityZones',
  VpcId: 'network',
  SubnetId: 'network.privateSubnetIds',
  ImageId: 'cosignerImageId',
  'AWS::EC2::VPC': 'network',
  'AWS::EC2::Subnet': 'network',
  'AWS::EC2::SecurityGroup': 'network',
};

/** A stack that uses a resource of another. */
interface User {
  readonly stack: StackName;
  /** Whether it still uses it after this run. */
  readonly stays: boolean;
}

/** @returns every change of this run that would fail or lose something; the steps must have been inspected */
export function refusalsOf(run: DeploymentRun): readonly Refusal[] {
  const last = stacksToUpdateLast(run);
  return run.selected.flatMap((stack) =>
    lossesOf(run, stack).flatMap((change) => {
      const reason = reasonAgainst(run, stack, change, last);
      return reason === undefined ? [] : [{ stack, change, reason, setting: settingOf(change) }];
    }),
  );
}

/**
 * A stack that removes what others use until they are updated is updated after them.
 * @returns those stacks; none that has something new for the others
 */
export function stacksToUpdateLast(run: DeploymentRun): readonly StackName[] {
  return run.selected.filter((stack) => {
    const users = lossesOf(run, stack).flatMap(({ id }) => usersOf(run, stack, id));
    const gives = run.templates.some(
      ({ name, inputs }) =>
        run.selected.includes(name) &&
        Object.values(inputs).some((input) => input.stack === stack && inputValue(input, run) === undefined),
    );
    return users.length > 0 && users.every(({ stays }) => !stays) && !gives;
  });
}

/** @throws {DeployError} that lists what is refused */
export function assertNoRefusals(run: DeploymentRun): void {
  const { session } = run;
  const refusals = refusalsOf(run);
  if (refusals.length === 0) return;
  const settings = [...new Set(refusals.flatMap(({ setting }) => setting ?? []))];
  const back = settings.length === 0 ? 'change the settings back' : `change ${settings.join(' and ')} back`;
  const anew = session.production
    ? 'deploy the new settings as another environment, move the Co-signer to it, and then destroy this one'
    : `delete everything with ${npmCommand(session, 'destroy')}, and deploy again`;
  throw new DeployError(
    'CHANGE_REFUSED',
    `${refusals.length === 1 ? 'a change' : `${refusals.length} changes`} would fail, or lose what is in use`,
    `${back}; or ${anew}`,
    refusals.map(describe),
  );
}

function describe({ stack, change: { id, type, kind, properties }, reason, setting }: Refusal): string {
  const what = kind === 'replace' ? `would be replaced (${properties.join(', ')})` : 'would be removed';
  const cause = setting === undefined ? '' : `; the setting is ${setting}`;
  return `${stack}: ${id} (${type}) ${what}, but ${reason}${cause}`;
}

function reasonAgainst(
  run: DeploymentRun,
  stack: StackName,
  { id, type, sameName }: ResourceChange,
  last: readonly StackName[],
): string | undefined {
  const users = usersOf(run, stack, id).filter(({ stays }) => stays || !last.includes(stack));
  if (users.length > 0) {
    const names = users.map(({ stack }) => stack).join(' and ');
    return `${names} ${users.length === 1 ? 'uses' : 'use'} it`;
  }
  const isHost = stack === 'cosigner' && type === 'AWS::EC2::Instance';
  if (isHost || DATA_TYPES.includes(type)) return isHost ? 'it is the Co-signer' : 'it holds data';
  if (sameName !== undefined) return `its name is fixed: there can't be a second ${sameName}`;
  return undefined;
}

/** @returns the deployed stacks that use a resource; without those that this run deletes first */
function usersOf(run: DeploymentRun, producer: StackName, id: string): readonly User[] {
  const { templates, deployedTemplates, selected } = run;
  const now = outputsWith(id, deployedTemplates.get(producer)?.Outputs);
  const template = templates.find(({ name }) => name === producer);
  const later = new Set(outputsWith(id, outputsOf(template)).map(([output]) => output));
  // A load balancer or an API that is left over uses what it has used. Others that have no template are deleted.
  const leftOver = (['callback', 'api'] as const)
    .filter((name) => deployedTemplates.has(name) && !templates.some((one) => one.name === name))
    .map((name) => ({ name, inputs: {} }));
  return [...templates, ...leftOver]
    .filter(({ name }) => name !== producer)
    .flatMap(({ name, inputs }): readonly User[] => {
      const deployed = deployedTemplates.get(name);
      const imported = importsOf(deployed);
      const isUser = now.some(
        ([output, { Export }]) =>
          deployed?.Parameters?.[parameterName(producer, output)] !== undefined ||
          imported.includes(String(Export?.Name)),
      );
      const isLater = Object.values(inputs).some(
        ({ stack, output }) => stack === producer && later.has(output),
      );
      return isUser ? [{ stack: name, stays: isLater || !selected.includes(name) }] : [];
    });
}

/** @returns the outputs that refer to a resource */
function outputsWith(id: string, outputs: Outputs = {}): readonly (readonly [string, Outputs[string]])[] {
  return Object.entries(outputs).filter(([, { Value }]) => {
    if (!isObject(Value)) return false;
    const { Ref: ref, 'Fn::GetAtt': attribute } = Value;
    return ref === id || (Array.isArray(attribute) && attribute[0] === id);
  });
}

/** @returns the setting that causes a change, if it is known */
function settingOf({ kind, type, properties }: ResourceChange): string | undefined {
  return kind === 'remove' ? SETTINGS[type] : properties.flatMap((property) => SETTINGS[property] ?? [])[0];
}
