// Runs commands: as a user does, in a process, or in the process of the test, which is much faster.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { runProgram } from '../../cli/command.js';
import type { Output } from '../../cli/terminal.js';
import { keepOutput } from './output.js';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Paths, relative to the root, of the programs behind the npm scripts. */
const PROGRAMS = {
  cosigner: 'cli/cosigner/main.ts',
  policy: 'cli/policy/main.ts',
} as const;

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

/** Arguments for Node.js that start a program, with the loaders that this test runs with. */
export function programArgs(program: keyof typeof PROGRAMS): readonly string[] {
  return [...process.execArgv, ROOT + PROGRAMS[program]];
}

export function runCosigner(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run([...programArgs('cosigner'), ...args], options);
}

export function runPolicy(args: readonly string[], options: RunOptions): Promise<Ran> {
  return run([...programArgs('policy'), ...args], options);
}

function run(args: readonly string[], { cwd, env, input = '' }: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      args,
      { cwd, env: { ...process.env, ...env } },
      (_error, stdout, stderr) => {
        keepOutput(stdout + stderr);
        resolve({ code: child.exitCode ?? -1, stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

/** Runs a program in this process. Paths are relative to the root; standard input can't be used. */
export async function runInProcess(
  createProgram: (stdout: Output) => Command,
  args: readonly string[],
  onError?: Parameters<typeof runProgram>[1],
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
    return { code: Number(process.exitCode ?? 0), stdout, stderr };
  } finally {
    process.exitCode = exitCode;
    keepOutput(stdout + stderr);
  }
}
