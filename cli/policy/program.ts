// Defines `npm run policy`: one file in commands/ for each of its commands.
import type { Command } from 'commander';
import { createProgram } from '../command.js';
import { runOperatorProgram } from '../operator-command.js';
import type { Output } from '../terminal.js';
import { addCheck } from './commands/check.js';
import { addExplain } from './commands/explain.js';
import { addHistory } from './commands/history.js';
import { addLimits } from './commands/limits.js';
import { addCandidate, addPromote } from './commands/promote.js';
import { addPush } from './commands/push.js';
import { addReplay } from './commands/replay.js';
import { addReport } from './commands/report.js';
import { addRollback } from './commands/rollback.js';
import { addSchema } from './commands/schema.js';
import { addShow } from './commands/show.js';
import { addSign } from './commands/sign.js';
import { addTest } from './commands/test.js';
import { addResume, addStop } from './stop-commands.js';

export async function runPolicy(): Promise<void> {
  await runOperatorProgram(createPolicyProgram(process.stdout));
}

/** @param stdout the stream to print the results to */
export function createPolicyProgram(stdout: Output): Command {
  const program = createProgram(
    'policy',
    'Checks, explains, tests, replays, signs and pushes a policy, reports what it decided, and stops all decisions in an emergency.',
  ).addHelpText('after', '\nHelp for one command: npm run policy -- explain --help');
  addCheck(program, stdout);
  addExplain(program, stdout);
  addTest(program, stdout);
  addReplay(program, stdout);
  addReport(program, stdout);
  addLimits(program, stdout);
  addSchema(program, stdout);
  addPush(program, stdout);
  addHistory(program, stdout);
  addShow(program, stdout);
  addRollback(program, stdout);
  addCandidate(program, stdout);
  addPromote(program, stdout);
  addSign(program, stdout);
  addStop(program);
  addResume(program);
  return program;
}
