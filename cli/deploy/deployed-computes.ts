// What runs the handler now, which differs from the settings until a change of `compute` or `front` is deployed.
import type { Settings } from '../../infra/settings.js';
import type { Session } from '../aws/session.js';
import { type DeployedStack, deployedTemplate, describeStack } from '../aws/stack.js';
import type { TemplateBody } from './templates.js';
import { hasTasks } from './transition.js';

type Client = Pick<Session, 'aws' | 'names'>;

/** @returns `fargate` for tasks, `lambda` for the function, or both; what the settings call for if nothing is deployed */
export async function deployedComputes(
  session: Client & { readonly settings: Pick<Settings, 'compute'> },
): Promise<readonly Settings['compute'][]> {
  const { aws, names, settings } = session;
  const [callback, lambda] = await Promise.all(
    ['callback', 'function'].map((name) => describeStack(aws.cloudformation, `${names.prefix}-${name}`)),
  );
  const found: Settings['compute'][] = [];
  if (lambda !== undefined) found.push('lambda');
  if (hasTasks(await templateOf(session, callback))) found.push('fargate');
  return found.length > 0 ? found : [settings.compute];
}

/** @returns undefined for a stack that does not exist, or that has been named, but never created */
export async function templateOf(
  { aws }: Client,
  stack: DeployedStack | undefined,
): Promise<TemplateBody | undefined> {
  if (stack === undefined || stack.status === 'REVIEW_IN_PROGRESS') return undefined;
  return (await deployedTemplate(aws.cloudformation, stack.stackName)) as TemplateBody;
}
