// Runs the operator command that the first argument names: `npm run scale -- 2` runs `main.ts scale 2`.
import type { OperatorRuntime } from '../operator-command.js';

/** Loaded on demand, so that each command loads only the modules that it needs. */
const COMMANDS: Readonly<Record<string, () => Promise<(runtime?: OperatorRuntime) => Promise<void>>>> = {
  destroy: async () => (await import('./destroy.js')).runDestroy,
  keys: async () => (await import('./keys.js')).runKeys,
  logs: async () => (await import('./logs.js')).runLogs,
  restart: async () => (await import('./restart.js')).runRestart,
  scale: async () => (await import('./scale.js')).runScale,
};

// The command parses the arguments that follow its name.
const [name = ''] = process.argv.splice(2, 1);
const load = COMMANDS[name];
if (load === undefined) throw new Error(`"${name}" is not one of ${Object.keys(COMMANDS).join(', ')}`);
const run = await load();
await run();
