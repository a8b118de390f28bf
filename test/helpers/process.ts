// Starts and stops the real process, and reads its log.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Scope } from './scope.js';
import type { LogLine } from './log.js';
import { keepOutput } from './output.js';
import { programPath, ROOT } from './paths.js';

/** The bundle created by `npm run build`. */
export const BUILT = join(ROOT, 'dist/main.js');
/** The source as the tests run it, for tests that count towards coverage. */
const SOURCE = programPath('src/main.ts');

export interface Handler {
  readonly child: ChildProcess;
  readonly lines: readonly LogLine[];
  /** The line that says why it does not start. Lines about what was loaded at the same time may follow. */
  readonly failure: () => LogLine | undefined;
  /** Everything written to standard error so far. */
  readonly stderr: () => string;
  /** Resolves with the exit code. */
  readonly exited: Promise<number | null>;
  /**
   * Waits for the first log line with these fields; it may have been logged before.
   * @param timeoutMs default 15 s
   * @throws {Error} if no such line is logged in time, or the process exits first
   */
  line(fields: LogLine, timeoutMs?: number): Promise<LogLine>;
  /** Waits until the handler listens. @returns its base URL */
  listening(timeoutMs?: number): Promise<string>;
  /** @param signal default SIGTERM. @returns the exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface HandlerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Options for Node.js itself. */
  readonly nodeArgs?: readonly string[];
  /** Runs the bundle, as production does. @default false: runs the source */
  readonly built?: boolean;
}

/** Starts a handler on a free port, and kills it at the end of the test. */
export function startHandler(
  t: Scope,
  { args = [], env = {}, cwd, nodeArgs = [], built = false }: HandlerOptions,
): Handler {
  const entry = built ? [BUILT] : [...process.execArgv, SOURCE];
  const child = spawn(process.execPath, [...nodeArgs, ...entry, ...args], {
    cwd,
    // Without a console, whose port is not free in each of several handlers.
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', CONSOLE_PORT: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return handlerOf(t, child);
}

/** Wraps a handler's process, and kills it at the end of the test. */
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
    failure: () => lines.find(({ level }) => level === 'fatal'),
    stderr: () => stderr,
    exited,
    async line(fields, timeoutMs = 15_000) {
      const find = (): LogLine | undefined => lines.find((line) => matches(line, fields));
      let isOver = false;
      // Nothing more is logged after the exit: polling on would keep the test's process alive.
      const poll = until(() => find() ?? (isOver ? null : undefined), timeoutMs);
      const found = await Promise.race([poll, exited.then(find)]).finally(() => (isOver = true));
      if (found != null) return found;
      throw new Error(
        `no line with ${JSON.stringify(fields)} in the log:\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n${stderr}`,
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

/** Polls until `look` returns a value. @returns undefined if it returns none in time */
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
