// Calls AWS within a time limit, and repeats what failed for a moment.
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECTIONS } from '../aws-connections.js';
import { type AwsFault, explainAwsError } from './aws-error.js';
import { StoreError } from './error.js';
import { TimeLimit } from './time.js';

/** How often a request is sent that fails, unless it is throttled: then until the time limit. */
const MAX_ATTEMPTS = 3;
/** Pauses between attempts, in ms: at random up to this, doubled each time up to the maximum. */
const FIRST_PAUSE_MS = 50;
const MAX_PAUSE_MS = 500;
const CONNECTION_TIMEOUT_MS = 1000;
/** When a client that was replaced is destroyed, in ms: later than any time limit. */
const DESTROY_AFTER_MS = 120_000;

/** For both clients: our own attempts, because only they know whether an earlier one may have been done. */
export const CLIENT_OPTIONS = {
  maxAttempts: 1,
  requestHandler: { ...CONNECTIONS, connectionTimeout: CONNECTION_TIMEOUT_MS },
};

interface Client {
  destroy(): void;
}

interface Target<Used extends Client> {
  /** For messages, such as `table NAME`. */
  readonly name: string;
  /** What the task role needs, for messages. */
  readonly permissions: string;
  readonly createClient: () => Used;
}

export interface Call {
  /** For messages, such as `be read`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether it writes: then an error says whether it may have been written. */
  readonly writes?: boolean;
}

export class AwsCalls<Used extends Client> {
  readonly #target: Target<Used>;
  #client: Used;

  constructor(target: Target<Used>) {
    this.#target = target;
    this.#client = target.createClient();
  }

  /**
   * @param attempt sends the request. It is called again after an error that may pass, so it must be safe to repeat.
   *   `doubtful`: an earlier attempt may have been done
   * @throws {StoreError}
   */
  async run<Result>(
    { what, timeoutMs, signal, writes = false }: Call,
    attempt: (client: Used, signal: AbortSignal, doubtful: boolean) => Promise<Result>,
  ): Promise<Result> {
    const limit = new TimeLimit(timeoutMs, signal);
    let doubtful = false;
    let last: AwsFault | undefined;
    const failed = (reason: string, cause: unknown): StoreError =>
      new StoreError(`${this.#target.name} can't ${what}: ${reason}`, {
        cause,
        mayBeWritten: writes && doubtful,
        throttled: last?.kind === 'throttled',
      });
    try {
      for (let count = 1; ; count++) {
        if (limit.hasEnded()) throw failed(reasonOf(limit.signal.reason, last), limit.signal.reason);
        const client = this.#client;
        try {
          return await limit.race(attempt(client, limit.signal, doubtful));
        } catch (error) {
          if (error instanceof StoreError) throw error;
          if (limit.hasEnded()) {
            doubtful = true;
            if (limit.isOver) this.#replace(client);
            throw failed(reasonOf(limit.signal.reason, last), error);
          }
          last = explainAwsError(error, this.#target.permissions);
          doubtful ||= last.kind === 'unknown';
          if (last.kind === 'refused') throw failed(last.reason, error);
          if (last.kind !== 'throttled' && count >= MAX_ATTEMPTS) throw failed(last.reason, error);
        }
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), MAX_PAUSE_MS) * Math.random();
        await sleep(pause, undefined, { signal: limit.signal }).catch(() => undefined);
      }
    } finally {
      limit.end();
    }
  }

  destroy(): void {
    this.#client.destroy();
  }

  /**
   * A client waits forever for credentials that it has requested once, whatever the signal says. Requests that wait for
   * the old one may still succeed.
   */
  #replace(client: Used): void {
    if (client !== this.#client) return;
    this.#client = this.#target.createClient();
    setTimeout(() => client.destroy(), DESTROY_AFTER_MS).unref();
  }
}

/** @param last what had failed before the time was over */
function reasonOf(limit: unknown, last: AwsFault | undefined): string {
  const reason = limit instanceof Error ? limit.message : String(limit);
  return last === undefined ? reason : `${reason}; before: ${last.reason}`;
}
