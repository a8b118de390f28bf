// Entry point of `npm run policy`.
import { runPolicy } from './program.js';

await runPolicy();
