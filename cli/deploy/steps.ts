// The steps of a deployment, in order.
import { removeStack } from '../aws/removal.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
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
import { keysStep } from './steps/keys.js';
import { scanStep } from './steps/scan.js';
import { serviceStep } from './steps/service.js';
import { stackStep } from './steps/stack.js';
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
  const leftOver = deployment.deployed.get('console');
  if (leftOver === undefined || deployment.session.settings.console !== undefined) return steps;
  // First, because the other stacks can't remove what it uses.
  return [removalStep(deployment, leftOver), ...steps];
}

/** A console that was turned off in the settings. */
function removalStep({ session, deployed }: DeploymentRun, stack: DeployedStack): Step {
  return {
    name: 'console',
    inspect: () =>
      Promise.resolve({
        action: 'delete',
        summary: 'delete the stack: the settings have no "console"',
        details: [],
      }),
    async apply(report) {
      await removeStack(session, stack, {
        report,
        onEvent: ({ type, resource, status }) => report(`${type} ${resource} ${status}`),
      });
      deployed.delete('console');
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
  switch (template.name) {
    case 'image':
      return [stack, ...(options.givenTag === undefined ? [buildStep(deployment)] : [])];
    case 'callback':
      return [
        ...(isDeployed(deployment) ? [] : [scanStep(deployment)]),
        keysStep(deployment),
        ...(isIssuedByStack(session) ? [] : [certificate]),
        stack,
        serviceStep(deployment),
      ];
    case 'console':
      return [stack, serviceStep(deployment, 'console')];
    default:
      return [stack];
  }
}

/** What is checked and done before and after a stack. */
function companionsOf(deployment: DeploymentRun, template: Template) {
  const { selected } = deployment;
  const needsRoles = template.name === selected[0] && selected.includes('callback');
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
        before: [hostNameCheck(deployment, template), ...roles, leftOverLog(deployment)],
        after: protection,
      };
    default:
      return { before: [instanceCheck(deployment, template), ...roles], after: protection };
  }
}

/** Whether the service runs this image already: a finding that is new must not prevent another change. */
function isDeployed({ deployed, options }: DeploymentRun): boolean {
  return deployed.get('callback')?.parameters['ImageTag'] === options.tag;
}

/** Whether ACM issues the certificate as part of the stack. */
function isIssuedByStack({ settings: { certificate } }: Session): boolean {
  return typeof certificate === 'object' && 'publicZone' in certificate;
}
