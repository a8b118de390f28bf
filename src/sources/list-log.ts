// Logs what happens to the lists that the policy in force takes from elsewhere.
import type { Logger } from 'pino';
import type { ListFromElsewhere, Policy } from '../policy/evaluate/rules.js';
import { PolicyError } from '../policy/parse/problem.js';
import type { ListFailure, LoadedPolicy } from './policy-loader.js';

export class ListLog {
  readonly #log: Logger;
  /** The last refusal of each list, so that it is not logged again at every read. */
  readonly #refused = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Logs the lists that differ. */
  loaded(before: Policy | undefined, { policy: { loadedLists }, lists }: LoadedPolicy): void {
    for (const [list, { from, sha256, entries }] of loadedLists) {
      const earlier = before?.loadedLists.get(list);
      if (isSame(earlier, { from, sha256 })) continue;
      this.#refused.delete(list);
      this.#log.info(
        {
          ...{ event: 'list_loaded', list, from, before: earlier?.sha256, after: sha256, entries },
          durationMs: lists.get(list)?.durationMs,
        },
        `list ${list} ${earlier === undefined ? 'loaded' : 'replaced'}: ${entries} entries`,
      );
    }
  }

  /** Logs the lists that could not be refreshed. @param policy in force */
  failed({ loadedLists }: Policy, failures: readonly ListFailure[]): void {
    const refused = new Set(failures.map(({ reference }) => reference.name));
    for (const list of this.#refused.keys()) if (!refused.has(list)) this.#refused.delete(list);
    for (const { reference, error } of failures) {
      const { name: list, from } = reference;
      const inForce = loadedLists.get(list)?.sha256;
      if (!(error instanceof PolicyError)) {
        this.#log.error(
          { event: 'list_refresh_failed', list, from, inForce, reason: error.message },
          `list ${list} not refreshed; the list in force stays in use: ${error.message}`,
        );
        continue;
      }
      const { problems, report } = error.brief;
      if (this.#refused.get(list) === report) continue;
      this.#refused.set(list, report);
      this.#log.error(
        { event: 'list_refused', list, from, inForce, problems },
        `list ${list} was refused; the list in force stays in use:\n${report}`,
      );
    }
  }
}

function isSame(
  earlier: ListFromElsewhere | undefined,
  { from, sha256 }: Pick<ListFromElsewhere, 'from' | 'sha256'>,
): boolean {
  return earlier?.from === from && earlier.sha256 === sha256;
}
