// `npm run scale`: sets the number of tasks, or stops and starts the function.
import { SETTINGS_FILE } from '../../infra/settings.js';
import { describeFunction, describeFunctionState, startFunction, stopFunction } from '../aws/function.js';
import { DeployError } from '../aws/error.js';
import { npmCommand } from '../aws/printed-commands.js';
import { describeScaling, suspendScaling } from '../aws/scaling.js';
import { describeState, type ServiceKind } from '../aws/service-state.js';
import { updateService, waitUntilSteady } from '../aws/service.js';
import { openSession, type Session } from '../aws/session.js';
import { UsageError } from '../command.js';
import { deployedComputes } from '../deploy/deployed-computes.js';
import { tasksBySettings } from '../deploy/parameters.js';
import {
  createOperatorProgram,
  type OperatorOptions,
  type OperatorRuntime,
  printJson,
  runOperatorProgram,
} from '../operator-command.js';
import { runTasks, type Task } from '../progress.js';

/** The settings have the same limit. */
const MAX_TASKS = 20;
/** The number that the settings specify. */
const BY_SETTINGS = 'settings';

interface ScaleOptions extends OperatorOptions {
  readonly console?: boolean;
}

export async function runScale({ sleep }: OperatorRuntime = {}): Promise<void> {
  const program = createOperatorProgram(
    'scale',
    'Sets the number of tasks, and waits for them. With 0 the handler is stopped: the Co-signer gets no response. A function is only stopped with 0, and started with settings.',
  )
    .argument('<number>', `number of tasks, from 0 to ${MAX_TASKS}, or ${BY_SETTINGS}`, parseCount)
    .option('--console', "the console's tasks instead of the handler's: with 0 nobody can decide")
    .action(async (given: Given, options: ScaleOptions) => {
      const session = await openSession(options, { sleep });
      const kind = options.console === true ? 'console' : 'handler';
      const scalings = await scalingsOf(session, given, kind);
      await runTasks(scalings, options);
      const texts = scalings.map((scaling) => scaling.explain());
      if (options.json === true) {
        const results = scalings.map(({ result }) => result);
        printJson(Object.assign({ environment: session.environment }, ...results) as object);
      } else process.stdout.write(texts.join(''));
    });
  await runOperatorProgram(program);
}

type Given = number | typeof BY_SETTINGS;

/** Sets the number of tasks, or stops or starts the function. */
interface Scaling extends Task {
  /** For `--json`; complete once the task has run. */
  readonly result: Readonly<Record<string, unknown>>;
  /** @returns how long it lasts */
  readonly explain: () => string;
}

/** Stops all that answers, also what a change of `compute` or `front` is about to replace. @throws {UsageError} */
async function scalingsOf(session: Session, given: Given, kind: ServiceKind): Promise<readonly Scaling[]> {
  if (kind === 'console') return [taskScaling(session, given, kind)];
  const computes = given === 0 ? await deployedComputes(session) : [session.settings.compute];
  return computes.map((compute) =>
    compute === 'lambda' ? functionScaling(session, given) : taskScaling(session, given, kind),
  );
}

function taskScaling(session: Session, given: Given, kind: ServiceKind): Scaling {
  const { least } = tasksBySettings(session, kind);
  const desired = given === BY_SETTINGS ? least : given;
  const result: Record<string, unknown> = { desired, desiredBySettings: least };
  return {
    title: `${session.environment}: ${desired} ${desired === 1 ? 'task' : 'tasks'}${kind === 'console' ? ' of the console' : ''}`,
    result,
    explain: () => explain(session, kind, desired),
    async run(report) {
      const scaling = await describeScaling(session, kind);
      // Before the number changes, because autoscaling would start tasks again.
      if (scaling !== undefined && scaling.suspended !== (desired === 0)) {
        const min = Math.min(desired, least);
        await suspendScaling(session, kind, desired === 0, desired === 0 ? undefined : min);
        report(`autoscaling ${desired === 0 ? 'suspended' : 'resumed'}`);
      }
      const expected = await updateService(session, { desiredCount: desired }, kind);
      const state = await waitUntilSteady(session, { kind, onProgress: report, expected });
      result['service'] = state;
      report(describeState(state));
    },
  };
}

/** @throws {UsageError} for a number other than 0 */
function functionScaling(session: Session, given: Given): Scaling {
  if (given !== 0 && given !== BY_SETTINGS) {
    throw new UsageError(
      `a function is stopped with 0 and started with ${BY_SETTINGS}, not with ${given}: how many requests it answers at the same time is "lambda.reservedConcurrency" in ${SETTINGS_FILE}`,
    );
  }
  const start = npmCommand(session, 'scale', BY_SETTINGS);
  const result: Record<string, unknown> = {};
  return {
    title: `${session.environment}: ${given === 0 ? 'stop' : 'start'} the function`,
    result,
    explain: () =>
      given === 0
        ? `It stays stopped, and no new version is deployed meanwhile. To start it: ${start}\n`
        : '',
    async run(report) {
      if ((await describeFunction(session)) === undefined) throw noFunction(session);
      await (given === 0 ? stopFunction(session) : startFunction(session));
      const state = await describeFunction(session);
      result['function'] = state;
      if (state !== undefined) report(describeFunctionState(state));
    },
  };
}

function noFunction(session: Session): DeployError {
  const { environment, names } = session;
  return new DeployError(
    'NO_SERVICE',
    `there is no function ${names.function} in ${environment}`,
    `deploy it: ${npmCommand(session, 'deploy')}`,
  );
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
function parseCount(given: string): number | typeof BY_SETTINGS {
  if (given === BY_SETTINGS) return given;
  const count = Number(given);
  if (/^(0|[1-9]\d*)$/.test(given) && count <= MAX_TASKS) return count;
  throw new UsageError(
    `the number of tasks must be a whole number from 0 to ${MAX_TASKS}, or ${BY_SETTINGS}, not "${given}"`,
  );
}
