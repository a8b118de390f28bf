// Entry point of `npm run policy`.
import { runProgram } from '../command.js';
import { reportFailure } from '../operator-command.js';
import { createPolicyProgram } from './program.js';

await runProgram(createPolicyProgram(process.stdout), (error, command) =>
  reportFailure(error, command.opts()),
);
