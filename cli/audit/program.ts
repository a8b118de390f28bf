// Defines `npm run audit`: one file in commands/ for each of its commands.
import type { Command } from 'commander';
import { createProgram } from '../command.js';
import { runOperatorProgram } from '../operator-command.js';
import type { Output } from '../terminal.js';
import { addExport } from './commands/export.js';
import { addShow } from './commands/show.js';
import { addVerify } from './commands/verify.js';

export async function runAudit(): Promise<void> {
  await runOperatorProgram(createAuditProgram(process.stdout), () => '');
}

/** @param stdout the stream to print the results to */
export function createAuditProgram(stdout: Output): Command {
  const program = createProgram(
    'audit',
    'Verifies, exports and shows the records of what the handler decided.',
  ).addHelpText('after', '\nHelp for one command: npm run audit -- verify --help');
  addVerify(program, stdout);
  addExport(program, stdout);
  addShow(program, stdout);
  return program;
}
