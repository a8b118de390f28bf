// The steps of a deployment, in order.
import type { Session } from '../aws/session.js';
import type { DeploymentRun, Step } from './step.js';
import { buildStep } from './steps/build.js';
import { certificateStep } from './steps/certificate.js';
import { keysStep } from './steps/keys.js';
import { serviceStep } from './steps/service.js';
import { stackStep } from './steps/stack.js';
import type { Template } from './templates.js';

/** @returns the steps for the selected stacks */
export function stepsOf(deployment: DeploymentRun): readonly Step[] {
  return deployment.templates
    .filter(({ name }) => deployment.selected.includes(name))
    .flatMap((template) => stepsOfStack(deployment, template));
}

function stepsOfStack(deployment: DeploymentRun, template: Template): readonly Step[] {
  const { session, options } = deployment;
  switch (template.name) {
    case 'image':
      return [
        stackStep(deployment, template),
        ...(options.givenTag === undefined ? [buildStep(deployment)] : []),
      ];
    case 'callback': {
      const certificate = certificateStep(deployment);
      const parameters = () => ({ ImageTag: options.tag, CertificateArn: certificate.arn() });
      return [
        keysStep(deployment),
        ...(isIssuedByStack(session) ? [] : [certificate]),
        stackStep(deployment, template, parameters),
        serviceStep(deployment),
      ];
    }
    default:
      return [stackStep(deployment, template)];
  }
}

/** Whether ACM issues the certificate as part of the stack. */
function isIssuedByStack({ settings: { certificate } }: Session): boolean {
  return typeof certificate === 'object' && 'publicZone' in certificate;
}
