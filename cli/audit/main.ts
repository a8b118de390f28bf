// Entry point of `npm run audit`.
import { runAudit } from './program.js';

await runAudit();
