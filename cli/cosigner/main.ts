// Entry point of `npm run cosigner`.
import { runProgram } from '../command.js';
import { createCosignerProgram } from './program.js';

await runProgram(createCosignerProgram(process.stdout));
