// Step: creates, updates or recreates one stack.
import { isDeepStrictEqual } from 'node:util';
import { deployStack } from '../../aws/cloudformation.js';
import { DeployError } from '../../aws/error.js';
import { awsCommand } from '../../aws/printed-commands.js';
import { removeStack } from '../../aws/removal.js';
import type { StackEvent } from '../../aws/stack-events.js';
import { type DeployedStack, stateOf } from '../../aws/stack.js';
import { explainStoppedTask } from '../../aws/stopped-task.js';
import { templatesOf } from '../changes.js';
import { inputsOf } from '../inputs.js';
import { previewChanges } from '../preview.js';
import { type Change, type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';
import type { Template } from '../templates.js';

type Parameters = Readonly<Record<string, string>>;

/**
 * @param parametersOf returns the stack's parameters, other than those from outputs of other stacks; undefined for those
 * that earlier steps have yet to determine
 */
export function stackStep(
  deployment: DeploymentRun,
  template: Template,
  parametersOf: () => Readonly<Record<string, string | undefined>> = () => ({}),
): Step {
  const { actions } = deployment;
  const parameters = (): Parameters =>
    Object.fromEntries(
      Object.entries({ ...parametersOf(), ...inputsOf(template, deployment) }).flatMap(([name, value]) =>
        value !== undefined && template.parameters.includes(name) ? [[name, value]] : [],
      ),
    );
  return {
    name: template.name,
    inspect() {
      deployment.parameters.set(template.name, parameters());
      const change = inspectStack(deployment, template, parameters());
      actions.set(template.name, change.action);
      return Promise.resolve(change);
    },
    apply: (report) => applyStack(deployment, template, parameters(), report),
  };
}

function inspectStack(deployment: DeploymentRun, template: Template, parameters: Parameters): Change {
  const { session, deployed, deployedTemplates, actions } = deployment;
  const current = deployed.get(template.name);
  const creation = `create ${template.resources} resources`;
  if (current === undefined) return { action: 'create', summary: creation, details: [] };
  if (stateOf(current) === 'stuck') {
    const summary = `delete the stack, which is ${current.status}, then ${creation}`;
    return { action: 'recreate', summary, details: [] };
  }
  const before = deployedTemplates.get(template.name);
  const after: unknown = JSON.parse(template.body);
  const unknownYet = Object.entries(template.inputs)
    .filter(([, { stack }]) => /^(re)?create$/.test(actions.get(stack) ?? ''))
    .map(([name]) => name);
  if (
    unknownYet.length === 0 &&
    hasSameSettings(template, parameters, current) &&
    isDeepStrictEqual(before, after)
  ) {
    return NO_CHANGE;
  }
  const resolved = templatesOf(deployment, template.name);
  const details = [
    ...Object.entries(parameters)
      .filter(([name, value]) => !unknownYet.includes(name) && current.parameters[name] !== value)
      // Parameters that are new come with a change of the template.
      .filter(([name]) => template.inputs[name] === undefined || current.parameters[name] !== undefined)
      .map(([name, value]) => `${name}: ${current.parameters[name] ?? 'none'} → ${value}`),
    ...unknownYet.map((name) => `${name}: as created`),
    ...previewChanges(resolved.before, resolved.after),
    ...(template.name === 'cosigner' && session.settings.cosignerImageId === undefined
      ? [
          'may replace: the instance, if Amazon has a newer image; cosignerImageId in the settings prevents this',
        ]
      : []),
  ];
  return {
    action: 'update',
    summary: `update: ${details.length || 1} to change`,
    details: details.length > 0 ? details : ['tags or protection'],
  };
}

/**
 * Whether parameters, tags and protection are already up to date. Parameters that are not determined yet are ignored.
 */
function hasSameSettings(template: Template, parameters: Parameters, current: DeployedStack): boolean {
  return (
    Object.entries(parameters).every(([name, value]) => current.parameters[name] === value) &&
    Object.entries(template.tags).every(([name, value]) => current.tags[name] === value) &&
    (current.terminationProtection || !template.terminationProtection)
  );
}

async function applyStack(
  { session, deployed }: DeploymentRun,
  template: Template,
  parameters: Parameters,
  report: Report,
): Promise<void> {
  let stoppedTask: Promise<readonly string[]> | undefined;
  const onEvent = progressReporter(template.resources, report, (event) => {
    // Read the log immediately, because CloudFormation deletes it with the stack when it rolls back.
    if (event.type === 'AWS::ECS::Service' && event.status.endsWith('_FAILED')) {
      const kind = template.name === 'console' ? 'console' : 'handler';
      stoppedTask ??= explainStoppedTask(session, kind).catch(() => []);
    }
  });
  const current = deployed.get(template.name);
  if (current !== undefined && stateOf(current) === 'stuck') {
    await removeStack(session, current, { report, onEvent });
    deployed.delete(template.name);
  }
  try {
    deployed.set(template.name, await deployStack(session, template, parameters, onEvent));
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    const command = `cloudformation describe-stack-events --stack-name ${template.stackName}`;
    const next = `${error.next}; to see all events: ${awsCommand(session, command)}`;
    throw new DeployError(error.code, error.message, next, (await stoppedTask) ?? []);
  }
}

/** Reports each event with the number of completed resources, such as `3/16`. */
function progressReporter(total: number, report: Report, also: (event: StackEvent) => void) {
  const completed = new Set<string>();
  return (event: StackEvent): void => {
    const { resource, type, status, reason } = event;
    if (status.endsWith('_COMPLETE') && type !== 'AWS::CloudFormation::Stack') completed.add(resource);
    const count = `${completed.size}/${total}`;
    report([count, type, resource, status, ...(reason === undefined ? [] : [`(${reason})`])].join(' '));
    also(event);
  };
}
