// Runs commands in a separate process, as a user does, or in the test's process, which is much faster.
import { execFile } from 'node:child_process';
import type { Command } from 'commander';
import { type ErrorReporter, runProgram } from '../../cli/command.js';
import type { Output } from '../../cli/terminal.js';
import { keepOutput } from './output.js';
import { programPath } from './paths.js';

export { ROOT } from './paths.js';

const COSIGNER = 'cli/cosigner/main.ts';
const POLICY = 'cli/policy/main.ts';
const STORE = 'cli/store/main.ts';
const EXPECT = 'cli/expect/main.ts';
const AUDIT = 'cli/audit/main.ts';
const HOLDS = 'cli/holds/main.ts';

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
  return run(COSIGNER, args, options);
}

export function runPolicy(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run(POLICY, args, options);
}

export function runStore(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run(STORE, args, options);
}

export function runExpect(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run(EXPECT, args, options);
}

export function runAudit(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run(AUDIT, args, options);
}

export function runHolds(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run(HOLDS, args, options);
}

function run(program: string, args: readonly string[], { cwd, env, input = '' }: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [programPath(program), ...args],
      { cwd, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => {
        keepOutput(stdout + stderr);
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

/**
 * Runs a program in this process. Paths are relative to the root; standard input can't be used.
 * @param printsTokens whether it is a program whose purpose is to print them, so that only its errors are searched
 */
export async function runInProcess(
  createProgram: (stdout: Output) => Command,
  args: readonly string[],
  onError?: ErrorReporter,
  printsTokens = false,
): Promise<Ran> {
  let stdout = '';
  let stderr = '';
  const streams = {
    stdout: { write: (chunk: string) => (stdout += chunk) },
    stderr: { write: (chunk: string) => (stderr += chunk) },
  };
  const exitCode = process.exitCode;
  process.exitCode = undefined;
  try {
    await runProgram(createProgram(streams.stdout), onError, { args, ...streams });
    return { code: currentExitCode(), stdout, stderr };
  } finally {
    process.exitCode = exitCode;
    keepOutput(printsTokens ? stderr : stdout + stderr);
  }
}

function currentExitCode(): number {
  return Number(process.exitCode ?? 0);
}
