// Defines `npm run store`: one file in commands/ for each of its commands.
import type { Command } from 'commander';
import { createProgram } from '../command.js';
import { EXIT_CODES, runOperatorProgram } from '../operator-command.js';
import type { Output } from '../terminal.js';
import { addAccept } from './commands/accept.js';
import { addCreate } from './commands/create.js';

export async function runStore(): Promise<void> {
  await runOperatorProgram(createStoreProgram(process.stdout));
}

/** @param stdout the stream to print the results to */
export function createStoreProgram(stdout: Output): Command {
  const program = createProgram(
    'store',
    'Looks after the store, in which the handler remembers its decisions.',
  ).addHelpText('after', EXIT_CODES);
  addCreate(program, stdout);
  addAccept(program, stdout);
  return program;
}
