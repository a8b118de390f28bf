// Stacks as they are once what is going on with them has come to its end.
import { conditionOf, type DeployedStack, describeStack, settle } from './cloudformation.js';
import { runTasks } from '../progress.js';
import type { Session } from './session.js';

/** @returns undefined if there is none, or it is gone then */
export async function describeSettled(
  { aws }: Session,
  stackName: string,
  { json }: { readonly json: boolean },
): Promise<DeployedStack | undefined> {
  const busy = await describeStack(aws.cloudformation, stackName);
  if (busy === undefined || conditionOf(busy) !== 'busy') return busy;
  let settled: DeployedStack | undefined;
  await runTasks(
    [
      {
        title: `${stackName} is ${busy.status}: an earlier run goes on`,
        async run(report) {
          settled = await settle(aws.cloudformation, busy, ({ type, resource, status }) =>
            report(`${type} ${resource} ${status}`),
          );
        },
      },
    ],
    { json },
  );
  return settled;
}
