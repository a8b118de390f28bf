// The policy in force: loaded at boot, and replaced whole, between requests, when a new one can be used.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { loadAtBoot, loadRegularly } from './load.js';
import { BaseError } from '../protocol/error.js';
import type { Source, StoredValue } from './source.js';
import { parsePolicy } from '../policy/parse/file.js';
import { PolicyError } from '../policy/parse/problem.js';
import type { Policy } from '../policy/evaluate/rules.js';

/** How long a new policy must stay the same before it is taken, in ms. */
const SETTLE_MS = 100;

export class MissingPolicyError extends BaseError<'POLICY_MISSING'> {
  constructor(name: string) {
    super(
      'POLICY_MISSING',
      `There is no policy at ${name}: store one there; this project's policy.yaml is a starting point`,
    );
  }
}

export class CurrentPolicy {
  readonly #source: Source<StoredValue>;
  readonly #log: Logger;
  #policy: Policy | undefined;
  #text: string | undefined;
  /** What was last found wrong, so that it is told once and not at every read. */
  #trouble: string | undefined;

  constructor(source: Source<StoredValue>, log: Logger) {
    this.#source = source;
    this.#log = log;
  }

  get current(): Policy {
    if (this.#policy === undefined) throw new Error('no policy has been loaded');
    return this.#policy;
  }

  /**
   * Loads it for the first time.
   * @throws {SourceError} it can't be read, at once or after the retries
   * @throws {MissingPolicyError}
   * @throws {PolicyError}
   */
  async load(): Promise<void> {
    await loadAtBoot(
      () => this.#update(),
      (reason, retryInMs) =>
        this.#log.warn({ event: 'policy_load_retry', reason, retryInMs }, 'policy not loaded yet'),
    );
  }

  /** Reads it again and again; whatever is wrong is logged, and the policy in force stays. @returns ends it */
  keepFresh(refreshMs: number): () => void {
    return loadRegularly(
      () => this.#update(),
      (reason) =>
        this.#log.error(
          { event: 'policy_refresh_failed', reason, policy: this.#policy?.hash },
          'policy not refreshed, the one in force stays',
        ),
      () => refreshMs,
    );
  }

  /** A file may be read while it is being written: what is new must be the same a moment later. */
  async #read(): Promise<StoredValue> {
    for (let stored = await this.#source(); ;) {
      if (this.#policy === undefined || stored.value === this.#text || stored.value === this.#trouble)
        return stored;
      await sleep(SETTLE_MS);
      const again = await this.#source();
      if (again.value === stored.value) return again;
      stored = again;
    }
  }

  async #update(): Promise<void> {
    const { name, value } = await this.#read();
    const before = this.#policy;
    if (value === undefined) {
      if (before === undefined) throw new MissingPolicyError(name);
      this.#tellOnce('missing', { event: 'policy_missing', from: name, policy: before.hash }, 'is gone');
      return;
    }
    if (value === this.#text) this.#trouble = undefined;
    if (value === this.#text || value === this.#trouble) return;
    try {
      const policy = parsePolicy(value, name);
      this.#policy = policy;
      this.#text = value;
      this.#trouble = undefined;
      const { hash, rules, lists } = policy;
      this.#log.info(
        {
          event: 'policy_loaded',
          from: name,
          before: before?.hash,
          after: hash,
          rules: rules.length,
          lists: lists.size,
        },
        before === undefined ? 'policy loaded' : 'policy replaced',
      );
    } catch (error) {
      if (before === undefined || !(error instanceof PolicyError)) throw error;
      const { problems } = error.brief;
      this.#tellOnce(
        value,
        { event: 'policy_refused', from: name, policy: before.hash, problems },
        `refused:\n${error.brief.report}`,
      );
    }
  }

  #tellOnce(trouble: string, line: { readonly from: string } & Record<string, unknown>, what: string): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#log.error(line, `policy at ${line.from}: the one in force stays; this one ${what}`);
  }
}
