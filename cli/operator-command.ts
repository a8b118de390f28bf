// Shared by the operator commands: common options, error reports with the next step, and interruption.
import { writeSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { ENVIRONMENT_NAMES } from '../infra/names.js';
import { SETTINGS_FILE } from '../infra/settings.js';
import { BaseError } from '../src/protocol/error.js';
import { explainError } from './aws/explain.js';
import type { SessionOptions, Sleep } from './aws/session.js';
import { createProgram, EXIT_FAILED, runProgram } from './command.js';
import { labelled, painter } from './terminal.js';

const SHOW_CURSOR = '\u001b[?25h';
/** The exit codes that shells report for SIGINT and SIGTERM. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Options of every operator command. */
export interface OperatorOptions extends SessionOptions {
  readonly json?: boolean | undefined;
}

/** Dependencies that tests can replace. */
export interface OperatorRuntime {
  /** Waits between two polls of AWS. By default, it waits in real time. */
  readonly sleep?: Sleep;
}

/** The last line of every operator command's help. */
export const EXIT_CODES = '\nExit code: 0 done, 1 failed, 2 usage error, 130 interrupted.';

/** @param name as in `npm run NAME` */
export function createOperatorProgram(name: string, description: string): Command {
  return addOperatorOptions(createProgram(name, description)).addHelpText('after', EXIT_CODES);
}

/** @param json the output for `--json` */
export function addOperatorOptions(command: Command, json = 'print one JSON object'): Command {
  return command
    .option('-p, --profile <name>', 'AWS profile (default: AWS_PROFILE, AWS_ACCESS_KEY_ID, … as usual)')
    .addOption(
      new Option('-e, --env <name>', 'environment').choices(ENVIRONMENT_NAMES).default(ENVIRONMENT_NAMES[0]),
    )
    .option('-r, --region <name>', `must be the region in ${SETTINGS_FILE}`)
    .option('--json', json);
}

/**
 * Runs an operator command to its end, and sets `process.exitCode`.
 * @param onInterrupt returns the message to show if the operator interrupts it; empty for no message
 */
export async function runOperatorProgram(
  program: Command,
  onInterrupt = () => 'Nothing is lost: run the same command again to continue.',
): Promise<void> {
  const handlers = Object.entries(INTERRUPTED).map(([signal, code]) => ({
    signal,
    handle: () => {
      const message = onInterrupt();
      // Written directly to the terminal, because the progress renderer buffers the stream and has hidden the cursor.
      if (process.stderr.isTTY) writeSync(process.stderr.fd, SHOW_CURSOR);
      if (message !== '') writeSync(process.stderr.fd, `\nInterrupted. ${message}\n`);
      process.exit(code);
    },
  }));
  for (const { signal, handle } of handlers) process.once(signal, handle);
  try {
    await runProgram(program, (error, command) => reportFailure(error, command.opts()));
  } finally {
    for (const { signal, handle } of handlers) process.off(signal, handle);
  }
}

/** Optional properties of operator-command errors. */
interface FailureFields {
  /** What the operator should do or run next. */
  readonly next?: string;
  readonly details?: readonly string[];
  /** Every problem in the settings. */
  readonly problems?: readonly string[];
}

/**
 * Reports the cause of a failure and the next step.
 * @returns the exit code
 * @throws the error itself if neither AWS nor the operator caused it
 */
export function reportFailure(
  thrown: unknown,
  { json = false, profile }: Pick<OperatorOptions, 'json' | 'profile'>,
): number {
  const error = explainError(thrown, profile);
  if (!(error instanceof BaseError)) throw error;
  const { code, message, next, details = [], problems } = error as BaseError & FailureFields;
  if (json)
    printJson({ error: { code, message, ...(next === undefined ? { problems } : { next, details }) } });
  else if (next === undefined) process.stderr.write(`${message}\n`);
  else printFailure({ code, message, next, details });
  return EXIT_FAILED;
}

function printFailure(failure: {
  readonly code: string;
  readonly message: string;
  readonly next: string;
  readonly details: readonly string[];
}): void {
  const { code, message, next, details } = failure;
  const paint = painter(process.stderr);
  const lines = [
    '',
    `${paint('red', 'Failed')} ${message}  ${paint('dim', code)}`,
    ...details.map((line) => `  ${paint('dim', '│')} ${line}`),
    ...labelled(
      paint('bold', 'Next'),
      next.split('\n').map((line) => line.trim()),
      'Failed '.length,
    ),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
