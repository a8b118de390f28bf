// The log: JSON lines on standard output, or coloured text where a person looks at a terminal.
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { LogLevel } from './config.js';

export async function createLog(level: LogLevel): Promise<Logger> {
  return pino(logOptions(level), process.stdout.isTTY ? await prettyStdout() : stdout());
}

export function logOptions(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    // An error may carry what it failed on as a property, a request with its secrets for example.
    serializers: { err: essentials },
  };
}

function essentials(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack } = error;
  return { type: name, ...('code' in error && { code: error.code }), message, stack };
}

/** Lines that nobody takes are kept up to this length in all, then lost: the memory is the task's. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024;

/**
 * Written without waiting, so that a slow reader of the log does not hold up answers; flushed at exit. A full disk must
 * not stop the service: what could not be written is tried again with the next line.
 */
function stdout(): DestinationStream {
  // At once, as without a minimum; but only with one can a flush be asked for.
  const destination = pino.destination({ dest: 1, sync: false, minLength: 1, maxLength: MAX_WAITING_BYTES });
  let failing = false;
  destination.on('error', ({ message }: Error) => {
    if (!failing) process.stderr.write(`The log can't be written: ${message}\n`);
    failing = true;
  });
  destination.on('write', () => (failing = false));
  // Once so much waits that lines are lost, no line starts another attempt.
  destination.on('drop', () => destination.flush());
  // It may be on the same full disk, or have no reader either.
  process.stderr.on('error', () => undefined);
  // At exit it would be tried until it can be written, and the process would never end.
  const flush = destination.flushSync.bind(destination);
  destination.flushSync = () => {
    if (!failing) flush();
  };
  return destination;
}

async function prettyStdout(): Promise<DestinationStream> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ ignore: 'event,facts,omitted', singleLine: true, sync: true });
  } catch {
    // A development dependency: where it is not installed, a terminal gets the JSON lines as well.
    return stdout();
  }
}
