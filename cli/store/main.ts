// Entry point of `npm run store`.
import { runStore } from './program.js';

await runStore();
