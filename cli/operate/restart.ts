// `npm run restart`: replaces the running tasks with new ones, without downtime.
import { describeState, type ServiceState } from '../aws/service-state.js';
import { updateService, waitUntilSteady } from '../aws/service.js';
import { npmCommand } from '../aws/printed-commands.js';
import { openSession } from '../aws/session.js';
import { UsageError } from '../command.js';
import { deployedComputes } from '../deploy/deployed-computes.js';
import {
  createOperatorProgram,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks } from '../progress.js';

interface RestartOptions extends OperatorOptions {
  readonly console?: boolean;
}

export async function runRestart({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createOperatorProgram(
    'restart',
    'Starts new tasks, waits until they are healthy, then stops the old ones.',
  )
    .option('--console', "the console's tasks instead of the handler's")
    .action(async (options: RestartOptions) => {
      const session = await openSession(options, { sleep });
      const { environment } = session;
      const kind = options.console === true ? 'console' : 'handler';
      if (kind === 'handler' && !(await deployedComputes(session)).includes('fargate')) {
        throw new UsageError(
          `there are no tasks to restart: Lambda starts and ends environments of the function by itself, and each reads keys and policy again while it is called. To publish a new version: ${npmCommand(session, 'deploy')}`,
        );
      }
      let state: ServiceState | undefined;
      const restart = {
        title: `${environment}: new tasks${kind === 'console' ? ' of the console' : ''}`,
        async run(report: (line: string) => void) {
          const expected = await updateService(session, { forceNewDeployment: true }, kind);
          state = await waitUntilSteady(session, { kind, onProgress: report, expected });
          report(describeState(state));
        },
      };
      await runTasks([restart], options);
      if (options.json === true) printJson({ environment, service: state });
    });
  await runOperatorProgram(
    program,
    () => 'The new tasks will start anyway: "npm run deploy -- --status" shows their state.',
  );
}
