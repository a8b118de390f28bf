// Writes the log to standard output, without ever waiting for whoever reads it.
import { writeSync } from 'node:fs';
import { codeOf } from './protocol/error.js';

/** Maximum size of the lines that wait while stdout is blocked. Further lines are dropped: memory is limited. */
const MAX_WAITING = 32 * 1024 * 1024;
/** Size of one write: the capacity of a pipe. */
const CHUNK = 64 * 1024;
/** How soon to try again while stdout is blocked, in ms. */
const RETRY_MS = 10;
/** How long the exit may be delayed by lines that are not written yet, in ms. */
const EXIT_MS = 1000;

/**
 * The lines of one event-loop turn are written together at its end, which halves what a log line costs. Pipes are
 * non-blocking, as Node.js sets them up, so that a write takes what fits. A failed write, for example because the disk
 * is full, is tried again with the next line.
 */
export class Stdout {
  /** Lines in the order in which they are written, in pieces of about one chunk. */
  readonly #waiting: string[] = [];
  /** The piece that is being written. */
  #chunk: Buffer = Buffer.alloc(0);
  /** Total length of `#waiting`. */
  #length = 0;
  #scheduled = false;
  #failing = false;
  readonly #flushed: (() => void)[] = [];

  constructor() {
    // stderr may be on the same full disk, or may also have no reader.
    process.stderr.on('error', () => undefined);
    process.on('exit', () => this.flushSync());
  }

  write(line: string): void {
    this.#schedule();
    if (this.#length + line.length > MAX_WAITING) return;
    this.#length += line.length;
    const last = this.#waiting.length - 1;
    if ((this.#waiting[last]?.length ?? CHUNK) + line.length > CHUNK) this.#waiting.push(line);
    else this.#waiting[last] += line;
  }

  /** @param done is called when all lines are written, or can't be written */
  flush(done: () => void = () => undefined): void {
    this.#flushed.push(done);
    this.#schedule();
  }

  /** Writes all lines before the process exits, unless the reader is too slow or the write fails. */
  flushSync(): void {
    const end = performance.now() + EXIT_MS;
    this.#failing = false;
    while (!this.#isEmpty() && !this.#failing && performance.now() < end) {
      if (!this.#writeChunk()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const written = this.#writeChunk();
    if (this.#isEmpty() || this.#failing) {
      for (const done of this.#flushed.splice(0)) done();
    } else if (written) {
      this.#schedule();
    } else {
      this.#scheduled = true;
      setTimeout(() => this.#run(), RETRY_MS);
    }
  }

  #isEmpty(): boolean {
    return this.#chunk.length + this.#waiting.length === 0;
  }

  /** @returns whether anything was written */
  #writeChunk(): boolean {
    if (this.#chunk.length === 0) {
      const piece = this.#waiting.shift() ?? '';
      this.#length -= piece.length;
      this.#chunk = Buffer.from(piece);
    }
    try {
      this.#chunk = this.#chunk.subarray(writeSync(1, this.#chunk));
      this.#failing = false;
      return true;
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') this.#fail(error);
      return false;
    }
  }

  #fail(error: unknown): void {
    if (!this.#failing) process.stderr.write(`The log can't be written: ${String(error)}\n`);
    this.#failing = true;
  }
}
