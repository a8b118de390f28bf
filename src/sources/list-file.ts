// Reads a list from a file.
import type { Stats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_LIST_BYTES, tooLarge } from '../policy/parse/address-file.js';
import { ListError, problemIn } from '../policy/parse/problem.js';
import { codeOf } from '../protocol/error.js';
import { within } from './read.js';
import { SourceError } from './source.js';
import { type ByteStream, changedWhileRead, fillBuffer, type Stamped } from './stream.js';

/** A file that was written more recently may still be incomplete, in ms. */
const SETTLE_MS = 1000;
/** Maximum time for anything but the content, in ms: a network file system may hang. */
const ANSWER_LIMIT_MS = 15_000;
const CHUNK_BYTES = 256 * 1024;

/**
 * @param name as the policy names the file, for messages
 * @param knownStamp of the content that is already known
 * @returns `undefined` if the file has not changed
 * @throws {SourceError} if it can't be read, or is being written
 * @throws {ListError} if it is too large
 */
export async function readListFile(
  path: string,
  name: string,
  knownStamp: string | undefined,
): Promise<Stamped | undefined> {
  try {
    const stats = await settled(path, name, knownStamp);
    if (stats === undefined) return undefined;
    if (stats.size > MAX_LIST_BYTES) throw new ListError([problemIn(name, tooLarge())]);
    const file = await within(ANSWER_LIMIT_MS, `${name} can't be opened`, () => open(path));
    const content = await fillBuffer(chunksOf(file), stats.size, name);
    if (stampOf(await statOf(path, name)) !== stampOf(stats)) throw changedWhileRead(name);
    return { ...content, stamp: stampOf(stats) };
  } catch (error) {
    throw error instanceof SourceError || error instanceof ListError ? error : unreadable(name, error);
  }
}

/** Reads a file by way of one buffer. A stream would create one for each chunk, and so much garbage. */
function chunksOf(file: FileHandle): ByteStream {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }
  // A read that hangs can't be ended.
  return Object.assign(read(), { destroy: () => undefined });
}

/** Waits until a file that has just been written stays the same. @returns `undefined` if it is the known one */
async function settled(
  path: string,
  name: string,
  knownStamp: string | undefined,
): Promise<Stats | undefined> {
  let stats = await statOf(path, name);
  if (stampOf(stats) === knownStamp) return undefined;
  if (!stats.isFile()) throw new SourceError(`${name} is no file`, { transient: false });
  const deadline = performance.now() + ANSWER_LIMIT_MS;
  while (Math.abs(Date.now() - stats.mtimeMs) < SETTLE_MS) {
    if (performance.now() > deadline) {
      throw new SourceError(`${name} keeps changing`, { transient: true });
    }
    await sleep(SETTLE_MS);
    const again = await statOf(path, name);
    if (stampOf(again) === stampOf(stats)) break;
    stats = again;
  }
  return stats;
}

function statOf(path: string, name: string): Promise<Stats> {
  return within(ANSWER_LIMIT_MS, `${name} can't be looked at`, () => stat(path));
}

function stampOf({ size, mtimeMs, ctimeMs, ino }: Stats): string {
  return [size, mtimeMs, ctimeMs, ino].join(' ');
}

function unreadable(name: string, cause: unknown): SourceError {
  if (codeOf(cause) === 'ENOENT') {
    return new SourceError(
      `${name} does not exist: create it, or correct where the policy says the list is`,
      {
        transient: false,
        cause,
      },
    );
  }
  return new SourceError(
    `${name} can't be read (${codeOf(cause) ?? String(cause)}): check its owner and mode`,
    {
      transient: false,
      cause,
    },
  );
}
