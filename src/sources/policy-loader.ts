// From a policy as stored to one that can be used: the text that a manifest names, and the lists from elsewhere.
import { isUtf8 } from 'node:buffer';
import type { Policy } from '../policy/evaluate/rules.js';
import type { ListReference } from '../policy/parse/catalog.js';
import { draftPolicy } from '../policy/parse/file.js';
import { ListError, PolicyError, problemIn } from '../policy/parse/problem.js';
import { lazyObjectReader, ListReader, type OnList, type ReadList } from './lists.js';
import type { ObjectReader } from './s3.js';
import { SourceError } from './source.js';
import { type PolicyManifest, readManifest, type StoredPolicy } from './stored-policy.js';

/** Maximum size of a policy in S3, in bytes. */
const MAX_POLICY_BYTES = 5_000_000;

/** A policy that can be used, with what it was made of. */
export interface LoadedPolicy {
  readonly policy: Policy;
  /** With the text in `value`, and all signatures, wherever they were stored. */
  readonly stored: StoredPolicy & { readonly value: string };
  readonly references: readonly ListReference[];
  /** Keyed by the name of the list. */
  readonly lists: ReadonlyMap<string, ReadList>;
}

/** Why a list was not read again. The one in force stays. */
export interface ListFailure {
  readonly reference: ListReference;
  readonly error: ListError | SourceError;
}

export interface LoaderOptions {
  /** false: a policy that needs a store is refused. @default true */
  readonly hasStore?: boolean;
  /** false: a policy that needs a console, where people decide, is refused. @default true */
  readonly hasConsole?: boolean;
  /** Is handed each list that was read and can be used. @default - nobody is */
  readonly onList?: OnList | undefined;
}

export class PolicyLoader {
  readonly #lists: ListReader;
  readonly #readObject: ObjectReader;
  readonly #hasStore: boolean;
  readonly #hasConsole: boolean;

  /**
   * @param directory of the policy file, for the relative paths of lists
   * @param readObject @default loads the AWS SDK when something in S3 is read
   */
  constructor(
    directory = '.',
    readObject: ObjectReader = lazyObjectReader(),
    { hasStore = true, hasConsole = true, onList }: LoaderOptions = {},
  ) {
    this.#hasStore = hasStore;
    this.#hasConsole = hasConsole;
    this.#readObject = readObject;
    this.#lists = new ListReader(directory, readObject, onList);
  }

  /**
   * @param stored as the source yields it
   * @throws {SourceError} if the text or a list can't be read
   * @throws {PolicyError} if the manifest, the text or a list is invalid, or if the policy needs a store or a
   *   console and there is none; {@link ListError} if it is a list
   */
  async load(stored: StoredPolicy & { readonly value: string }): Promise<LoadedPolicy> {
    const resolved = await this.#resolve(stored);
    const draft = draftPolicy(resolved.value, resolved.name);
    // Problems with the text are reported first, and without reading the lists.
    if (draft.references.length > 0) draft.complete(new Map());
    const lists = new Map<string, ReadList>();
    for (const reference of draft.references) lists.set(reference.name, await this.#lists.read(reference));
    const policy = draft.complete(lists);
    const needs = [
      ...(this.#hasStore ? [] : policy.needsStore),
      ...(this.#hasConsole ? [] : policy.needsConsole),
    ];
    if (needs.length > 0) throw new PolicyError(needs);
    return { stored: resolved, references: draft.references, lists, policy };
  }

  /**
   * Reads the lists of a policy again.
   * @returns the same object if no list has changed; otherwise, the policy with all lists that have and can be used
   */
  async refreshLists(
    loaded: LoadedPolicy,
  ): Promise<{ readonly loaded: LoadedPolicy; readonly failures: readonly ListFailure[] }> {
    const lists = new Map(loaded.lists);
    const failures: ListFailure[] = [];
    for (const reference of loaded.references) {
      try {
        lists.set(reference.name, await this.#lists.read(reference));
      } catch (error) {
        if (!(error instanceof ListError) && !(error instanceof SourceError)) throw error;
        failures.push({ reference, error });
      }
    }
    const { references, stored } = loaded;
    const changed = references.some(({ name }) => lists.get(name) !== loaded.lists.get(name));
    if (!changed) return { loaded, failures };
    const policy = draftPolicy(stored.value, stored.name).complete(lists);
    return { loaded: { stored, references, lists, policy }, failures };
  }

  async #resolve(stored: LoadedPolicy['stored']): Promise<LoadedPolicy['stored']> {
    const manifest = readManifest(stored.value);
    if (manifest === undefined) return stored;
    const { name } = stored;
    const refuse = (message: string): never => {
      throw new PolicyError([problemIn(name, message)]);
    };
    if ('problem' in manifest)
      return refuse(`the manifest, which says where the policy is, is invalid: ${manifest.problem}`);
    const value = await this.#textOf(manifest, refuse);
    return { name, value, signed: manifest.signed };
  }

  async #textOf(
    { object, version, sha256 }: PolicyManifest,
    refuse: (message: string) => never,
  ): Promise<string> {
    const content = await this.#readObject({ url: object, version }, MAX_POLICY_BYTES);
    if (content === undefined || content === 'too large') {
      return refuse(`the policy in ${object} is larger than ${MAX_POLICY_BYTES / 1e6} MB`);
    }
    if (content.sha256 !== sha256) {
      refuse(
        `${object} (version ${version}) has the SHA-256 ${content.sha256}, but the manifest demands ${sha256}`,
      );
    }
    if (!isUtf8(content.bytes)) refuse(`${object} (version ${version}) is not UTF-8`);
    return content.bytes.toString('utf8');
  }
}
