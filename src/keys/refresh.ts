// Fills the key ring at boot and keeps it up to date while the service runs.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { KeyChange, KeyRing } from './ring.js';
import { type KeySource, KeySourceError } from './source.js';

/** How long transient errors are retried at boot, in ms. */
const BOOT_RETRY_MS = 60_000;
/** The pauses between those tries: doubled from the first to the longest, in ms. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
/** How often to look for a Co-signer key while there is none, in ms. */
const AWAITING_REFRESH_MS = 5_000;

interface KeyLoading {
  readonly source: KeySource;
  readonly ring: KeyRing;
  readonly log: Logger;
}

/**
 * Loads the keys for the first time.
 * A Co-signer key may still be missing or unusable then; the callback key may not.
 * @param retryMs for how long transient errors are retried
 * @throws {KeySourceError} the keys can't be read, at once or after the retries
 * @throws {UnusableCallbackKeyError}
 */
export async function loadKeys(loading: KeyLoading, retryMs = BOOT_RETRY_MS): Promise<void> {
  const deadline = performance.now() + retryMs;
  let lastTry = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await update(loading);
      return;
    } catch (error) {
      if (!(error instanceof KeySourceError) || !error.transient || lastTry) throw error;
      const leftMs = Math.max(0, deadline - performance.now());
      lastTry = leftMs <= pauseMs;
      const retryInMs = Math.round(Math.min(pauseMs, leftMs));
      loading.log.warn({ event: 'key_load_retry', reason: error.message, retryInMs }, 'keys not loaded yet');
      await sleep(retryInMs);
    }
  }
}

/** The private key is missing or can't be used, and there is none to go on with. */
export class UnusableCallbackKeyError extends Error {
  constructor({ name, problem }: KeyChange) {
    super(
      problem === undefined
        ? `There is no callback private key at ${name}: store an RSA 2048 private key in PEM there`
        : `The callback private key at ${name} can't be used: ${problem.message}`,
    );
    this.name = 'UnusableCallbackKeyError';
  }
}

/**
 * Reads the keys again and again; every fault is logged and the keys in force stay.
 * @param refreshMs time between reads once a Co-signer key is known
 * @returns a function that ends it
 */
export function keepKeysFresh(
  loading: KeyLoading,
  refreshMs: number,
  awaitingRefreshMs = AWAITING_REFRESH_MS,
): () => void {
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    const awaiting = loading.ring.current.cosigners.length === 0;
    timer = setTimeout(() => void refresh(), awaiting ? Math.min(awaitingRefreshMs, refreshMs) : refreshMs);
    timer.unref();
  };
  const refresh = async (): Promise<void> => {
    try {
      await update(loading);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      loading.log.error(
        { event: 'key_refresh_failed', reason },
        'keys not refreshed, the ones in force stay',
      );
    }
    schedule();
  };
  schedule();
  return () => clearTimeout(timer);
}

async function update({ source, ring, log }: KeyLoading): Promise<void> {
  const wasAwaiting = ring.current.cosigners.length === 0;
  const first = ring.current.callback === undefined;
  const changes = await ring.update(await source.read());

  const callback = changes.find(({ key }) => key === 'callback');
  if (callback?.after.length === 0) throw new UnusableCallbackKeyError(callback);
  for (const change of changes) logChange(log, change, first || !wasAwaiting);
}

/** @param tellMissing whether a missing value is news: while a first Co-signer key is awaited it is not */
function logChange(log: Logger, change: KeyChange, tellMissing: boolean): void {
  const { key, name, outcome, before, after, problem } = change;
  switch (outcome) {
    case 'unchanged':
      return;
    case 'replaced':
      log.info(
        { event: 'key_loaded', key, from: name, before, after },
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
      if (!tellMissing) return;
      if (before.length === 0) {
        log.warn(
          { event: 'awaiting_cosigner_key', from: name },
          `no Co-signer key yet: store the output of "cosigner print-public-key" in ${name}; requests get 503 until then`,
        );
      } else {
        log.error(
          { event: 'key_missing', key, from: name, before },
          `${key} key is gone from ${name}, the one in force stays`,
        );
      }
  }
}
