// Shared by all commands: usage and help (commander), errors, exit codes, reading files.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { isUtf16, parseJsonFile } from '../infra/json-file.js';
import { BaseError, codeOf } from '../src/protocol/error.js';
import { exitOnClosedPipe, type Output } from './terminal.js';

/** Exit codes: 0 success, 1 failure, 2 usage error or unreadable input; 130 and 143 interrupted by a signal. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** The command line is invalid. The message is followed by a pointer to the command's help. */
export class UsageError extends BaseError<'USAGE'> {
  constructor(message: string) {
    super('USAGE', message);
  }
}

/** A file or standard input can't be read, or its content is invalid. */
export class InputError extends BaseError<'INPUT_UNUSABLE'> {
  constructor(message: string) {
    super('INPUT_UNUSABLE', message);
  }
}

/**
 * Creates the command behind an npm script.
 * @param name as in `npm run NAME`
 */
export function createProgram(name: string, description: string): Command {
  return new Command(`npm run ${name} --`)
    .description(description)
    .helpOption('--help', 'print this help')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
}

/** Reports an error thrown by an action and returns the exit code. Rethrows unknown errors. */
export type ErrorReporter = (error: unknown, command: Command) => number;

/** Arguments and output streams for a run; tests pass their own. */
interface RunContext {
  /** @default the process's arguments */
  readonly args?: readonly string[];
  /** @default standard output */
  readonly stdout?: Output;
  /** @default standard error */
  readonly stderr?: Output;
}

/**
 * Parses the command line and runs the action. An action sets `process.exitCode` if its result is a failure.
 * @param onError reports the action's errors, except UsageError and InputError, which are reported here
 */
export async function runProgram(
  program: Command,
  onError: ErrorReporter = rethrow,
  { args = process.argv.slice(2), stdout = process.stdout, stderr = process.stderr }: RunContext = {},
): Promise<void> {
  if (stdout === process.stdout) exitOnClosedPipe(process.stdout);
  for (const command of [program, ...program.commands]) {
    command.showHelpAfterError(`\n${helpHint(command)}`).configureOutput({
      writeOut: (output) => void stdout.write(output),
      writeErr: (output) => void stderr.write(output),
    });
  }
  let running = program;
  program.hook('preAction', (_program, command) => {
    running = command;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    else process.exitCode = reportError(error, running, stderr, onError);
  }
}

function reportError(error: unknown, command: Command, stderr: Output, onError: ErrorReporter): number {
  switch (codeOf(error)) {
    case 'USAGE':
      stderr.write(`error: ${reasonOf(error)}\n\n${helpHint(command)}\n`);
      return EXIT_USAGE;
    case 'INPUT_UNUSABLE':
      stderr.write(`error: ${reasonOf(error)}\n`);
      return EXIT_USAGE;
    default:
      return onError(error, command);
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function helpHint(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) names.unshift(at.name());
  return `${names.join(' ')} --help shows how to use it.`;
}

/**
 * Reads a text file unchanged: a byte order mark stays, because it is part of what a policy's hash is computed of.
 * @param file `-` for standard input. @throws {InputError} if it can't be read, or is not UTF-8 but UTF-16
 */
export function readText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file === '-' ? 0 : file);
  } catch (error) {
    throw new InputError(`${file} can't be read: ${reasonOf(error)}`);
  }
  if (isUtf16(bytes)) throw new InputError(`${file} is encoded in UTF-16: save it as UTF-8`);
  return bytes.toString('utf8');
}

/** @param file `-` for standard input. @throws {InputError} if it can't be read or is not JSON */
export function readJson(file: string): unknown {
  const json = readText(file);
  try {
    return parseJsonFile(json);
  } catch (error) {
    throw new InputError(`${file} is not JSON: ${reasonOf(error)}`);
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
};

/** @returns a short reason why something could not be read or parsed */
export function reasonOf(error: unknown): string {
  const known = FILE_ERRORS[codeOf(error) ?? ''];
  return known ?? (error instanceof Error ? error.message : String(error));
}
