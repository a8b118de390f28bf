// The log: JSON lines on standard output, or coloured text where a person looks at a terminal.
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

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

/** Written without waiting, so that a slow reader of the log does not hold up answers; flushed at exit. */
function stdout(): DestinationStream {
  return pino.destination({ dest: 1, sync: false });
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
