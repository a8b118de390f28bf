// Reads sources within a time limit, and waits until a changed value is stable.
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { type Source, SourceError } from './source.js';

/** Maximum duration of a read, in ms. Longer than the limit in ssm.ts, whose error names the parameters. */
const READ_LIMIT_MS = 15_000;
/** How long a changed value must stay the same before it is used, in ms. */
const SETTLE_MS = 100;

/**
 * Waits for an operation, but not longer than a limit. What the operation returns later is ignored. The timer keeps the
 * process alive, so that a start-up that hangs ends with an error.
 * @param start receives a signal that is aborted at the limit
 * @param message of the error
 * @throws {SourceError} transient, at the limit
 */
export async function within<Result>(
  limitMs: number,
  message: string,
  start: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new SourceError(`${message} within ${limitMs / 1000} s`, { transient: true }));
      controller.abort();
    }, limitMs);
  });
  try {
    return await Promise.race([start(controller.signal), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Reads a source, whatever may hang in it: credentials, DNS, a connection or a file system. @throws {SourceError} */
export function readWithin<Values>(source: Source<Values>, limitMs = READ_LIMIT_MS): Promise<Values> {
  return within(limitMs, 'the read did not end', () => source());
}

/**
 * Reads a source until new values are the same in two reads, because a file may be read while it is being written, or
 * between its deletion and its replacement.
 * @param isKnown whether values need no second read: those in force or refused before, and the first ones. At start-up,
 *   a second read would delay every start, and an incomplete file is refused or replaced by the next read
 * @throws {SourceError} if the source can't be read, or keeps changing
 */
export async function readSettled<Values>(
  source: Source<Values>,
  isKnown: (values: Values) => boolean,
  limitMs = READ_LIMIT_MS,
): Promise<Values> {
  const deadline = performance.now() + limitMs;
  for (let values = await readWithin(source, limitMs); ;) {
    if (isKnown(values)) return values;
    if (performance.now() > deadline) {
      throw new SourceError('the stored value keeps changing', { transient: true });
    }
    await sleep(SETTLE_MS);
    const again = await readWithin(source, limitMs);
    if (isDeepStrictEqual(again, values)) return again;
    values = again;
  }
}
