// Waits until an earlier run's change to a stack has finished, and describes the stack.
import { runTasks } from '../progress.js';
import { waitUntilSettled } from './cloudformation.js';
import type { Session } from './session.js';
import { type DeployedStack, describeStack, stateOf } from './stack.js';

/** @returns undefined if the stack does not exist, or was deleted in the meantime */
export async function describeSettled(
  session: Session,
  stackName: string,
  { json }: { readonly json?: boolean | undefined },
): Promise<DeployedStack | undefined> {
  const stack = await describeStack(session.aws.cloudformation, stackName);
  if (stack === undefined || stateOf(stack) !== 'busy') return stack;
  let settled: DeployedStack | undefined;
  await runTasks(
    [
      {
        title: `${stackName} is ${stack.status}: waiting for an earlier run`,
        async run(report) {
          settled = await waitUntilSettled(session, stack, ({ type, resource, status }) =>
            report(`${type} ${resource} ${status}`),
          );
        },
      },
    ],
    { json },
  );
  return settled;
}
