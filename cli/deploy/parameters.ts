// The values of the templates' parameters.
import { cosignerImage } from '../aws/machine-image.js';
import { describeService, type ServiceKind, type ServiceState } from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, deployedTemplate, stateOf } from '../aws/stack.js';
import type { DeploymentRun } from './step.js';
import type { CertificateStep } from './steps/certificate.js';
import type { Template } from './templates.js';

/** The parameter that turns on the protection of prod's resources against deletion. */
export const PROTECTION = 'DeletionProtection';
/** The parameter with the number of tasks. */
export const TASKS = 'DesiredCount';

/** Undefined for values that earlier steps have yet to determine. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** @returns what the template's parameters are in the next update, by name */
export async function parametersOf(
  { session, options, deployed }: DeploymentRun,
  template: Template,
  certificate: CertificateStep,
): Promise<Parameters> {
  const current = deployed.get(template.name);
  const has = (name: string): boolean => template.parameters.includes(name);
  const kind = template.name === 'console' ? 'console' : 'handler';
  return {
    ImageTag: options.tag,
    CertificateArn: certificate.arn() ?? deployed.get('callback')?.parameters['CertificateArn'],
    [PROTECTION]: 'true',
    ...(has(TASKS) && { [TASKS]: String(await tasksOf(session, kind, current)) }),
    ...(has('CosignerImageId') && { CosignerImageId: await cosignerImage(session, usable(current)) }),
  };
}

/** A stack that is created again loses what it has. */
function usable(stack: DeployedStack | undefined): DeployedStack | undefined {
  return stateOf(stack) === 'stuck' ? undefined : stack;
}

/**
 * @param current the stack of the service
 * @returns the number of tasks: the present one, within the settings, so that a deployment undoes neither autoscaling
 * nor `scale 0`
 */
export async function tasksOf(
  session: Session,
  kind: ServiceKind,
  current: DeployedStack | undefined,
): Promise<number> {
  const { least, most } = tasksBySettings(session, kind);
  const state = usable(current) && (await describeService(session, kind));
  if (state === undefined) return least;
  if (state.desired === 0 && (await isStoppedByHand(session, current, state))) return 0;
  return Math.min(Math.max(state.desired, least), most);
}

/** The smallest and the largest number of tasks. */
export function tasksBySettings({ settings }: Pick<Session, 'settings'>, kind: ServiceKind) {
  const { desiredCount, maxCount } = settings;
  if (kind === 'handler') return { least: desiredCount, most: maxCount };
  const least = settings.console?.desiredCount ?? 0;
  return { least, most: least };
}

/** Whether `scale 0` has stopped the service, and not the settings at its last deployment. */
async function isStoppedByHand(
  { aws }: Pick<Session, 'aws'>,
  stack: DeployedStack | undefined,
  { desired }: ServiceState,
): Promise<boolean> {
  if (desired > 0 || stack === undefined) return false;
  const { Parameters = {}, Resources = {} } = (await deployedTemplate(
    aws.cloudformation,
    stack.stackName,
  )) as Deployed;
  const service = Object.values(Resources).find(({ Type }) => Type === 'AWS::ECS::Service');
  return Number(Parameters[TASKS]?.Default ?? service?.Properties?.['DesiredCount']) !== 0;
}

interface Deployed {
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
  readonly Resources?: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
}
