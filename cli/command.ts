// What the commands for people have in common: wrong usage, exit codes, and how they end.
import { readFileSync } from 'node:fs';
import { endWithReader } from './terminal.js';

/** The command can't be carried out as it was asked for: exit code 2. */
export class UsageError extends Error {}

/**
 * Runs a command to its end.
 * @param name as in `npm run NAME`
 * @param main returns the exit code
 */
export async function runCommand(name: string, main: () => Promise<number>): Promise<void> {
  endWithReader(process.stdout);
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\nnpm run ${name} -- --help shows how to use it.\n`);
    process.exitCode = 2;
  }
}

/** @param file `-` for standard input. @throws {UsageError} */
export function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} can't be read: ${reasonOf(error)}`);
  }
}

/** Why something could not be read or parsed, in a few words. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ENOENT' ? 'there is no such file' : error.message;
}
