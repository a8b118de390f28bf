// Step: creates, updates or recreates one stack.
import { isDeepStrictEqual } from 'node:util';
import { deployStack } from '../../aws/cloudformation.js';
import { DeployError } from '../../aws/error.js';
import { awsCommand } from '../../aws/printed-commands.js';
import { assertNothingKept, removeStack } from '../../aws/removal.js';
import type { StackEvent } from '../../aws/stack-events.js';
import { type DeployedStack, stateOf } from '../../aws/stack.js';
import { explainStoppedTask } from '../../aws/stopped-task.js';
import { templatesOf } from '../changes.js';
import { inputsOf } from '../inputs.js';
import { LIVE_VERSION } from '../../../infra/names.js';
import { LOG_ROLE, PROTECTION, TASKS } from '../parameters.js';
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
  parametersOf: () => Promise<Readonly<Record<string, string | undefined>>>,
): Step {
  const { actions } = deployment;
  const parameters = async (): Promise<Parameters> =>
    Object.fromEntries(
      Object.entries({ ...(await parametersOf()), ...inputsOf(template, deployment) }).flatMap(
        ([name, value]) => (value !== undefined && template.parameters.includes(name) ? [[name, value]] : []),
      ),
    );
  return {
    name: template.name,
    async inspect() {
      const known = await parameters();
      deployment.parameters.set(template.name, known);
      const change = inspectStack(deployment, template, known);
      actions.set(template.name, change.action);
      return change;
    },
    apply: async (report) => applyStack(deployment, template, await parameters(), report),
  };
}

/** A second update, without what only the replaced function, task or API needed. */
export function againStep(
  deployment: DeploymentRun,
  template: Template,
  parametersOf: () => Promise<Readonly<Record<string, string | undefined>>>,
): Step {
  const step = stackStep(deployment, template, parametersOf);
  const first = deployment.templates.find(({ name }) => name === template.name);
  return {
    name: `${template.name} again`,
    inspect() {
      const details = previewChanges(JSON.parse(first?.body ?? '{}'), JSON.parse(template.body));
      return Promise.resolve({
        action: 'update',
        summary: `then update: ${details.length} to change`,
        details,
      });
    },
    apply: (report) => step.apply(report),
  };
}

function inspectStack(deployment: DeploymentRun, template: Template, parameters: Parameters): Change {
  const { deployed, deployedTemplates, actions } = deployment;
  const current = deployed.get(template.name);
  const creation = `create ${template.resources} resources`;
  const details =
    parameters[LOG_ROLE] === 'true'
      ? ['set: the role of API Gateway for logs, which all APIs of the account use']
      : [];
  if (current === undefined) return { action: 'create', summary: creation, details };
  if (stateOf(current) === 'stuck') {
    const summary = `delete the stack, which is ${current.status}, then ${creation}`;
    return { action: 'recreate', summary, details };
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
  const changes = [
    ...Object.entries(parameters)
      .filter(([name, value]) => !unknownYet.includes(name) && isChanged(name, value, current))
      // Parameters that are new come with a change of the template.
      .filter(([name]) => template.inputs[name] === undefined || current.parameters[name] !== undefined)
      .map(([name, value]) => `${name}: ${current.parameters[name] ?? 'none'} → ${value}`),
    ...unknownYet.map((name) => `${name}: as created`),
    ...previewChanges(resolved.before, resolved.after),
  ];
  return {
    action: 'update',
    summary: `update: ${changes.length || 1} to change`,
    details: changes.length > 0 ? changes : ['tags or protection'],
  };
}

/**
 * Whether parameters, tags and protection are already up to date. Parameters that are not determined yet are ignored.
 */
function hasSameSettings(template: Template, parameters: Parameters, current: DeployedStack): boolean {
  return (
    !Object.entries(parameters).some(([name, value]) => isChanged(name, value, current)) &&
    Object.entries(template.tags).every(([name, value]) => current.tags[name] === value) &&
    (current.terminationProtection || !template.terminationProtection)
  );
}

/**
 * The number of tasks and the version in use are no changes by themselves: the service has as many tasks already, unless
 * another change restores their number, and the alias names that version.
 */
function isChanged(name: string, value: string, current: DeployedStack): boolean {
  return name !== TASKS && name !== LIVE_VERSION && current.parameters[name] !== value;
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
    if (session.production) await assertNothingKept(session, current);
  }
  // Protected resources can't be deleted, so a failed first creation could not be rolled back.
  const creates = !deployed.has(template.name) && template.parameters.includes(PROTECTION);
  try {
    if (creates) {
      const unprotected = { ...parameters, [PROTECTION]: 'false' };
      deployed.set(template.name, await deployStack(session, template, unprotected, onEvent));
    }
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
