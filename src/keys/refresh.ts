// Loads the keys at startup and keeps them up to date while the service runs.
import type { Logger } from 'pino';
import { BaseError } from '../protocol/error.js';
import { loadAtBoot, loadRegularly, type Schedule } from '../sources/load.js';
import { readSettled } from '../sources/read.js';
import type { Source } from '../sources/source.js';
import type { KeyChange, KeyRing, KeyWithdrawal, StoredKeys } from './ring.js';

/** How often to look for a Co-signer key while none is known, in ms. */
const AWAITING_REFRESH_MS = 5_000;

export interface KeyLoading {
  readonly source: Source<StoredKeys>;
  readonly ring: KeyRing;
  readonly log: Logger;
  /**
   * What to do when the stored Co-signer keys are deleted or replaced by a value that can't be used.
   * @default - keep the current keys
   */
  readonly keyWithdrawal?: KeyWithdrawal;
  /**
   * Called after each read that confirms the keys in force: no value was refused, and none is missing that was known
   * before. With `keyWithdrawal: 'refuse'`, the Co-signer keys in force are always the stored ones.
   */
  readonly onConfirmed?: () => void;
  /** Maximum duration of a read, in ms. @default - 15 s */
  readonly readLimitMs?: number;
}

/**
 * Loads the keys for the first time. The callback key is required; a Co-signer key may still be missing or unusable.
 * @param retryMs how long transient errors are retried
 * @throws {SourceError} if the keys can't be read: a permanent error, or a transient one that outlasts the retries
 * @throws {UnusableCallbackKeyError}
 */
export async function loadKeys(loading: KeyLoading, retryMs?: number): Promise<void> {
  const onRetry = (reason: string, retryInMs: number): void =>
    loading.log.warn({ event: 'key_load_retry', reason, retryInMs }, 'keys not loaded yet');
  await loadAtBoot(() => update(loading), onRetry, retryMs);
}

/** The handler's private key is missing or unusable, and no earlier one is loaded. */
export class UnusableCallbackKeyError extends BaseError<'CALLBACK_KEY_UNUSABLE'> {
  constructor({ name, problem }: KeyChange) {
    super(
      'CALLBACK_KEY_UNUSABLE',
      problem === undefined
        ? `There is no callback private key at ${name}: store an RSA 2048 or a P-256 private key in PEM format there`
        : `The callback private key at ${name} can't be used: ${problem.message}`,
    );
  }
}

/**
 * Rereads the keys regularly. Errors are logged, and the current keys are kept.
 * @param refreshMs time between reads once a Co-signer key is known
 * @returns a function that stops it
 */
export function startKeyRefresh(
  loading: KeyLoading,
  refreshMs: number,
  awaitingRefreshMs = AWAITING_REFRESH_MS,
  schedule?: Schedule,
): () => void {
  const onError = (reason: string): void =>
    loading.log.error(
      { event: 'key_refresh_failed', reason },
      'keys not refreshed; the current keys stay in use',
    );
  const pauseMs = (): number =>
    loading.ring.current.cosigners.length === 0 ? Math.min(awaitingRefreshMs, refreshMs) : refreshMs;
  return loadRegularly(() => update(loading), onError, pauseMs, schedule);
}

async function update(loading: KeyLoading): Promise<void> {
  const { source, ring, log, keyWithdrawal, onConfirmed, readLimitMs } = loading;
  const wasAwaiting = ring.current.cosigners.length === 0;
  const first = ring.current.callback === undefined;
  const stored = await readSettled(source, (values) => first || ring.knows(values), readLimitMs);
  const changes = ring.update(stored, keyWithdrawal);

  const callback = changes.find(({ key }) => key === 'callback');
  if (callback?.after.length === 0) throw new UnusableCallbackKeyError(callback);
  for (const change of changes) logChange(log, change, first || !wasAwaiting);
  if (changes.every((change) => isConfirmed(change, keyWithdrawal))) onConfirmed?.();
}

function isConfirmed({ key, outcome, before }: KeyChange, keyWithdrawal?: KeyWithdrawal): boolean {
  if (key === 'cosigner' && keyWithdrawal === 'refuse') return true;
  // A Co-signer key that is missing because none has ever been stored is not a problem.
  return outcome !== 'refused' && (outcome !== 'missing' || before.length === 0);
}

/** @param logMissing false while waiting for the first Co-signer key, which has already been logged as missing */
function logChange(log: Logger, change: KeyChange, logMissing: boolean): void {
  const { key, name, outcome, before, after, algorithm, problem } = change;
  if (before.length > 0 && after.length === 0) {
    const what = problem === undefined ? 'deleted' : `replaced by an unusable value: ${problem.message}`;
    log.error(
      { event: 'key_withdrawn', key, from: name, code: problem?.code, reason: problem?.message, before },
      `the ${key} keys at ${name} were ${what}; all requests get 503 until a usable key is stored there`,
    );
    return;
  }
  switch (outcome) {
    case 'unchanged':
      return;
    case 'replaced':
      log.info(
        { event: 'key_loaded', key, from: name, before, after, algorithm },
        before.length === 0 ? `${key} key loaded` : `${key} key replaced`,
      );
      return;
    case 'refused':
      log.error(
        { event: 'key_refused', key, from: name, code: problem?.code, reason: problem?.message, before },
        `${key} key at ${name} refused: ${problem?.message}`,
      );
      return;
    case 'missing':
      if (!logMissing) return;
      if (before.length === 0) {
        log.warn(
          { event: 'awaiting_cosigner_key', from: name },
          `no Co-signer key yet: store the output of "cosigner print-public-key" in ${name}; until then, requests get 503`,
        );
      } else {
        log.error(
          { event: 'key_missing', key, from: name, before },
          `there is no longer a ${key} key at ${name}; the current key stays in use`,
        );
      }
  }
}
