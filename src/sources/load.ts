// When stored values are read: at boot until it works, later again and again.
import { setTimeout as sleep } from 'node:timers/promises';
import { SourceError } from './source.js';

/** How long transient errors are retried at boot, in ms. */
const BOOT_RETRY_MS = 60_000;
/** The pauses between those tries: doubled from the first to the longest, in ms. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;

/**
 * Loads for the first time.
 * @param onRetry told before each further try
 * @param retryMs for how long transient errors are retried
 * @throws what `load` throws, at once or after the retries
 */
export async function loadAtBoot(
  load: () => Promise<void>,
  onRetry: (reason: string, retryInMs: number) => void,
  retryMs = BOOT_RETRY_MS,
): Promise<void> {
  const deadline = performance.now() + retryMs;
  let lastTry = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      await load();
      return;
    } catch (error) {
      if (!(error instanceof SourceError) || !error.transient || lastTry) throw error;
      const leftMs = Math.max(0, deadline - performance.now());
      lastTry = leftMs <= pauseMs;
      const retryInMs = Math.round(Math.min(pauseMs, leftMs));
      onRetry(error.message, retryInMs);
      await sleep(retryInMs);
    }
  }
}

/**
 * Loads again and again.
 * @param onFault told when it fails; what is in force stays
 * @param pauseMs asked before each pause
 * @returns a function that ends it
 */
export function loadRegularly(
  load: () => Promise<void>,
  onFault: (reason: string) => void,
  pauseMs: () => number,
): () => void {
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => void loadAgain(), pauseMs());
    timer.unref();
  };
  const loadAgain = async (): Promise<void> => {
    try {
      await load();
    } catch (error) {
      onFault(error instanceof Error ? error.message : String(error));
    }
    schedule();
  };
  schedule();
  return () => clearTimeout(timer);
}
