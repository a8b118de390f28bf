// Runs `npm run deploy`.
import { runDeploy } from './command.js';

await runDeploy();
