// Runs the commands as a user does.
import { execFile } from 'node:child_process';
import { keepOutput } from './output.js';
import { programPath } from './paths.js';

export { ROOT } from './paths.js';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
}

export function runCosigner(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run('cli/cosigner/main.ts', args, options);
}

export function runPolicy(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run('cli/policy/main.ts', args, options);
}

function run(program: string, args: readonly string[], { cwd, env, input = '' }: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      // With the loaders that this very test runs with.
      [...process.execArgv, programPath(program), ...args],
      { cwd, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => {
        keepOutput(stdout + stderr);
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}
