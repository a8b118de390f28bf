// Sealed heads in a file beside an embedded store. Several processes append to it, whole lines at once.
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { codeOf } from '../protocol/error.js';
import { type Head, parseHead } from './chain.js';
import { StoreError } from './error.js';
import { type Acceptance, type HeadStore, newestOfEach, parseAcceptance } from './heads.js';

/** How much of the end of the file is read for the newest heads, in bytes: some 20,000 heads. */
const TAIL_BYTES = 4 * 1024 * 1024;
const PRIVATE = 0o600;
const LINE_FEED = 0x0a;

/** @returns the file of the heads of an embedded store. @param storePath its directory */
export function headsFile(storePath: string): string {
  return `${storePath.replace(/\/+$/, '')}.heads`;
}

/** A line is a head, or `{"accepted": …}`. */
export function fileHeadStore(file: string): HeadStore {
  const during = async <Result>(action: () => Promise<Result>): Promise<Result> => {
    try {
      return await action();
    } catch (cause) {
      throw new StoreError(`the sealed heads in ${file} can't be used: ${codeOf(cause) ?? 'unknown error'}`, {
        cause,
      });
    }
  };
  return {
    name: file,
    seal: (heads) => during(() => append(file, heads)),
    sealed: () => during(async () => newestOfEach((await lastLines(file)).flatMap(toHead))),
    everSealed: () => allHeads(file),
    accept: (accepted) => during(() => append(file, [{ accepted }])),
    acceptances: () => during(async () => (await lastLines(file)).flatMap(toAcceptance)),
  };
}

/** Appends lines durably. */
async function append(file: string, values: readonly object[]): Promise<void> {
  if (values.length === 0) return;
  const lines = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  const handle = await open(file, 'a+', PRIVATE);
  try {
    const { size } = await handle.stat();
    const end = Buffer.alloc(1, LINE_FEED);
    if (size > 0) await handle.read(end, 0, 1, size - 1);
    // A process that was killed may have left half a line.
    await handle.appendFile(end[0] === LINE_FEED ? lines : `\n${lines}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A line that is cut off at either end is no head. */
async function lastLines(file: string): Promise<readonly string[]> {
  const size = await sizeOf(file);
  if (size === 0) return [];
  const handle = await open(file, 'r');
  try {
    const start = Math.max(0, size - TAIL_BYTES);
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return bytes.toString('utf8', 0, bytesRead).split('\n');
  } finally {
    await handle.close();
  }
}

async function* allHeads(file: string): AsyncGenerator<Head> {
  if ((await sizeOf(file)) === 0) return;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
    yield* toHead(line);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw error;
  }
}

function toHead(line: string): readonly Head[] {
  const head = parseHead(line);
  return head === undefined ? [] : [head];
}

function toAcceptance(line: string): readonly Acceptance[] {
  if (!line.startsWith('{"accepted":')) return [];
  const acceptance = parseAcceptance(line.slice('{"accepted":'.length, -1));
  return acceptance === undefined ? [] : [acceptance];
}
