// Why the embedded store can't be used.
import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './error.js';

/** How long to wait for the reason why a commit failed, in ms. */
const REASON_TIMEOUT_MS = 100;

/** What LMDB reports if a commit can't be written to the disk. */
const DISK_ERROR = /Input\/output error|No space|File too large/;

export function cannot(what: string, directory: string, error: unknown, mayBeWritten = false): StoreError {
  if (error instanceof StoreError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  const hint = DISK_ERROR.test(reason) ? ': is the disk full?' : '';
  return new StoreError(`store ${directory} can't ${what}: ${reason}${hint}`, { cause: error, mayBeWritten });
}

/** LMDB's errors about a commit have the reason in a promise, which is rejected with it soon after. */
export async function reasonOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  const reason = Promise.resolve(error.commitError).catch((cause: unknown) => cause);
  return (await Promise.race([reason, sleep(REASON_TIMEOUT_MS)])) ?? error;
}
