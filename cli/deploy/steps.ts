// The steps of a deployment, in order.
import type { StackName } from '../../infra/names.js';
import { handlerStack } from '../aws/handler.js';
import { removeStack } from '../aws/removal.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import { withoutTarget } from './image.js';
import { parametersOf } from './parameters.js';
import { stacksToUpdateLast } from './refusals.js';
import type { DeploymentRun, Step } from './step.js';
import { buildStep } from './steps/build.js';
import { type CertificateStep, certificateStep } from './steps/certificate.js';
import { endpointsCheck, hostNameCheck, instanceCheck } from './steps/checks.js';
import {
  defaultGroup,
  deletionProtection,
  leftOverLog,
  linkedRoles,
  withCompanions,
} from './steps/companions.js';
import { functionStep, versionStep } from './steps/function.js';
import { keysStep } from './steps/keys.js';
import { scanStep } from './steps/scan.js';
import { serviceStep } from './steps/service.js';
import { againStep, stackStep } from './steps/stack.js';
import type { Template } from './templates.js';

/** @returns the steps for the selected stacks */
export function stepsOf(deployment: DeploymentRun): readonly Step[] {
  const certificate = certificateStep(deployment);
  const last = stacksToUpdateLast(deployment);
  const selected = deployment.templates.filter(({ name }) => deployment.selected.includes(name));
  const steps = [
    ...selected.filter(({ name }) => !last.includes(name)),
    ...selected.filter(({ name }) => last.includes(name)),
  ].flatMap((template) => stepsOfStack(deployment, template, certificate));
  const { deployed, transition } = deployment;
  const withConsole = deployment.session.settings.console !== undefined;
  const again = (template: Template) =>
    againStep(deployment, template, () => parametersOf(deployment, template, certificate));
  return [
    // First, because the other stacks can't remove what it uses.
    ...(withConsole ? [] : removalStep(deployment, 'console', 'the settings have no "console"')),
    ...steps,
    ...transition.again.filter(({ name }) => name === 'callback').map(again),
    // Only now, because the load balancer has invoked it; the function needs its role and the network until it is gone.
    ...(transition.deletesFunction
      ? removalStep(deployment, 'function', 'the settings have "compute": "fargate"')
      : []),
    ...transition.again.filter(({ name }) => name !== 'callback').map(again),
  ];

  function removalStep(run: DeploymentRun, name: StackName, reason: string): readonly Step[] {
    const stack = deployed.get(name);
    return stack === undefined ? [] : [deletionOf(run, name, stack, reason)];
  }
}

/** A stack that the settings do not call for any more. */
function deletionOf(
  { session, deployed }: DeploymentRun,
  name: StackName,
  stack: DeployedStack,
  reason: string,
): Step {
  return {
    name,
    inspect: () => Promise.resolve({ action: 'delete', summary: `delete the stack: ${reason}`, details: [] }),
    async apply(report) {
      await removeStack(session, stack, {
        report,
        onEvent: ({ type, resource, status }) => report(`${type} ${resource} ${status}`),
      });
      deployed.delete(name);
    },
  };
}

function stepsOfStack(
  deployment: DeploymentRun,
  template: Template,
  certificate: CertificateStep,
): readonly Step[] {
  const { session, options } = deployment;
  const stack = withCompanions(
    stackStep(deployment, template, () => parametersOf(deployment, template, certificate)),
    companionsOf(deployment, template),
  );
  const ownCertificate = isIssuedByStack(session) ? [] : [certificate];
  switch (template.name) {
    case 'image':
      return [stack, ...(options.givenTag === undefined ? [buildStep(deployment)] : [])];
    case 'function':
      return [
        ...beforeHandler(deployment),
        stack,
        functionStep(deployment),
        versionStep(deployment, template, () => parametersOf(deployment, template, certificate)),
      ];
    case 'callback':
      return session.settings.compute === 'fargate'
        ? [...beforeHandler(deployment), ...ownCertificate, stack, serviceStep(deployment)]
        : [...ownCertificate, stack];
    case 'console':
      return [stack, serviceStep(deployment, 'console')];
    default:
      return [stack];
  }
}

/** What the handler needs to start. */
function beforeHandler(deployment: DeploymentRun): readonly Step[] {
  return [...(isDeployed(deployment) ? [] : [scanStep(deployment)]), keysStep(deployment)];
}

/** What is checked and done before and after a stack. */
function companionsOf(deployment: DeploymentRun, template: Template) {
  const { selected } = deployment;
  const needsRoles =
    template.name === selected[0] && (selected.includes('callback') || selected.includes('console'));
  const roles = needsRoles ? [linkedRoles(deployment)] : [];
  const protection = deletionProtection(deployment, template);
  switch (template.name) {
    case 'foundation':
      return {
        before: [endpointsCheck(deployment, template), ...roles],
        after: [defaultGroup(deployment, template)],
      };
    case 'callback':
      return {
        before: [hostNameCheck(deployment, template), ...roles, leftOverLog(deployment, template)],
        after: protection,
      };
    default:
      return { before: [instanceCheck(deployment, template), ...roles], after: protection };
  }
}

/** Whether the handler runs this image already: a finding that is new must not prevent another change. */
function isDeployed({ session, deployed, options }: DeploymentRun): boolean {
  const tag = deployed.get(handlerStack(session.settings))?.parameters['ImageTag'];
  return tag !== undefined && withoutTarget(tag) === options.tag;
}

/** Whether ACM issues the certificate as part of the stack. */
function isIssuedByStack({ settings: { certificate } }: Session): boolean {
  return typeof certificate === 'object' && 'publicZone' in certificate;
}
