// What runs the handler now, which differs from the settings until a change of `compute` or `front` is deployed.
import type { Settings } from '../../infra/settings.js';
import { describeFunction } from '../aws/function.js';
import { hasService } from '../aws/service-state.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, deployedTemplate, describeStack } from '../aws/stack.js';
import type { TemplateBody } from './templates.js';

/** @returns `lambda` for the function, `fargate` for tasks, or both; what the settings call for if there is neither */
export async function deployedComputes(session: Session): Promise<readonly Settings['compute'][]> {
  const { aws, names, settings } = session;
  // Operators of tasks have no permission to read a function. One that failed to be created leaves its stack behind.
  const stack = await describeStack(aws.cloudformation, `${names.prefix}-function`);
  const found: Settings['compute'][] = [];
  if (stack !== undefined && (await describeFunction(session)) !== undefined) found.push('lambda');
  if (await hasService(session)) found.push('fargate');
  return found.length > 0 ? found : [settings.compute];
}

/** @returns undefined for a stack that does not exist, or that has been named, but never created */
export async function templateOf(
  { aws }: Pick<Session, 'aws'>,
  stack: DeployedStack | undefined,
): Promise<TemplateBody | undefined> {
  if (stack === undefined || stack.status === 'REVIEW_IN_PROGRESS') return undefined;
  return (await deployedTemplate(aws.cloudformation, stack.stackName)) as TemplateBody;
}
