// `npm run scale`: sets the number of tasks.
import { SETTINGS_FILE } from '../../infra/settings.js';
import { describeState, type ServiceState } from '../aws/service-state.js';
import { updateService, waitUntilSteady } from '../aws/service.js';
import { openSession } from '../aws/session.js';
import { UsageError } from '../command.js';
import {
  createOperatorProgram,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks } from '../progress.js';

/** The settings have the same limit. */
const MAX_TASKS = 10;

interface ScaleOptions extends OperatorOptions {
  readonly console?: boolean;
}

export async function runScale({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createOperatorProgram(
    'scale',
    'Sets the number of tasks, and waits for them. With 0 the handler is stopped: the Co-signer gets no response.',
  )
    .argument('<number>', `number of tasks, from 0 to ${MAX_TASKS}`, parseCount)
    .option('--console', "the console's tasks instead of the handler's: with 0 nobody can decide")
    .action(async (desired: number, options: ScaleOptions) => {
      const session = await openSession(options, { sleep });
      const { environment, settings } = session;
      const kind = options.console === true ? 'console' : 'handler';
      let state: ServiceState | undefined;
      const scale = {
        title: `${environment}: ${desired} ${desired === 1 ? 'task' : 'tasks'}${kind === 'console' ? ' of the console' : ''}`,
        async run(report: (line: string) => void) {
          const expected = await updateService(session, { desiredCount: desired }, kind);
          state = await waitUntilSteady(session, { kind, onProgress: report, expected });
          report(describeState(state));
        },
      };
      await runTasks([scale], options);
      const desiredBySettings = (kind === 'console' ? settings.console : settings)?.desiredCount;
      if (options.json === true) printJson({ environment, desired, desiredBySettings, service: state });
      else if (desiredBySettings !== undefined && desired !== desiredBySettings) {
        const setting = kind === 'console' ? 'console.desiredCount' : 'desiredCount';
        process.stdout.write(
          `${SETTINGS_FILE} has "${setting}": ${desiredBySettings}, and the next deployment that changes the service restores it. To keep ${desired}, set "${setting}": ${desired} there.\n`,
        );
      }
    });
  await runOperatorProgram(program);
}

/** @throws {UsageError} */
function parseCount(given: string): number {
  const count = Number(given);
  if (/^(0|[1-9]\d*)$/.test(given) && count <= MAX_TASKS) return count;
  throw new UsageError(`the number of tasks must be a whole number from 0 to ${MAX_TASKS}, not "${given}"`);
}
