// An in-memory log.
import pino, { type Logger } from 'pino';
import type { LogLevel } from '../../src/config.js';
import { logOptions } from '../../src/log.js';
import { keepOutput } from './output.js';

export type LogLine = Record<string, unknown>;

export interface MemoryLog {
  readonly log: Logger;
  readonly lines: LogLine[];
  /** Returns the log lines for an event. */
  readonly of: (event: string) => LogLine[];
}

export function memoryLog(level: LogLevel = 'trace'): MemoryLog {
  const lines: LogLine[] = [];
  const write = (text: string): void => {
    keepOutput(text);
    lines.push(JSON.parse(text) as LogLine);
  };
  const log = pino(logOptions(level), { write });
  return { log, lines, of: (event) => lines.filter((line) => line['event'] === event) };
}
