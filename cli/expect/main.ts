// Entry point of `npm run expect`.
import { runExpect } from './program.js';

await runExpect();
