// What the operator's commands share: common options, failures reported with the next step, interruption.
import { writeSync } from 'node:fs';
import type { Command } from 'commander';
import { ENVIRONMENT_NAMES } from '../infra/names.js';
import { SETTINGS_FILE } from '../infra/settings.js';
import { BaseError } from '../src/protocol/error.js';
import { createProgram, EXIT_FAILED, runProgram } from './command.js';
import { type DeployError, explainError } from './aws/error.js';
import { painter } from './terminal.js';

const SHOW_CURSOR = '\u001b[?25h';
/** Exit codes as shells report SIGINT and SIGTERM. */
const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Options of every operator command. */
export interface OperatorOptions {
  readonly profile?: string;
  readonly env: string;
  readonly region?: string;
  readonly json?: boolean;
}

/** @param name as in `npm run NAME` */
export function createOperatorProgram(name: string, description: string): Command {
  return addOperatorOptions(createProgram(name, description)).addHelpText(
    'after',
    '\nExit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.',
  );
}

export function addOperatorOptions(command: Command, json = 'print one JSON object'): Command {
  return command
    .option('-p, --profile <name>', 'AWS profile (default: AWS_PROFILE, AWS_ACCESS_KEY_ID, … as usual)')
    .option('-e, --env <name>', ENVIRONMENT_NAMES.join(', '), 'dev')
    .option('-r, --region <name>', `must be the region in ${SETTINGS_FILE}`)
    .option('--json', json);
}

/**
 * Runs an operator command to its end.
 * @param onInterrupt the message for an operator who interrupts it; empty for none
 */
export async function runOperatorProgram(
  program: Command,
  onInterrupt: () => string = () => 'Nothing is lost: run the same command again to continue.',
): Promise<void> {
  for (const [signal, code] of Object.entries(INTERRUPTED)) {
    process.once(signal, () => {
      const message = onInterrupt();
      // Written directly: the progress renderer holds the stream, and has hidden the cursor.
      if (process.stderr.isTTY) writeSync(process.stderr.fd, SHOW_CURSOR);
      if (message !== '') writeSync(process.stderr.fd, `\nInterrupted. ${message}\n`);
      process.exit(code);
    });
  }
  await runProgram(program, (error, command) => reportFailure(error, command.opts()));
}

/** Reports the cause and the next step. @returns the exit code. @throws what is neither AWS's nor the operator's */
export function reportFailure(
  thrown: unknown,
  { json, profile }: Pick<OperatorOptions, 'json' | 'profile'>,
): number {
  const error = explainError(thrown, profile);
  if (!(error instanceof BaseError)) throw error;
  const { code, message } = error;
  const {
    next,
    details = [],
    problems,
  } = error as BaseError & Partial<Pick<DeployError, 'next' | 'details'>> & { readonly problems?: unknown };
  if (json) {
    printJson({ error: { code, message, ...(next === undefined ? { problems } : { next, details }) } });
    return EXIT_FAILED;
  }
  const paint = painter(process.stderr);
  const lines =
    next === undefined
      ? [message]
      : [
          '',
          `${paint('red', 'Failed')} ${message}  ${paint('dim', code)}`,
          ...details.map((line) => `  ${paint('dim', '│')} ${line}`),
          `${paint('bold', 'Next')}   ${next}`,
        ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return EXIT_FAILED;
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
