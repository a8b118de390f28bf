// The candidate: a policy that decides nothing, and is compared with the one in force.
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { Policy } from '../policy/evaluate/rules.js';
import { ListError, PolicyError } from '../policy/parse/problem.js';
import { loadRegularly, type Schedule } from './load.js';
import type { LoadedPolicy, PolicyLoader } from './policy-loader.js';
import { readSettled } from './read.js';
import type { Source } from './source.js';
import type { StoredPolicy } from './stored-policy.js';

export interface CandidateOptions {
  readonly source: Source<StoredPolicy>;
  readonly loader: Pick<PolicyLoader, 'load' | 'refreshLists'>;
  readonly log: Logger;
}

/** It needs no signatures, and never keeps the service from starting or deciding. */
export class Candidate {
  readonly #options: CandidateOptions;
  #loaded: LoadedPolicy | undefined;
  /** What was read last and needs no second look: the candidate as the source yielded it, or one that was refused. */
  #known: StoredPolicy | undefined;
  /** The last problem that was logged, so that it is not logged again at every read. */
  #logged: string | undefined;

  constructor(options: CandidateOptions) {
    this.#options = options;
  }

  /** `undefined` if none is stored, or the stored one is invalid. */
  get current(): Policy | undefined {
    return this.#loaded?.policy;
  }

  /**
   * Reads the candidate now, in the background, and then regularly.
   * @returns a function that stops it
   */
  keepFresh(refreshMs: number, schedule?: Schedule): () => void {
    let pauseMs = 0;
    return loadRegularly(
      () => this.#update(),
      (reason) => {
        const line = { event: 'candidate_refresh_failed', reason, candidate: this.current?.hash };
        this.#logOnce(reason, line, `candidate not refreshed: ${reason}`);
      },
      () => {
        const pause = pauseMs;
        pauseMs = refreshMs;
        return pause;
      },
      schedule,
    );
  }

  async #update(): Promise<void> {
    const known = this.#known;
    const stored = await readSettled(
      this.#options.source,
      (read) => known === undefined || isDeepStrictEqual(read, known),
    );
    if (isDeepStrictEqual(stored, known)) await this.#refreshLists();
    else if (stored.value === undefined) this.#remove(stored);
    else await this.#replace({ ...stored, value: stored.value });
  }

  #remove(stored: StoredPolicy): void {
    const { current } = this;
    this.#loaded = undefined;
    this.#known = stored;
    this.#logged = undefined;
    if (current === undefined) return;
    this.#options.log.info(
      { event: 'candidate_removed', from: stored.name, before: current.hash },
      'there is no candidate any more',
    );
  }

  async #replace(stored: LoadedPolicy['stored']): Promise<void> {
    const { loader, log } = this.#options;
    const before = this.current;
    try {
      const loaded = await loader.load(stored);
      this.#loaded = loaded;
      this.#known = stored;
      this.#logged = undefined;
      const { hash, rules, lists, loadedLists } = loaded.policy;
      log.info(
        {
          event: 'candidate_loaded',
          from: stored.name,
          before: before?.hash,
          after: hash,
          rules: rules.length,
          lists: lists.size + loadedLists.size,
        },
        'candidate loaded: it is compared with the policy in force, and decides nothing',
      );
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      // Whoever stored it expects it to be compared, not the one before.
      this.#loaded = undefined;
      // A list may be corrected without a change of the candidate.
      if (!(error instanceof ListError)) this.#known = stored;
      const { problems, report } = error.brief;
      const line = { event: 'candidate_refused', from: stored.name, before: before?.hash, problems };
      this.#logOnce(`${stored.value} ${report}`, line, `the candidate was refused:\n${report}`);
    }
  }

  /** A list that can't be used stays as it was; the candidate is only compared. */
  async #refreshLists(): Promise<void> {
    if (this.#loaded === undefined) return;
    const { loaded, failures } = await this.#options.loader.refreshLists(this.#loaded);
    this.#loaded = loaded;
    const [failure] = failures;
    if (failure === undefined) this.#logged = undefined;
    else throw failure.error;
  }

  /** @param problem identifies what is logged */
  #logOnce(problem: string, line: Record<string, unknown>, message: string): void {
    if (problem === this.#logged) return;
    this.#logged = problem;
    this.#options.log.warn(line, message);
  }
}
