// `npm run policy -- stop` and `resume`: the emergency stop, in an environment's SSM parameter or in local mode's file.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { LOCAL_STOP_FILE } from '../../src/config.js';
import { readFileValue } from '../../src/sources/file.js';
import { parseStop, RUN, type StopAction } from '../../src/sources/stop.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import { openSession } from '../aws/session.js';
import { InputError, reasonOf } from '../command.js';
import { confirm } from '../confirm.js';
import { type OperatorOptions, printJson } from '../operator-command.js';
import { painter } from '../terminal.js';

export interface StopOptions extends OperatorOptions {
  /** Changes local mode's file instead of an environment's parameter. */
  readonly local?: boolean;
  /** Whether the environment was not named on the command line. */
  readonly isDefaultEnvironment: boolean;
  /** Does not ask for confirmation of REJECT. */
  readonly yes?: boolean;
}

/** Where the stop is stored. */
interface Place {
  /** As the operator knows it: `prod`, or local mode. */
  readonly title: string;
  /** For the JSON output. */
  readonly json: Readonly<Record<string, string>>;
  /** The parameter or file. */
  readonly name: string;
  /** When a change is in force, such as `within a minute`. */
  readonly within: string;
  readonly read: () => Promise<string | undefined>;
  readonly write: (value: string) => Promise<void>;
  /** How to see that the change is in force. */
  readonly check: string;
  /** The command that lifts the stop. */
  readonly resume: string;
}

type Setting = StopAction | typeof RUN;
/** `invalid` stops with RETRY; `unknown`: the stored value could not be read; `undefined`: there was none. */
type Before = Setting | 'invalid' | 'unknown' | undefined;

/**
 * Stores the setting, unless it is stored already, and prints the result.
 * @throws {DeployError} if AWS can't be used, or the operator does not confirm REJECT
 */
export async function changeStop(setting: Setting, options: StopOptions): Promise<void> {
  const place = options.local === true ? localPlace() : await environmentPlace(options);
  const before = await readBefore(place);
  const changed = (before ?? RUN) !== setting;
  if (changed) {
    if (setting === 'REJECT' && options.yes !== true) {
      await confirm({
        question: `Every request to ${place.title} will be rejected for good: a rejected transaction fails and is not tried again. Type reject to continue: `,
        word: 'reject',
        option: '--yes',
      });
    }
    await place.write(setting);
  }
  if (options.json === true) printJson({ ...place.json, changed, before: before ?? null, after: setting });
  else process.stdout.write(`${linesOf(place, { setting, before, changed }, options).join('\n')}\n`);
}

function localPlace(): Place {
  const file = LOCAL_STOP_FILE;
  return {
    title: 'local mode',
    json: { environment: 'local', file },
    name: file,
    within: 'within two seconds',
    read: async () => (await readFileValue(file)).value,
    async write(value) {
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFileAtomic(file, `${value}\n`);
      } catch (error) {
        throw new InputError(`${file} can't be written: ${reasonOf(error)}`);
      }
    },
    check: '/health shows it',
    resume: 'npm run policy -- resume --local',
  };
}

async function environmentPlace(options: StopOptions): Promise<Place> {
  const session = await openSession(options);
  const parameter = session.names.parameters.policyStop;
  return {
    title: session.environment,
    json: { environment: session.environment, parameter },
    name: parameter,
    within: 'within a minute',
    read: () => readParameter(session, parameter),
    // Overwrites a value that someone else has stored in the meantime: a stop must not fail because of it.
    async write(value) {
      await putParameter(session, parameter, { value, replace: true });
    },
    check: `/health shows it, and so do ${npmCommand(session, 'deploy', '--status')} and ${npmCommand(session, 'logs', '--since 2m')}`,
    resume: npmCommand(session, 'policy', 'resume'),
  };
}

/** A stored value that can't be read must not prevent a stop: it is replaced. */
async function readBefore({ read }: Place): Promise<Before> {
  const stored = await read().then(
    (value) => ({ value }),
    () => undefined,
  );
  if (stored === undefined) return 'unknown';
  if (stored.value === undefined) return undefined;
  const { action, problem } = parseStop(stored.value);
  return problem === undefined ? (action ?? RUN) : 'invalid';
}

const BEFORE: Readonly<Record<NonNullable<Before>, string>> = {
  RUN: 'not stopped',
  RETRY: 'stopped with RETRY',
  REJECT: 'stopped with REJECT',
  invalid: 'stopped with RETRY, because of an invalid value',
  unknown: 'unknown, because the stored value could not be read',
};

interface Change {
  readonly setting: Setting;
  readonly before: Before;
  readonly changed: boolean;
}

function linesOf(
  { title, name, within, check, resume }: Place,
  { setting, before, changed }: Change,
  { isDefaultEnvironment, local = false }: StopOptions,
): readonly string[] {
  const paint = painter(process.stdout);
  const isStop = setting !== RUN;
  const verb = isStop ? paint('red', 'Stopped') : paint('green', 'Resumed');
  const effect = isStop ? `every decision is ${setting}` : 'the policy decides again';
  const result = changed
    ? [
        `${verb} ${title}: ${effect} ${within}`,
        `Stored  ${setting} in ${name}`,
        `Before  ${BEFORE[before ?? RUN]}`,
      ]
    : [`No change: ${title} is ${BEFORE[setting]} (${name})`];
  const note = `${title} is the default environment: for another one, add -e`;
  return [
    ...result,
    `Check   ${check}`,
    ...(isStop ? [`Resume  ${resume}`] : []),
    ...(isDefaultEnvironment && !local ? [`${paint('yellow', 'Note')}    ${note}`] : []),
  ];
}
