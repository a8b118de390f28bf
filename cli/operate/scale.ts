// `npm run scale`: sets the number of tasks.
import { SETTINGS_FILE } from '../../infra/settings.js';
import { npmCommand } from '../aws/printed-commands.js';
import { describeScaling, suspendScaling } from '../aws/scaling.js';
import { describeState, type ServiceKind, type ServiceState } from '../aws/service-state.js';
import { updateService, waitUntilSteady } from '../aws/service.js';
import { openSession, type Session } from '../aws/session.js';
import { UsageError } from '../command.js';
import { tasksBySettings } from '../deploy/parameters.js';
import {
  createOperatorProgram,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks } from '../progress.js';

/** The settings have the same limit. */
const MAX_TASKS = 20;

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
      const { environment } = session;
      const kind = options.console === true ? 'console' : 'handler';
      let state: ServiceState | undefined;
      const scale = {
        title: `${environment}: ${desired} ${desired === 1 ? 'task' : 'tasks'}${kind === 'console' ? ' of the console' : ''}`,
        async run(report: (line: string) => void) {
          const scaling = await describeScaling(session, kind);
          // Before the number changes, because autoscaling would start tasks again.
          if (scaling !== undefined && scaling.suspended !== (desired === 0)) {
            const min = Math.min(desired, tasksBySettings(session, kind).least);
            await suspendScaling(session, kind, desired === 0, desired === 0 ? undefined : min);
            report(`autoscaling ${desired === 0 ? 'suspended' : 'resumed'}`);
          }
          const expected = await updateService(session, { desiredCount: desired }, kind);
          state = await waitUntilSteady(session, { kind, onProgress: report, expected });
          report(describeState(state));
        },
      };
      await runTasks([scale], options);
      const { least } = tasksBySettings(session, kind);
      if (options.json === true)
        printJson({ environment, desired, desiredBySettings: least, service: state });
      else process.stdout.write(explain(session, kind, desired));
    });
  await runOperatorProgram(program);
}

/** @returns how long the number lasts */
function explain(session: Session, kind: ServiceKind, desired: number): string {
  const { least, most } = tasksBySettings(session, kind);
  const prefix = kind === 'console' ? 'console.' : '';
  const option = kind === 'console' ? ' --console' : '';
  if (desired === 0 && least > 0) {
    return `It stays stopped, also after a deployment. To start it: ${npmCommand(session, 'scale', `${least}${option}`)}\n`;
  }
  if (desired >= least && desired <= most) {
    return least < most ? `Autoscaling keeps it between ${least} and ${most}.\n` : '';
  }
  const [settings, by] =
    least < most
      ? [
          ` and "maxCount": ${most}`,
          'autoscaling and the next deployment that changes the service restore that',
        ]
      : ['', 'the next deployment that changes the service restores it'];
  return `${SETTINGS_FILE} has "${prefix}desiredCount": ${least}${settings}, and ${by}. To keep ${desired}, set "${prefix}desiredCount": ${desired} there.\n`;
}

/** @throws {UsageError} */
function parseCount(given: string): number {
  const count = Number(given);
  if (/^(0|[1-9]\d*)$/.test(given) && count <= MAX_TASKS) return count;
  throw new UsageError(`the number of tasks must be a whole number from 0 to ${MAX_TASKS}, not "${given}"`);
}
