// What all commands share: usage and help (commander), errors, exit codes, reading files.
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { BaseError, codeOf } from '../src/protocol/error.js';
import { endWithReader } from './terminal.js';

/** 0 done or good, 1 failed or not good, 2 wrong usage or unreadable input; 130 and 143 interrupted by a signal. */
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;

/** The command line is wrong. The message is followed by a pointer to the command's help. */
export class UsageError extends BaseError<'USAGE'> {
  constructor(message: string) {
    super('USAGE', message);
  }
}

/** A file, or standard input, that the command can't use. */
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

/**
 * Parses the command line and runs the action, which sets `process.exitCode` where the result is not good.
 * @param onError reports an error of the action and returns the exit code; what it does not know it throws again
 */
export async function runProgram(
  program: Command,
  onError: (error: unknown, command: Command) => number = rethrow,
): Promise<void> {
  endWithReader(process.stdout);
  let running = program;
  program.hook('preAction', (_program, command) => {
    running = command;
  });
  for (const command of [program, ...program.commands]) command.showHelpAfterError(`\n${helpHint(command)}`);
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
    else process.exitCode = reportError(error, running, onError);
  }
}

function reportError(
  error: unknown,
  command: Command,
  onError: (error: unknown, command: Command) => number,
): number {
  switch (error instanceof BaseError ? error.code : undefined) {
    case 'USAGE':
      process.stderr.write(`error: ${reasonOf(error)}\n\n${helpHint(command)}\n`);
      return EXIT_USAGE;
    case 'INPUT_UNUSABLE':
      process.stderr.write(`error: ${reasonOf(error)}\n`);
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

/** @param file `-` for standard input. @throws {InputError} */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new InputError(`${file} can't be read: ${reasonOf(error)}`);
  }
}

/** Why something could not be read or parsed, in a few words. */
export function reasonOf(error: unknown): string {
  if (codeOf(error) === 'ENOENT') return 'there is no such file';
  return error instanceof Error ? error.message : String(error);
}
