// The values of the templates' parameters.
import { wantedImages } from './image.js';
import { cosignerImage } from '../aws/machine-image.js';
import { keptLogParameters } from './kept-log.js';
import { describeService, type ServiceKind } from '../aws/service-state.js';
import { LIVE_VERSION } from '../../infra/names.js';
import { describeFunction } from '../aws/function.js';
import { hasLogRole } from '../aws/rest-api.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, stateOf } from '../aws/stack.js';
import type { TemplateBody } from './templates.js';
import type { DeploymentRun } from './step.js';
import type { CertificateStep } from './steps/certificate.js';
import type { Template } from './templates.js';

/** The parameter that turns on the protection of prod's resources against deletion. */
export const PROTECTION = 'DeletionProtection';
/** The parameter with the number of tasks. */
export const TASKS = 'DesiredCount';

/** The parameter that lets the stack of the API set the role with which API Gateway writes logs. */
export const LOG_ROLE = 'SetLogRole';

/** Undefined for values that earlier steps have yet to determine. */
export type Parameters = Readonly<Record<string, string | undefined>>;

/** @returns what the template's parameters are in the next update, by name */
export async function parametersOf(
  run: DeploymentRun,
  template: Template,
  certificate: CertificateStep,
): Promise<Parameters> {
  const { session, options, deployed } = run;
  const current = deployed.get(template.name);
  const has = (name: string): boolean => template.parameters.includes(name);
  const kind = template.name === 'console' ? 'console' : 'handler';
  const imageTag = wantedImages(session.settings, options.tag)[0]?.tag;
  return {
    ImageTag: template.name === 'console' ? options.tag : imageTag,
    CertificateArn: certificate.arn() ?? deployed.get('callback')?.parameters['CertificateArn'],
    [PROTECTION]: 'true',
    ...(has(TASKS) && { [TASKS]: String(await tasksOf(run, kind)) }),
    ...(has(LIVE_VERSION) && { [LIVE_VERSION]: await liveVersion(session, usable(current)) }),
    ...(await keptLogParameters(run, template, usable(current))),
    ...(has(LOG_ROLE) && { [LOG_ROLE]: await setsLogRole(session, usable(current)) }),
    ...(has('CosignerImageId') && { CosignerImageId: await cosignerImage(session, usable(current)) }),
  };
}

/** The version that is in use stays in use until the new one was checked. */
async function liveVersion(session: Session, current: DeployedStack | undefined): Promise<string> {
  return (current && (await describeFunction(session))?.version) ?? '';
}

/** There is one such role in an account and region: one that is set by somebody else stays. */
async function setsLogRole(session: Session, current: DeployedStack | undefined): Promise<string> {
  return current?.parameters[LOG_ROLE] ?? String(!(await hasLogRole(session)));
}

/** A stack that is created again loses what it has. */
function usable(stack: DeployedStack | undefined): DeployedStack | undefined {
  return stateOf(stack) === 'stuck' ? undefined : stack;
}

/**
 * @returns the number of tasks: the present one, within the settings, so that a deployment undoes neither autoscaling
 * nor `scale 0`
 */
export async function tasksOf(run: DeploymentRun, kind: ServiceKind): Promise<number> {
  const { session, deployed } = run;
  const { least, most } = tasksBySettings(session, kind);
  const stack = kind === 'console' ? 'console' : 'callback';
  const state = usable(deployed.get(stack)) && (await describeService(session, kind));
  if (state === undefined) return least;
  if (state.desired === 0 && tasksByDefault(run.deployedTemplates.get(stack)) !== 0) return 0;
  return Math.min(Math.max(state.desired, least), most);
}

/** The smallest and the largest number of tasks. */
export function tasksBySettings({ settings }: Pick<Session, 'settings'>, kind: ServiceKind) {
  const { desiredCount, maxCount } = settings;
  if (kind === 'handler') return { least: desiredCount, most: maxCount };
  const least = settings.console?.desiredCount ?? 0;
  return { least, most: least };
}

/** The number of tasks in the settings at the last deployment: with 0, it was not `scale 0` that stopped the service. */
function tasksByDefault({ Parameters = {}, Resources = {} }: TemplateBody = {}): number {
  const service = Object.values(Resources).find(({ Type }) => Type === 'AWS::ECS::Service');
  return Number(Parameters[TASKS]?.Default ?? service?.Properties?.['DesiredCount']);
}
