// The log: JSON lines on stdout, or readable text on a terminal.
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import type { LogLevel } from './config.js';

/** @param options.sync whether a line is written before the call that logs it returns */
export async function createLog(level: LogLevel, { sync = false } = {}): Promise<Logger> {
  return pino(logOptions(level), process.stdout.isTTY ? await prettyStdout() : stdout(sync));
}

export function logOptions(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // Other error properties are dropped because they may contain a request, including secrets.
    serializers: { err: toLoggable },
  };
}

function toLoggable(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { type: name, ...('code' in error && { code: error.code }), message, stack };
}

/** Fields that are hidden on a terminal: those that the message already contains, long ids, and the facts. */
const HIDDEN_FIELDS = [
  ...['event', 'kind', 'action', 'rule', 'ruleError', 'problems', 'cause', 'url'],
  ...['txId', 'signerId', 'cosignerKey', 'traceId', 'policy', 'tried', 'facts', 'omitted'],
];

/** pino-pretty options for log lines on a terminal: date, time, level, message and the other fields in one line. */
export const PRETTY_OPTIONS: PrettyOptions = {
  translateTime: 'SYS:yyyy-mm-dd HH:MM:ss p',
  ignore: HIDDEN_FIELDS.join(','),
  singleLine: true,
};

/**
 * Maximum number of bytes to buffer while stdout is blocked. Further lines are dropped because the task's memory is
 * limited.
 */
const MAX_BUFFERED_BYTES = 32 * 1024 * 1024;
/** The largest size below which lines wait for the end of the turn, in bytes. pino's destination accepts no larger one. */
const MIN_WRITE_BYTES = 16 * 1024 - 1;
/** How long the exit may wait for a reader that does not read, in ms. */
const EXIT_MS = 500;

/**
 * A stdout that is written asynchronously unless `sync` is set, so that a slow reader of the log does not delay responses,
 * and flushed at exit. The service keeps running if a write fails, for example because the disk is full; the write is
 * retried with the next line.
 */
function stdout(sync = false): DestinationStream {
  /** When to stop waiting for the reader. */
  let end = Infinity;
  const destination = pino.destination({
    dest: 1,
    sync,
    minLength: sync ? 0 : MIN_WRITE_BYTES,
    maxLength: MAX_BUFFERED_BYTES,
    retryEAGAIN: () => performance.now() < end,
  });
  let failing = false;
  destination.on('error', ({ message }: Error) => {
    if (!failing) process.stderr.write(`The log can't be written: ${message}\n`);
    failing = true;
  });
  destination.on('write', () => (failing = false));
  // stderr may be on the same full disk, or may also have no reader.
  process.stderr.on('error', () => undefined);
  // flushSync, which pino calls at exit, retries until it succeeds: the process would never exit.
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    end = performance.now() + EXIT_MS;
    try {
      if (!failing) flush();
    } catch {
      // Nothing reads the output.
    }
  };
  if (!sync) flushEachTurn(destination);
  return destination;
}

type Stdout = ReturnType<typeof pino.destination>;

/**
 * Writes the lines of one event-loop turn together, at its end. A write for each line takes twice as much CPU time, on a
 * thread that could sign.
 */
function flushEachTurn(destination: Stdout): void {
  const write = destination.write.bind(destination);
  let scheduled = false;
  /** While a write is in progress, `flush` does nothing. */
  let isWriting = false;
  let waiting = false;
  const flush = (): void => {
    scheduled = false;
    if (isWriting || !waiting) return;
    isWriting = true;
    waiting = false;
    destination.flush();
  };
  destination.on('drain', () => {
    isWriting = false;
    flush();
  });
  destination.on('error', () => {
    isWriting = false;
    waiting = true;
  });
  destination.write = (line) => {
    waiting = true;
    if (!scheduled) setImmediate(flush);
    scheduled = true;
    return write(line);
  };
}

async function prettyStdout(): Promise<DestinationStream> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ ...PRETTY_OPTIONS, sync: true });
  } catch {
    // pino-pretty is a development dependency; without it, a terminal shows JSON lines.
    return stdout();
  }
}
