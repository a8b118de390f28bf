// Log groups that prod has kept when their stack was deleted. A stack that is created again uses them as they are:
// CloudFormation could not create them, and what they hold must not be deleted for it.
import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { keptLogParameter } from '../../infra/kept-logs.js';
import { belongsToStack } from '../aws/leftover-log.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import type { DeploymentRun } from './step.js';
import type { Template, TemplateBody } from './templates.js';

type Resource = NonNullable<TemplateBody['Resources']>[string];
type Client = Pick<Session, 'aws' | 'names'>;

/** @returns the name of a log group that is created only if it was not kept */
function reusableName({ Type, Condition, Properties = {} }: Resource): string | undefined {
  const name = Properties['LogGroupName'];
  return Type === 'AWS::Logs::LogGroup' && Condition !== undefined && typeof name === 'string'
    ? name
    : undefined;
}

/**
 * Whether a resource is a log group that can be used as it is: it exists, belongs to no stack any more, and is encrypted
 * with the key of this deployment, so that it is not that of an earlier deployment or of another project.
 */
export async function isKeptLog(
  session: Client,
  resource: Resource,
  deployed: ReadonlyMap<string, DeployedStack>,
): Promise<boolean> {
  const name = reusableName(resource);
  const key = deployed.get('security')?.outputs['KeyArn'];
  if (name === undefined || key === undefined) return false;
  const { logGroups = [] } = await session.aws.logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: name }),
  );
  const isOurs = logGroups.some(({ logGroupName, kmsKeyId }) => logGroupName === name && kmsKeyId === key);
  return isOurs && !(await belongsToStack(session, name));
}

/**
 * @param current the stack, unless it is created again: what was decided for it stays
 * @returns for each log group of a template that may have been kept, whether to create it
 */
export async function keptLogParameters(
  { session, deployed, notes }: Pick<DeploymentRun, 'session' | 'deployed' | 'notes'>,
  { body }: Template,
  current: DeployedStack | undefined,
): Promise<Readonly<Record<string, string>>> {
  const { Resources = {} } = JSON.parse(body) as TemplateBody;
  const parameters: Record<string, string> = {};
  for (const resource of Object.values(Resources)) {
    const [name, group] = [keptLogParameter(resource.Condition ?? ''), reusableName(resource)];
    if (name === undefined || group === undefined) continue;
    const decided = current?.parameters[name];
    const isKept = decided === undefined && (await isKeptLog(session, resource, deployed));
    parameters[name] = decided ?? String(!isKept);
    const note = `The log group ${group}, which an earlier stack has kept, is used again.`;
    if (isKept && !notes.includes(note)) notes.push(note);
  }
  return parameters;
}
