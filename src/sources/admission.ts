// Which policies may take effect: those that enough signers have signed, and none that is older than one seen before.
import type { Logger } from 'pino';
import { listsReadBy } from '../policy/evaluate/lists-read.js';
import type { Policy } from '../policy/evaluate/rules.js';
import { expressionsOf } from '../policy/limits/limit.js';
import { PolicyError, problemIn } from '../policy/parse/problem.js';
import { loadAtBoot } from './load.js';
import type { ObjectReader } from './s3.js';
import { verifySignatures } from './signatures.js';
import type { Signers } from './signers.js';
import { SourceError } from './source.js';
import {
  NEWEST_SIGNATURES,
  type PolicySignatures,
  readSignatures,
  type StoredPolicy,
} from './stored-policy.js';

/** Who has agreed to a policy, for the log. */
export interface Admitted {
  readonly serial: number;
  readonly signers: readonly string[];
}

/** Maximum size of these signatures, in bytes. */
const MAX_NEWEST_BYTES = 64 * 1024;

export interface AdmissionOptions {
  readonly signers: Signers;
  /** The parameter or file that the service reads: what a policy must be signed for. */
  readonly target: string;
  /** `undefined`: the serial is compared only with that of the policy in force. */
  readonly newest?: { readonly bucket: string; readonly readObject: ObjectReader } | undefined;
  readonly log: Logger;
}

export class Admission {
  readonly #options: AdmissionOptions;
  /** What was signed last, as far as this process knows. */
  #newest: Pick<PolicySignatures, 'serial' | 'sha256'> | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  /**
   * Reads what was signed last, so that a restart does not forget it. Whoever can write the bucket alone must neither
   * stop the service nor have an older policy approved: what is there is ignored unless it is signed.
   * @throws {SourceError} if the bucket can't be reached in time
   */
  async load(): Promise<void> {
    const { newest, log } = this.#options;
    if (newest === undefined) return;
    const url = `s3://${newest.bucket}/${NEWEST_SIGNATURES}`;
    await loadAtBoot(
      async () => {
        const problem = await this.#readNewest(url, newest.readObject);
        if (problem === undefined) return;
        log.warn(
          { event: 'policy_newest_ignored', from: url, reason: problem },
          `after this start, an older policy with enough signatures would be accepted, because ${url} is ignored: ${problem}. "npm run policy -- push" writes it`,
        );
      },
      (reason, retryInMs) =>
        log.warn({ event: 'policy_load_retry', reason, retryInMs }, 'newest signatures not loaded yet'),
    );
  }

  /**
   * Checks a policy that is about to take effect, and remembers it.
   * @throws {PolicyError} if it may not
   */
  admit(stored: StoredPolicy, policy: Policy): Admitted {
    const { signers, target } = this.#options;
    const refuse = (problem: string): never => {
      throw new PolicyError([problemIn(stored.name, problem)]);
    };
    const result = verifySignatures(stored.signed, { for: target, sha256: policy.hash }, signers);
    if (stored.signed === undefined || 'problem' in result) {
      return refuse('problem' in result ? result.problem : 'it is not signed');
    }
    const { serial, sha256 } = stored.signed;
    const old = serialProblem(stored.signed, this.#newest);
    if (old !== undefined) return refuse(old);
    const unpinned = pinProblems(policy);
    if (unpinned.length > 0)
      throw new PolicyError(unpinned.map((problem) => problemIn(stored.name, problem)));
    this.#newest = { serial, sha256 };
    return { serial, signers: result.signers };
  }

  /** @returns why the newest signatures are ignored */
  async #readNewest(url: string, readObject: ObjectReader): Promise<string | undefined> {
    let content: Awaited<ReturnType<ObjectReader>>;
    try {
      content = await readObject({ url }, MAX_NEWEST_BYTES);
    } catch (error) {
      // Whoever can write the object can also make it unreadable, for example by another encryption key.
      if (error instanceof SourceError && !error.transient) return error.message;
      throw error;
    }
    if (content === undefined || content === 'too large') return 'it is too large';
    const signed = readSignatures(content.bytes.toString('utf8'));
    if ('problem' in signed) return signed.problem;
    const { signers, target } = this.#options;
    const { serial, sha256 } = signed;
    const result = verifySignatures(signed, { for: target, sha256 }, signers);
    if ('problem' in result) return result.problem;
    this.#newest = { serial, sha256 };
    return undefined;
  }
}

/** @returns why a policy may not follow the newest one */
export function serialProblem(
  { serial, sha256 }: Pick<PolicySignatures, 'serial' | 'sha256'>,
  newest: Pick<PolicySignatures, 'serial' | 'sha256'> | undefined,
): string | undefined {
  if (newest === undefined || serial > newest.serial) return undefined;
  if (serial < newest.serial) {
    return `it was signed with the serial ${serial}, but a policy with the serial ${newest.serial} has been signed since: to go back to it, sign it again with "npm run policy -- sign --serial ${newest.serial + 1}"`;
  }
  return sha256 === newest.sha256
    ? undefined
    : `another policy was signed with the same serial ${serial}: sign it again with "npm run policy -- sign --serial ${serial + 1}"`;
}

/** Signatures cover the policy's text only, so a list from elsewhere that can lead to an approval must be in it. */
export function pinProblems({
  rules,
  limits,
  loadedLists,
}: Pick<Policy, 'rules' | 'limits' | 'loadedLists'>): readonly string[] {
  const expressions = [
    ...rules
      .filter(({ action }) => action === 'APPROVE' || action === 'HOLD')
      .map(({ id, ast, action }) => ({
        what: `rule "${id}" ${action === 'HOLD' ? 'lets people approve' : 'approves'}`,
        ast,
      })),
    // What a limit does not count is approved without end.
    ...limits.flatMap((limit) =>
      expressionsOf(limit).map(({ ast }) => ({ what: `limit "${limit.name}" counts`, ast })),
    ),
  ];
  return expressions.flatMap(({ what, ast }) => {
    const read = listsReadBy(ast);
    return [...loadedLists]
      .filter(([name, { pinned }]) => !pinned && (read === 'all' || read.has(name)))
      .map(
        ([name, { from }]) =>
          `${what} by the list "${name}" from ${from}, which signatures do not cover: add its sha256 to the list`,
      );
  });
}
