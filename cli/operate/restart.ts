// `npm run restart`: new tasks in the place of those that run, without a gap.
import { noPositionals, printJson, runOperatorCommand } from '../operator-command.js';
import { runTasks } from '../progress.js';
import { describeState, updateService, waitUntilSteady } from '../aws/service.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession } from '../aws/session.js';

const USAGE = `Starts new tasks in the place of those that run, waits until they are healthy, and stops the old ones.

Usage: npm run restart -- [options]

${COMMON_USAGE}

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

await runOperatorCommand({
  name: 'restart',
  usage: USAGE,
  options: COMMON_OPTIONS,
  interrupted: 'The new tasks are started all the same: --status of npm run deploy tells how it goes.',
  async run({ values, positionals }) {
    noPositionals(positionals);
    const session = await openSession(values);
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
      { json: values.json },
    );
    if (values.json) printJson({ environment: session.environment, service: state });
    return 0;
  },
});
