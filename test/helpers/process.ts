// The real process, started and stopped.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Scope } from './scope.js';
import type { LogLine } from './log.js';
import { keepOutput } from './output.js';
import { programPath, ROOT } from './paths.js';

/** What `npm run build` makes. */
export const BUILT = join(ROOT, 'dist/main.js');
/** Its source, so that coverage is seen. */
const SOURCE = programPath('src/main.ts');

export interface Handler {
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  /** What went to standard error. */
  readonly stderr: () => string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /** The first line, from now or before, that has these fields. @throws if it does not come in time */
  line(fields: LogLine, timeoutMs?: number): Promise<LogLine>;
  /** Resolves with the base URL once it listens. */
  listening(timeoutMs?: number): Promise<string>;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface HandlerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** For Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** Run what is built, as production does, in place of its source. */
  readonly built?: boolean;
}

/** Starts a handler on a free port. It is killed when the test ends. */
export function startHandler(
  t: Scope,
  { args = [], env = {}, cwd, nodeArgs = [], built = false }: HandlerOptions,
): Handler {
  const entry = built ? [BUILT] : [...process.execArgv, SOURCE];
  const child = spawn(process.execPath, [...nodeArgs, ...entry, ...args], {
    cwd,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return handlerOf(t, child);
}

/** A process that was started, as a handler. It is killed when the test ends. */
export function handlerOf(
  t: Scope,
  child: ChildProcess,
  kill: () => void = () => void child.kill('SIGKILL'),
): Handler {
  const { stdout, stderr: errors } = child;
  if (stdout === null || errors === null) throw new Error('the process has no pipes');
  t.teardown(kill);

  const lines: LogLine[] = [];
  let stderr = '';
  createInterface({ input: stdout }).on('line', (line) => {
    keepOutput(`${line}\n`);
    lines.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : { text: line });
  });
  errors.setEncoding('utf8').on('data', (chunk: string) => {
    keepOutput(chunk);
    stderr += chunk;
  });
  const exited = once(child, 'close').then(([code]) => code as number | null);

  const handler: Handler = {
    child,
    lines,
    stderr: () => stderr,
    exited,
    async line(fields, timeoutMs = 15_000) {
      const find = (): LogLine | undefined => lines.find((line) => matches(line, fields));
      // A process that has ended writes no further line.
      const found = await Promise.race([until(find, timeoutMs), exited.then(find)]);
      if (found !== undefined) return found;
      throw new Error(
        `no line ${JSON.stringify(fields)} in:\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n${stderr}`,
      );
    },
    async listening(timeoutMs) {
      const { url } = await handler.line({ event: 'listening' }, timeoutMs);
      return String(url);
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      return exited;
    },
  };
  return handler;
}

/** Asks again and again until there is something. */
export async function until<Value>(
  look: () => Value | undefined | Promise<Value | undefined>,
  timeoutMs: number,
): Promise<Value | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined || performance.now() > end) return found;
    await sleep(20);
  }
}

function matches(line: LogLine, fields: LogLine): boolean {
  return Object.entries(fields).every(([name, value]) => line[name] === value);
}
