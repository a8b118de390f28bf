// Reads the lists that policies take from elsewhere. Policies that use the same file share what was read of it.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ListReference } from '../policy/parse/catalog.js';
import type { LoadedList } from '../policy/parse/file.js';
import { MAX_LIST_BYTES, readAddressFile, tooLarge } from '../policy/parse/address-file.js';
import { ListError, problemIn } from '../policy/parse/problem.js';
import { readListFile } from './list-file.js';
import type { ObjectReader } from './s3.js';
import type { Stamped } from './stream.js';

/** How long to work on a list before requests get their turn, in ms. */
const TURN_MS = 1;
/** A timer of 1 ms that takes longer was delayed by requests. */
const UNDELAYED_MS = 2;
/** How long to wait for a moment without requests, in ms: under constant load, a list takes four times as long. */
const MAX_PAUSE_MS = 4;

export interface ReadList extends LoadedList {
  /** How long it took to read it, in ms. */
  readonly durationMs: number;
}

/** What was last read from a place. */
interface Known {
  readonly stamp: string;
  /** Lets go of a list that no policy uses any more. */
  readonly list: WeakRef<ReadList>;
}

/** A list that can't be used, and would be read and refused again at every refresh. */
interface Refused {
  readonly stamp: string;
  readonly error: ListError;
}

/** @param sha256 of the bytes, 64 hex digits */
export type OnList = (sha256: string, bytes: Buffer) => void;

export class ListReader {
  readonly #directory: string;
  readonly #readObject: ObjectReader;
  readonly #onList: OnList;
  readonly #known = new Map<string, Known | Refused>();
  /** Reads follow one another, so that at most one new list is in memory in addition to those in force. */
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param directory for relative paths: that of the policy file
   * @param readObject @default loads the AWS SDK when the first list in S3 is read
   * @param onList is handed each list that was read and can be used
   */
  constructor(
    directory: string,
    readObject: ObjectReader = lazyObjectReader(),
    onList: OnList = () => undefined,
  ) {
    this.#onList = onList;
    this.#directory = directory;
    this.#readObject = readObject;
  }

  /**
   * @returns the same object as before if the content has not changed
   * @throws {SourceError} if the list can't be read
   * @throws {ListError} if it can't be used
   */
  async read(reference: ListReference): Promise<ReadList> {
    const reading = this.#last.then(() => this.#read(reference));
    this.#last = reading.catch(() => undefined);
    const list = await reading;
    assertPinned(reference, list.sha256);
    return list;
  }

  async #read(reference: ListReference): Promise<ReadList> {
    const { from } = reference;
    const place = isInS3(from) ? from : resolve(this.#directory, from);
    const known = this.#known.get(place);
    const list = known !== undefined && 'list' in known ? known.list.deref() : undefined;
    const isKnown = list !== undefined || (known !== undefined && 'error' in known);
    const content = await this.#contentOf(place, from, isKnown ? known?.stamp : undefined);
    if (content === undefined) {
      if (list !== undefined) return list;
      if (known !== undefined && 'error' in known) throw known.error;
      throw new Error(`${from} is unchanged, but was not read before`);
    }
    assertPinned(reference, content.sha256);
    try {
      const startedAt = performance.now();
      const addresses = await inTurns(readAddressFile(content.bytes, from));
      const durationMs = Math.round(content.durationMs + performance.now() - startedAt);
      const loaded = { sha256: content.sha256, addresses, durationMs };
      this.#onList(content.sha256, content.bytes);
      this.#known.set(place, { stamp: content.stamp, list: new WeakRef(loaded) });
      return loaded;
    } catch (error) {
      if (error instanceof ListError) this.#known.set(place, { stamp: content.stamp, error });
      throw error;
    }
  }

  async #contentOf(place: string, from: string, stamp: string | undefined): Promise<Stamped | undefined> {
    if (!isInS3(from)) return readListFile(place, from, stamp);
    const content = await this.#readObject({ url: place }, MAX_LIST_BYTES, stamp);
    if (content === 'too large') throw new ListError([problemIn(from, tooLarge())]);
    return content;
  }
}

/** @throws {ListError} if the content is not the one that the policy demands */
function assertPinned({ sha256, from, place }: ListReference, found: string): void {
  if (sha256 === undefined || sha256 === found) return;
  const message = `the policy demands the SHA-256 ${sha256}, but that of ${from} is ${found}: correct the list, or look at what has changed and write the new SHA-256 into the policy`;
  throw new ListError([{ ...place, message }]);
}

/** @param from of a list */
export function isInS3(from: string): boolean {
  return from.startsWith('s3://');
}

/** Runs a generator in short turns, so that requests wait no longer than for one of them. */
async function inTurns<Result>(steps: Generator<undefined, Result>): Promise<Result> {
  for (;;) {
    const end = performance.now() + TURN_MS;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < end);
    await giveWay();
  }
}

async function giveWay(): Promise<void> {
  const end = performance.now() + MAX_PAUSE_MS;
  for (let at = performance.now(); at < end;) {
    await sleep(1);
    const now = performance.now();
    if (now - at < UNDELAYED_MS) return;
    at = now;
  }
}

/** Loads the AWS SDK only where it is used, because that takes a third of the startup time. */
export function lazyObjectReader(): ObjectReader {
  let reader: Promise<ObjectReader> | undefined;
  return async (...args) => {
    reader ??= import('./s3.js').then(({ objectReader }) => objectReader());
    return (await reader)(...args);
  };
}
