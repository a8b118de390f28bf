// Reads the service's log: JSON lines from a file or standard input.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { InputError, reasonOf } from '../command.js';

/** What the lines that were read look like, for the message that there are no decisions. */
export class LogLines implements AsyncIterable<string> {
  readonly #file: string;
  readonly #onProgress: (lines: number) => void;
  #read = 0;
  #isPretty = false;
  #isUtf16 = false;

  /**
   * @param file `-` for standard input
   * @param onProgress called after each line with the number of lines read so far
   */
  constructor(file: string, onProgress: (lines: number) => void) {
    this.#file = file;
    this.#onProgress = onProgress;
  }

  /** @throws {InputError} if the file can't be read */
  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      const input = this.#file === '-' ? process.stdin : createReadStream(this.#file);
      for await (const line of createInterface({ input, crlfDelay: Infinity })) {
        this.#isUtf16 ||= this.#read === 0 && line.includes('\0');
        this.#isPretty ||= isPretty(line);
        yield line;
        this.#onProgress(++this.#read);
      }
    } catch (error) {
      throw new InputError(`${this.#file} can't be read: ${reasonOf(error)}`);
    }
  }

  /** Why there were no decisions among the lines. */
  get noDecisions(): InputError {
    if (this.#isUtf16) return new InputError(`${this.#file} is encoded in UTF-16: save it as UTF-8`);
    return new InputError(
      this.#isPretty
        ? `${this.#file} has no decision lines in JSON: it contains the output that the service prints on a terminal.\nTo get JSON, start the service with its output redirected: npm start > handler.ndjson`
        : `${this.#file} has no decision lines (lines read: ${this.#read})`,
    );
  }
}

/** Whether a line looks like the service's output on a terminal: `[11:00:00.000] INFO: decided {…}`. */
function isPretty(line: string): boolean {
  return (
    /^\W*\[/.test(line) &&
    /^\[[-\d:. +TZ]+\] (TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b/.test(stripVTControlCharacters(line))
  );
}

/**
 * @param line anything before the first `{` is ignored, such as the time and stream that `aws logs tail` prints
 * @returns `undefined` if it is not JSON
 */
export function parseLogLine(line: string): Readonly<Record<string, unknown>> | undefined {
  const start = line.indexOf('{');
  if (start === -1) return undefined;
  try {
    return JSON.parse(line.slice(start)) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

const PROGRESS_STEP_LINES = 5000;

/** Shows on a terminal how much of a long log has been read. */
export function showProgress(lines: number): void {
  if (process.stderr.isTTY && lines % PROGRESS_STEP_LINES === 0) {
    process.stderr.write(`\r${lines} lines read\r`);
  }
}
