// The policy in force: loaded at startup, and replaced as a whole when a new version is valid.
import type { Logger } from 'pino';
import type { Policy } from '../policy/evaluate/rules.js';
import { parsePolicy } from '../policy/parse/file.js';
import { PolicyError } from '../policy/parse/problem.js';
import { BaseError } from '../protocol/error.js';
import { loadAtBoot, loadRegularly } from './load.js';
import { readSettled } from './read.js';
import type { Source, StoredValue } from './source.js';

export class MissingPolicyError extends BaseError<'POLICY_MISSING'> {
  constructor(name: string) {
    super(
      'POLICY_MISSING',
      `There is no policy at ${name}: store one there, for example this project's policy.yaml`,
    );
  }
}

/** Maximum number of warnings that are logged for a policy; a list may have one in every entry. */
const MAX_WARNINGS = 20;

export class CurrentPolicy {
  readonly #source: Source<StoredValue>;
  readonly #log: Logger;
  #policy: Policy | undefined;
  #text: string | undefined;
  /** The last unusable policy that was logged, so that it is not logged again at every read. */
  #logged: string | undefined;
  readonly #onConfirmed: () => void;

  /** @param onConfirmed called after each read that found the policy in force */
  constructor(source: Source<StoredValue>, log: Logger, onConfirmed: () => void = () => undefined) {
    this.#source = source;
    this.#log = log;
    this.#onConfirmed = onConfirmed;
  }

  get current(): Policy {
    if (this.#policy === undefined) throw new Error('no policy has been loaded');
    return this.#policy;
  }

  /**
   * Loads the policy for the first time.
   * @throws {SourceError} if it can't be read: a permanent error, or a transient one that outlasts the retries
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

  /**
   * Rereads the policy regularly. Errors are logged, and the policy in force is kept.
   * @returns a function that stops it
   */
  keepFresh(refreshMs: number): () => void {
    return loadRegularly(
      () => this.#update(),
      (reason) =>
        this.#log.error(
          { event: 'policy_refresh_failed', reason, policy: this.#policy?.hash },
          'policy not refreshed; the policy in force stays in use',
        ),
      () => refreshMs,
    );
  }

  #read(): Promise<StoredValue> {
    return readSettled(
      this.#source,
      ({ value }) => this.#policy === undefined || value === this.#text || value === this.#logged,
    );
  }

  async #update(): Promise<void> {
    const stored = await this.#read();
    this.#check(stored);
    if (stored.value === this.#text) this.#onConfirmed();
  }

  /** Replaces the policy in force if the stored one is new and valid. */
  #check({ name, value }: StoredValue): void {
    const before = this.#policy;
    if (value === undefined) {
      if (before === undefined) throw new MissingPolicyError(name);
      this.#logOnce('missing', { event: 'policy_missing', from: name, policy: before.hash }, 'is missing');
      return;
    }
    if (value === this.#text) this.#logged = undefined;
    if (value === this.#text || value === this.#logged) return;
    try {
      this.#replace(parsePolicy(value, name), value, name);
    } catch (error) {
      if (before === undefined || !(error instanceof PolicyError)) throw error;
      const { problems, report } = error.brief;
      const line = { event: 'policy_refused', from: name, policy: before.hash, problems };
      this.#logOnce(value, line, `was refused:\n${report}`);
    }
  }

  #replace(policy: Policy, text: string, name: string): void {
    const before = this.#policy;
    this.#policy = policy;
    this.#text = text;
    this.#logged = undefined;
    const { hash, rules, lists, warnings } = policy;
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
    for (const warning of warnings.slice(0, MAX_WARNINGS)) {
      const { line, column, message } = warning;
      this.#log.warn(
        { event: 'policy_warning', from: name, policy: hash, line, column, reason: message },
        `look at line ${line} of the policy: ${message}`,
      );
    }
  }

  /** @param policy the unusable policy; `missing` if there is none */
  #logOnce(policy: string, line: { readonly from: string } & Record<string, unknown>, problem: string): void {
    if (policy === this.#logged) return;
    this.#logged = policy;
    this.#log.error(line, `the policy in force stays in use: the policy at ${line.from} ${problem}`);
  }
}
