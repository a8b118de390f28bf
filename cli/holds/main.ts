// Entry point of `npm run holds`.
import { runHolds } from './program.js';

await runHolds();
