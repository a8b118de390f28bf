// Loads stored values: at startup with retries, later at regular intervals.
import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from './source.js';

/** How long transient errors are retried at startup, in ms. */
const BOOT_RETRY_MS = 60_000;
/** First pause between two attempts, in ms; it doubles with each attempt. */
const FIRST_PAUSE_MS = 500;
/** Maximum pause between two attempts, in ms. */
const LONGEST_PAUSE_MS = 8_000;

/**
 * Loads for the first time. Does not use p-retry, which stops at its time limit; here, the last attempt is made exactly
 * at the limit.
 * @param onRetry called before each pause
 * @param retryMs how long transient errors are retried
 * @throws the error of `load` if it is permanent or outlasts the retries
 */
export async function loadAtBoot(
  load: () => Promise<void>,
  onRetry: (reason: string, retryInMs: number) => void,
  retryMs = BOOT_RETRY_MS,
): Promise<void> {
  const deadline = performance.now() + retryMs;
  let lastAttempt = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await load();
      return;
    } catch (error) {
      if (!(error instanceof SourceError) || !error.transient || lastAttempt) throw error;
      const leftMs = Math.max(0, deadline - performance.now());
      lastAttempt = leftMs <= pauseMs;
      const retryInMs = Math.round(Math.min(pauseMs, leftMs));
      onRetry(error.message, retryInMs);
      await sleep(retryInMs);
    }
  }
}

/**
 * Repeats a load, with a pause before each.
 * @param load never rejects
 * @param pauseMs called before each pause; returns its length
 * @returns a function that stops it
 */
export type Schedule = (load: () => Promise<void>, pauseMs: () => number) => () => void;

/** The timer does not keep the process alive. */
export const onTimer: Schedule = (load, pauseMs) => {
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => void load().then(schedule), pauseMs());
    timer.unref();
  };
  schedule();
  return () => clearTimeout(timer);
};

/**
 * Loads at regular intervals.
 * @param onError called when a load fails; the loaded values stay in force
 * @param pauseMs called before each pause; returns its length
 * @returns a function that stops it
 */
export function loadRegularly(
  load: () => Promise<void>,
  onError: (reason: string) => void,
  pauseMs: () => number,
  schedule: Schedule = onTimer,
): () => void {
  const loadAgain = async (): Promise<void> => {
    try {
      await load();
    } catch (error) {
      onError(error instanceof Error ? error.message : String(error));
    }
  };
  return schedule(loadAgain, pauseMs);
}
