// Checks who is asking, and the stacks.
import { stackNames } from '../../../infra/names.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { type DeployedStack, stateOf } from '../../aws/stack.js';
import { count } from '../../terminal.js';
import { revert } from '../advice.js';
import { type Finding, note, ok, unlessAny, warning, wrong } from '../check.js';
import type { Scene } from '../scene.js';

/** Without settings or credentials the command has failed before, and said what to do. */
export function credentials({ session }: Scene): Promise<readonly Finding[]> {
  return Promise.resolve([ok(session.caller), ...session.warnings.map((text) => note(text))]);
}

export async function stacks(scene: Scene): Promise<readonly Finding[]> {
  const names = stackNames(scene.session.settings);
  const problems = await Promise.all(
    names.map(async (name) => {
      const stack = await scene.stack(name);
      const fullName = `${scene.session.names.prefix}-${name}`;
      if (stack?.drift?.status !== 'DRIFTED') return stackProblem(scene, fullName, stack);
      const text = `${fullName} was changed outside of CloudFormation, as of ${stack.drift.checked.toISOString()}`;
      return warning(text, await revert(scene, name));
    }),
  );
  return unlessAny(
    problems.filter((problem) => problem !== undefined),
    `${count(names.length, 'stack')}: ${names.join(', ')}`,
  );
}

function stackProblem(
  { session }: Scene,
  name: string,
  stack: DeployedStack | undefined,
): Finding | undefined {
  switch (stateOf(stack)) {
    case 'ready':
      return undefined;
    case 'absent':
      return wrong(`${name} is not deployed`, npmCommand(session, 'deploy'));
    case 'busy':
      return warning(
        `${name} is being changed: ${stack?.status ?? ''}`,
        'wait until it is done, then run the doctor again',
      );
    case 'stuck':
      return wrong(
        `${name} is stuck: ${stack?.status ?? ''}`,
        `to see how it is repaired: ${npmCommand(session, 'deploy')}`,
      );
  }
}
