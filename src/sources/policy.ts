// The policy in force: loaded at startup, and replaced as a whole when a new version is valid.
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Policy } from '../policy/evaluate/rules.js';
import { ListError, PolicyError } from '../policy/parse/problem.js';
import { BaseError } from '../protocol/error.js';
import type { Admitted } from './admission.js';
import { loadAtBoot, loadRegularly, type Schedule } from './load.js';
import { ListLog } from './list-log.js';
import { type LoadedPolicy, PolicyLoader } from './policy-loader.js';
import { readSettled } from './read.js';
import type { Source } from './source.js';
import type { StoredPolicy } from './stored-policy.js';

export class MissingPolicyError extends BaseError<'POLICY_MISSING'> {
  constructor(name: string) {
    super(
      'POLICY_MISSING',
      `There is no policy at ${name}: store one there, for example this project's policy.yaml`,
    );
  }
}

/**
 * A further condition for a policy to come into force, such as its signatures. It is called when everything else is in
 * order; the policy is in force when it returns.
 * @param stored with the text in `value`, and its signatures, wherever they were stored
 * @returns fields for the log
 * @throws {PolicyError} to refuse the policy
 */
export type Admit = (stored: StoredPolicy, policy: Policy) => Admitted | undefined;

export interface CurrentPolicyOptions {
  /** @default reads lists relative to the working directory */
  readonly loader?: PolicyLoader;
  readonly admit?: Admit;
  /** Called after each read that found that the policy in force and its lists are those that are stored. */
  readonly onConfirmed?: () => void;
}

/** Maximum number of warnings that are logged for a policy; a list may have one in every entry. */
const MAX_WARNINGS = 20;

export class CurrentPolicy {
  readonly #source: Source<StoredPolicy>;
  readonly #log: Logger;
  readonly #loader: PolicyLoader;
  readonly #admit: Admit;
  readonly #onConfirmed: () => void;
  readonly #listLog: ListLog;
  #loaded: LoadedPolicy | undefined;
  /** The policy in force as the source yielded it. */
  #stored: StoredPolicy | undefined;
  /** The last policy that was refused for what it says itself, so that it is not parsed again at every read. */
  #refused: StoredPolicy | undefined;
  /** The last problem that was logged, so that it is not logged again at every read. */
  #logged: string | undefined;

  constructor(source: Source<StoredPolicy>, log: Logger, options: CurrentPolicyOptions = {}) {
    const { loader = new PolicyLoader(), admit = () => undefined, onConfirmed = () => undefined } = options;
    this.#source = source;
    this.#log = log;
    this.#loader = loader;
    this.#admit = admit;
    this.#onConfirmed = onConfirmed;
    this.#listLog = new ListLog(log);
  }

  get current(): Policy {
    if (this.#loaded === undefined) throw new Error('no policy has been loaded');
    return this.#loaded.policy;
  }

  /**
   * Loads the policy for the first time.
   * @throws {SourceError} if it or one of its lists can't be read: a permanent error, or a transient one that outlasts
   *   the retries
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
   * Rereads the policy and its lists regularly. Errors are logged, and what is in force is kept.
   * @returns a function that stops it
   */
  keepFresh(refreshMs: number, schedule?: Schedule): () => void {
    return loadRegularly(
      () => this.#update(),
      (reason) =>
        this.#log.error(
          { event: 'policy_refresh_failed', reason, policy: this.#loaded?.policy.hash },
          'policy not refreshed; the policy in force stays in use',
        ),
      () => refreshMs,
      schedule,
    );
  }

  async #update(): Promise<void> {
    const before = this.#loaded;
    let isStored = false;
    try {
      isStored = await this.#updatePolicy();
    } finally {
      // The lists of the policy in force are refreshed even if the policy can't be.
      if (this.#loaded === before) isStored = (await this.#updateLists()) && isStored;
    }
    if (isStored) this.#onConfirmed();
  }

  /** @returns whether the policy in force is the stored one */
  async #updatePolicy(): Promise<boolean> {
    let stored: StoredPolicy | undefined;
    try {
      stored = await readSettled(this.#source, (read) => this.#isKnown(read));
      return await this.#check(stored);
    } catch (error) {
      if (this.#loaded === undefined || !(error instanceof PolicyError)) throw error;
      const { problems, report } = error.brief;
      const from = this.#loaded.stored.name;
      const line = { event: 'policy_refused', from, policy: this.#loaded.policy.hash, problems };
      this.#logOnce(`${stored?.value} ${report}`, line, `was refused:\n${report}`);
      return false;
    }
  }

  #isKnown(stored: StoredPolicy): boolean {
    return (
      this.#loaded === undefined ||
      isDeepStrictEqual(stored, this.#stored) ||
      isDeepStrictEqual(stored, this.#refused)
    );
  }

  /** Replaces the policy in force if the stored one is new and valid. @returns whether it is the stored one */
  async #check(stored: StoredPolicy): Promise<boolean> {
    const { name, value } = stored;
    if (value === undefined) {
      if (this.#loaded === undefined) throw new MissingPolicyError(name);
      const { hash } = this.#loaded.policy;
      this.#logOnce('missing', { event: 'policy_missing', from: name, policy: hash }, 'is missing');
      return false;
    }
    if (isDeepStrictEqual(stored, this.#stored)) {
      this.#logged = this.#refused = undefined;
      return true;
    }
    if (isDeepStrictEqual(stored, this.#refused)) return false;
    try {
      const loaded = await this.#loader.load({ ...stored, value });
      this.#replace(loaded, stored, this.#admit(loaded.stored, loaded.policy));
      return true;
    } catch (error) {
      // A list may be corrected without a change of the policy.
      if (error instanceof PolicyError && !(error instanceof ListError)) this.#refused = stored;
      throw error;
    }
  }

  #replace(loaded: LoadedPolicy, stored: StoredPolicy, admitted: Admitted | undefined): void {
    const before = this.#loaded;
    this.#loaded = loaded;
    this.#stored = stored;
    this.#logged = this.#refused = undefined;
    const { hash, rules, lists, loadedLists, warnings } = loaded.policy;
    this.#log.info(
      {
        event: 'policy_loaded',
        from: stored.name,
        before: before?.policy.hash,
        after: hash,
        rules: rules.length,
        lists: lists.size + loadedLists.size,
        ...admitted,
      },
      before === undefined ? 'policy loaded' : 'policy replaced',
    );
    for (const warning of warnings.slice(0, MAX_WARNINGS)) {
      const { line, column, message } = warning;
      this.#log.warn(
        { event: 'policy_warning', from: stored.name, policy: hash, line, column, reason: message },
        `look at line ${line} of the policy: ${message}`,
      );
    }
    this.#listLog.loaded(before?.policy, loaded);
  }

  /** @returns whether all lists in force are those that are stored */
  async #updateLists(): Promise<boolean> {
    const before = this.#loaded;
    if (before === undefined || before.references.length === 0) return true;
    const { loaded, failures } = await this.#loader.refreshLists(before);
    this.#loaded = loaded;
    this.#listLog.loaded(before.policy, loaded);
    this.#listLog.failed(loaded.policy, failures);
    return failures.length === 0;
  }

  /** @param problem identifies what is logged */
  #logOnce(problem: string, line: { readonly from: string } & Record<string, unknown>, what: string): void {
    if (problem === this.#logged) return;
    this.#logged = problem;
    this.#log.error(line, `the policy in force stays in use: the policy at ${line.from} ${what}`);
  }
}
