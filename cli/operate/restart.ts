// `npm run restart`: replaces the running tasks with new ones, without a gap.
import { openSession } from '../aws/session.js';
import { describeState, updateService, waitUntilSteady } from '../aws/service.js';
import {
  createOperatorProgram,
  type OperatorOptions,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks } from '../progress.js';

const program = createOperatorProgram(
  'restart',
  'Starts new tasks, waits until they are healthy, then stops the old ones.',
).action(restart);

async function restart(options: OperatorOptions): Promise<void> {
  const session = await openSession(options);
  let state;
  await runTasks(
    [
      {
        title: `${session.environment}: new tasks`,
        async run(report) {
          const expected = await updateService(session, { forceNewDeployment: true });
          state = await waitUntilSteady(session, { onProgress: report, expected });
          report(describeState(state));
        },
      },
    ],
    options,
  );
  if (options.json) printJson({ environment: session.environment, service: state });
}

await runOperatorProgram(
  program,
  () => 'The new tasks start all the same: "npm run deploy -- --status" shows how far they are.',
);
