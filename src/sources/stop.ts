// The emergency stop: an operator's switch beside the policy, in a parameter or file of its own, that decides every
// request.
import type { Logger } from 'pino';
import { loadAtBoot, loadRegularly, type Schedule } from './load.js';
import { readWithin } from './read.js';
import type { Source, StoredValue } from './source.js';

export const STOP_ACTIONS = ['RETRY', 'REJECT'] as const;
/** What every request gets while a stop is in force. */
export type StopAction = (typeof STOP_ACTIONS)[number];
/** The stored value for normal operation, as is no value at all. */
export const RUN = 'RUN';

export interface StopSetting {
  /** `undefined`: no stop is in force. */
  readonly action: StopAction | undefined;
  /** Why the value is invalid. An invalid value stops with RETRY, because an operator may have meant to stop. */
  readonly problem?: string;
}

/** @param value as stored; white space around it and its case are ignored. `undefined` if nothing is stored */
export function parseStop(value: string | undefined): StopSetting {
  const word = value?.trim().toUpperCase() ?? RUN;
  if (word === RUN) return { action: undefined };
  const action = STOP_ACTIONS.find((known) => known === word);
  if (action !== undefined) return { action };
  // The value is not quoted: if two parameters were swapped, it may be a key.
  const found = word === '' ? 'it is empty' : `it has ${word.length} characters`;
  return {
    action: 'RETRY',
    problem: `the stored value is not ${STOP_ACTIONS.join(', ')} or ${RUN}: ${found}`,
  };
}

export class EmergencyStop {
  readonly #source: Source<StoredValue> | undefined;
  readonly #log: Logger;
  readonly #onConfirmed: () => void;
  #action: StopAction | undefined;
  /** What the last read found, for `before` in the log; `undefined` before the first read. */
  #state: StopAction | typeof RUN | undefined;

  /**
   * @param source `undefined` if no emergency stop is configured: then none is ever in force
   * @param onConfirmed called after each read of a valid value, or of none
   */
  constructor(source: Source<StoredValue> | undefined, log: Logger, onConfirmed: () => void) {
    this.#source = source;
    this.#log = log;
    this.#onConfirmed = onConfirmed;
  }

  /** The action of the stop in force, if there is one. */
  get action(): StopAction | undefined {
    return this.#action;
  }

  /**
   * Reads the stop for the first time, so that it survives a restart.
   * @throws {SourceError} if it can't be read: a permanent error, or a transient one that outlasts the retries
   */
  async load(): Promise<void> {
    await loadAtBoot(
      () => this.#update(),
      (reason, retryInMs) =>
        this.#log.warn({ event: 'stop_load_retry', reason, retryInMs }, 'emergency stop not read yet'),
    );
  }

  /**
   * Rereads the stop regularly, independently of the policy. If a read fails, the last state stays in force.
   * @param refreshMs time between two reads
   * @returns a function that stops it
   */
  keepFresh(refreshMs: number, schedule?: Schedule): () => void {
    if (this.#source === undefined) return () => undefined;
    return loadRegularly(
      () => this.#update(),
      (reason) =>
        this.#log.error(
          { event: 'stop_refresh_failed', reason, action: this.#action },
          `emergency stop not read; ${this.#action === undefined ? 'no stop is in force' : `every decision stays ${this.#action}`}`,
        ),
      () => refreshMs,
      schedule,
    );
  }

  async #update(): Promise<void> {
    if (this.#source === undefined) return;
    const { name, value } = await readWithin(this.#source);
    const { action, problem } = parseStop(value);
    const state = action ?? RUN;
    const before = this.#state === state ? undefined : this.#state;
    const wasStopped = this.#action !== undefined;
    this.#action = action;
    this.#state = state;
    if (problem === undefined) this.#onConfirmed();
    if (action !== undefined) {
      const why = problem === undefined ? `${name} holds ${action}` : `${problem} (${name})`;
      this.#log.error(
        { event: 'emergency_stop', action, from: name, before, reason: problem },
        `emergency stop: every decision is ${action}, because ${why}`,
      );
    } else if (wasStopped) {
      const why = value === undefined ? `${name} no longer exists` : `${name} holds ${RUN}`;
      this.#log.info({ event: 'emergency_stop_lifted', from: name, before }, `emergency stop lifted: ${why}`);
    }
  }
}
