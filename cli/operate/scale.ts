// `npm run scale`: how many tasks run, from now on.
import { UsageError } from '../command.js';
import { printJson, runOperatorCommand } from '../operator-command.js';
import { runTasks } from '../progress.js';
import { describeState, updateService, waitUntilSteady } from '../aws/service.js';
import { COMMON_OPTIONS, COMMON_USAGE, openSession } from '../aws/session.js';
import { SETTINGS_FILE } from '../../infra/settings.js';

const USAGE = `Sets how many tasks run, and waits for them. With 0 the handler is stopped: the Co-signer gets no answer.

Usage: npm run scale -- NUMBER [options]

${COMMON_USAGE}

Exit code: 0 done, 1 not done, 2 wrong usage, 130 interrupted.
`;

await runOperatorCommand({
  name: 'scale',
  usage: USAGE,
  options: COMMON_OPTIONS,
  async run({ values, positionals }) {
    const [number = '', ...more] = positionals;
    // As the settings have it.
    if (!/^(\d|10)$/.test(number) || more.length > 0)
      throw new UsageError('say how many tasks: a number from 0 to 10');
    const desired = Number(number);
    const session = await openSession(values);
    let state;
    await runTasks(
      [
        {
          title: `${session.environment}: ${desired} ${desired === 1 ? 'task' : 'tasks'}`,
          async run(report) {
            const expected = await updateService(session, { desiredCount: desired });
            state = await waitUntilSteady(session, { onProgress: report, expected });
            report(describeState(state));
          },
        },
      ],
      { json: values.json },
    );
    const bySettings = session.settings.desiredCount;
    if (values.json)
      printJson({ environment: session.environment, desired, desiredBySettings: bySettings, service: state });
    else if (desired !== bySettings) {
      process.stdout.write(
        `${SETTINGS_FILE} says ${bySettings}: a deployment that changes the service sets that again. To keep ${desired}, write "desiredCount": ${desired} there.\n`,
      );
    }
    return 0;
  },
});
