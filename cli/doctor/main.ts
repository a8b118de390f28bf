// Entry point of `npm run doctor`.
import { runDoctor } from './command.js';

await runDoctor();
