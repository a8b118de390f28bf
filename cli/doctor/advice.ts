// What to do about a resource that was changed or deleted by hand. A deployment does not repair it, because
// CloudFormation compares templates only; a change set that reverts drift compares with what is there.
import type { StackName } from '../../infra/names.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import type { Scene } from './scene.js';

/** @returns the commands that bring a stack back to its template */
export async function revert(scene: Scene, name: StackName): Promise<string> {
  const { session } = scene;
  const stack = await scene.stack(name);
  if (stack === undefined) return npmCommand(session, 'deploy');
  const parameters = Object.keys(stack.parameters).map((key) => ` ParameterKey=${key},UsePreviousValue=true`);
  const change = `--stack-name ${stack.stackName} --change-set-name revert`;
  const create = awsCommand(
    session,
    `cloudformation create-change-set ${change} --deployment-mode REVERT_DRIFT --use-previous-template --capabilities CAPABILITY_IAM${parameters.length > 0 ? ` --parameters${parameters.join('')}` : ''}`,
  );
  return `${create}\nthen review and execute it ("Bring a stack back to its template" in DEPLOYMENT.md)`;
}
