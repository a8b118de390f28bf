// The log: JSON lines on stdout, or readable text on a terminal.
import pino, { type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import type { PrettyOptions } from 'pino-pretty';
import type { LogLevel } from './config.js';
import { Stdout } from './stdout.js';

export async function createLog(level: LogLevel): Promise<Logger> {
  return pino(logOptions(level), process.stdout.isTTY ? await prettyStdout() : new Stdout());
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

async function prettyStdout(): Promise<DestinationStream> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({ ...PRETTY_OPTIONS, sync: true });
  } catch {
    // pino-pretty is a development dependency; without it, a terminal shows JSON lines.
    return new Stdout();
  }
}
