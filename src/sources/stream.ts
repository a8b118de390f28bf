// Reads a stream of known length into memory, with a limit on how long it may stall.
import { createHash } from 'node:crypto';
import { SourceError } from './source.js';

/** How long a stream may deliver nothing, in ms. */
const STALL_LIMIT_MS = 15_000;
/** How long a stream may take in all, in ms; otherwise, one that trickles would block later reads. */
const TOTAL_LIMIT_MS = 120_000;

export interface Content {
  readonly bytes: Buffer;
  /** 64 hex digits. */
  readonly sha256: string;
  /** How long it took to read it, in ms. */
  readonly durationMs: number;
}

/** Content with what shows whether it has changed: an ETag, or the size and time of a file. */
export interface Stamped extends Content {
  readonly stamp: string;
}

/** A chunk may be overwritten when the next one is requested. */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Ends it early. */
  destroy(): unknown;
}

export interface StreamLimits {
  readonly stallMs?: number;
  readonly totalMs?: number;
}

/**
 * @param name of what is read, for messages
 * @throws {SourceError} transient, if the stream stalls, fails, or has another length
 */
export async function fillBuffer(
  stream: ByteStream,
  length: number,
  name: string,
  { stallMs = STALL_LIMIT_MS, totalMs = TOTAL_LIMIT_MS }: StreamLimits = {},
): Promise<Content> {
  const bytes = Buffer.allocUnsafeSlow(length);
  const hash = createHash('sha256');
  let filled = 0;
  const startedAt = performance.now();
  const deadline = startedAt + totalMs;
  let progressAt = startedAt;
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    const fail = (reason: string): void => {
      reject(new SourceError(`${name} can't be read: ${reason}`, { transient: true }));
      stream.destroy();
    };
    const look = (): void => {
      const now = performance.now();
      if (now - progressAt > stallMs) fail(`nothing arrived for ${stallMs / 1000} s`);
      else if (now > deadline) fail(`it takes longer than ${totalMs / 1000} s`);
    };
    timer = setInterval(look, Math.min(stallMs, totalMs) / 10);
  });
  const fill = async (): Promise<Content> => {
    for await (const chunk of stream) {
      progressAt = performance.now();
      if (filled + chunk.length > length) throw changedWhileRead(name);
      bytes.set(chunk, filled);
      hash.update(chunk);
      filled += chunk.length;
    }
    if (filled !== length) throw changedWhileRead(name);
    return { bytes, sha256: hash.digest('hex'), durationMs: performance.now() - startedAt };
  };
  try {
    return await Promise.race([fill(), stalled]);
  } catch (error) {
    if (error instanceof SourceError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new SourceError(`${name} can't be read: ${reason}`, { transient: true, cause: error });
  } finally {
    clearInterval(timer);
  }
}

export function changedWhileRead(name: string): SourceError {
  return new SourceError(`${name} was incomplete, or changed while it was read`, { transient: true });
}
