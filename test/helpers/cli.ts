// Runs the Co-signer command as a user does.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { keepOutput } from './output.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function runCosigner(
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      // With the loaders that this very test runs with.
      [...process.execArgv, `${ROOT}src/cosigner/main.ts`, ...args],
      { cwd: options.cwd, env: { ...process.env, ...options.env } },
      (_error, stdout, stderr) => {
        keepOutput(stdout + stderr);
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
  });
}
