// The steps of a deployment, in order.
import { removeStack } from '../aws/removal.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import { stacksToUpdateLast } from './refusals.js';
import type { DeploymentRun, Step } from './step.js';
import { buildStep } from './steps/build.js';
import { type CertificateStep, certificateStep } from './steps/certificate.js';
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
  const { session, options, deployed } = deployment;
  const parameters = () => ({
    ImageTag: options.tag,
    CertificateArn: certificate.arn() ?? deployed.get('callback')?.parameters['CertificateArn'],
  });
  switch (template.name) {
    case 'image':
      return [
        stackStep(deployment, template),
        ...(options.givenTag === undefined ? [buildStep(deployment)] : []),
      ];
    case 'callback':
      return [
        ...(isDeployed(deployment) ? [] : [scanStep(deployment)]),
        keysStep(deployment),
        ...(isIssuedByStack(session) ? [] : [certificate]),
        stackStep(deployment, template, parameters),
        serviceStep(deployment),
      ];
    case 'console':
      return [stackStep(deployment, template, parameters), serviceStep(deployment, 'console')];
    default:
      return [stackStep(deployment, template)];
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
