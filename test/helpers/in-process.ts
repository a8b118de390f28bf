// Runs operator commands inside the test's process. A separate process takes one to three seconds to start.
import { AsyncLocalStorage } from 'node:async_hooks';
import { chdir, cwd } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorRuntime } from '../../cli/operator-command.js';
import type { Ran } from './cli.js';

const COMMANDS = {
  deploy: async () => (await import('../../cli/deploy/command.js')).runDeploy,
  doctor: async () => (await import('../../cli/doctor/command.js')).runDoctor,
  destroy: async () => (await import('../../cli/operate/destroy.js')).runDestroy,
  keys: async () => (await import('../../cli/operate/keys.js')).runKeys,
  logs: async () => (await import('../../cli/operate/logs.js')).runLogs,
  policy: async () => (await import('../../cli/policy/program.js')).runPolicy,
  restart: async () => (await import('../../cli/operate/restart.js')).runRestart,
  scale: async () => (await import('../../cli/operate/scale.js')).runScale,
  store: async () => (await import('../../cli/store/program.js')).runStore,
} as const satisfies Readonly<Record<string, () => Promise<(runtime: OperatorRuntime) => Promise<void>>>>;

export type InProcessCommand = keyof typeof COMMANDS;

/** Factor by which the waits between AWS polls are shortened. */
const SPEED = 50;

interface Output {
  stdout: string;
  stderr: string;
}

/** Separates the output of the command from that of the test reporter. */
const capturing = new AsyncLocalStorage<Output>();
capture('stdout');
capture('stderr');
// Commands behave as if there were no terminal, wherever the tests run.
for (const stream of [process.stdin, process.stdout, process.stderr]) {
  Object.defineProperty(stream, 'isTTY', { value: false });
}

/** Runs one command at a time: working directory, environment and arguments belong to the whole process. */
export async function runInProcess(
  { directory, environment }: { readonly directory: string; readonly environment: NodeJS.ProcessEnv },
  command: InProcessCommand,
  args: readonly string[],
): Promise<Ran> {
  const run = await COMMANDS[command]();
  const before = { directory: cwd(), environment: { ...process.env }, argv: process.argv };
  const output: Output = { stdout: '', stderr: '' };
  try {
    chdir(directory);
    replaceEnvironment(environment);
    process.argv = [process.execPath, command, ...args];
    process.exitCode = 0;
    await capturing.run(output, () => run({ sleep: (ms) => sleep(ms / SPEED) }));
  } catch (error) {
    output.stderr += error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.exitCode = 1;
  }
  const code = process.exitCode;
  chdir(before.directory);
  replaceEnvironment(before.environment);
  process.argv = before.argv;
  process.exitCode = undefined;
  return { code, ...output };
}

function replaceEnvironment(environment: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
  for (const [name, value] of Object.entries(environment)) if (value !== undefined) process.env[name] = value;
}

function capture(name: keyof Output): void {
  const stream = process[name];
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
  // Each command adds a listener for errors.
  stream.setMaxListeners(0);
  stream.write = (chunk: unknown, ...rest: unknown[]): boolean => {
    const output = capturing.getStore();
    if (output === undefined) return write(chunk, ...rest);
    output[name] += chunk instanceof Uint8Array ? Buffer.from(chunk).toString() : String(chunk);
    const callback = rest.at(-1);
    if (typeof callback === 'function') (callback as () => void)();
    return true;
  };
}
