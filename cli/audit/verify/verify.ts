// Verifies all records of a store: chains, heads, signatures, decisions and stored answers. Its memory does not grow with
// the number of records, except for 16 bytes for each.
import { hashOf, type Head, readHead, startOf } from '../../../src/store/chain.js';
import { headKey } from '../../../src/store/keys.js';
import type { RecordBody } from '../../../src/store/record.js';
import type { Item } from '../../../src/store/table.js';
import { type AuditedStore, bodyOf, headsOf, parseRecord, recordsOf } from '../store.js';
import { Answers, type Placed } from './answers.js';
import { CarriedVotes } from './carried.js';
import { ChainCheck } from './chain-check.js';
import { DecisionCheck } from './decision-check.js';
import { Digests } from './digests.js';
import { type FindKey, keptKeys } from './keys.js';
import { keptPolicies } from './policies.js';
import { type Problem, Problems } from './problem.js';
import { type Extent, SealedHeads } from './sealed.js';

export interface VerifyOptions {
  /** @default the public keys that were kept with the records */
  readonly findKey?: FindKey | undefined;
  /** Called with the number of records so far. */
  readonly onProgress?: (records: number) => void;
  /** Unix time in ms. @default the real time */
  readonly now?: number;
}

export interface Verification {
  readonly writers: number;
  readonly records: number;
  readonly decisions: number;
  readonly signatures: number;
  /** What people signed with passkeys, and was verified again. */
  readonly assertions: number;
  /** Decisions that were repeated with their policy. */
  readonly repeated: number;
  /** Decisions that could not be repeated, by the reason. */
  readonly notRepeated: Readonly<Record<string, number>>;
  /** Stored answers; those that outlived their records can't be proven. */
  readonly answers: number;
  readonly outlivedAnswers: number;
  /** Sealed heads that were compared; `undefined` if the second place was not given. */
  readonly sealedHeads: number | undefined;
  /** Writers whose lost records were accepted. */
  readonly accepted: readonly string[];
  /** All that was found; `problems` has the first ones, by writer and sequence. */
  readonly problemCount: number;
  readonly problems: readonly Problem[];
}

/** @throws {StoreError} */
export async function verifyStore(store: AuditedStore, options: VerifyOptions = {}): Promise<Verification> {
  const verifier = new Verifier(store, options);
  for (const head of await headsOf(store)) await verifier.checkWriter(head.writer, head);
  const sealed = await verifier.checkSealed();
  return verifier.finish(sealed);
}

class Verifier {
  readonly #store: AuditedStore;
  readonly #now: number;
  readonly #onProgress: (records: number) => void;
  readonly #decisionCheck: DecisionCheck;
  readonly #answers: Answers;
  readonly #problems = new Problems();
  readonly #carried = new CarriedVotes();
  readonly #hashes = new Digests();
  readonly #extents = new Map<string, Extent>();
  readonly #notRepeated: Record<string, number> = {};
  #records = 0;
  #decisions = 0;
  #signatures = 0;
  #assertions = 0;
  #repeated = 0;

  constructor(
    store: AuditedStore,
    { findKey, onProgress = () => undefined, now = Date.now() }: VerifyOptions,
  ) {
    this.#store = store;
    this.#now = now;
    this.#onProgress = onProgress;
    this.#decisionCheck = new DecisionCheck(findKey ?? keptKeys(store.blobs), keptPolicies(store.blobs));
    this.#answers = new Answers(store, now);
  }

  async checkWriter(writer: string, head: Head | undefined): Promise<Extent> {
    const chain = new ChainCheck(writer);
    for await (const items of recordsOf(this.#store, writer)) {
      if (chain.first === undefined) this.#checkBeginning(writer, items[0]);
      const decisions: Placed[] = [];
      for (const item of items) {
        const sequence = chain.add(item);
        if (sequence === undefined) continue;
        this.#records++;
        this.#hashes.set(writer, sequence, hashOf(item.data));
        const record = await this.#bodyAt(writer, sequence, item);
        if (record?.type === 'decision') decisions.push({ writer, sequence, record });
      }
      for (const decision of decisions) await this.#checkDecision(decision);
      this.#problems.add(...(await this.#answers.check(decisions)));
      this.#onProgress(this.#records);
    }
    const [item] = await this.#store.table.read([headKey(writer)]);
    const after = item === undefined ? undefined : readHead(item);
    this.#problems.add(...chain.end(head, after));
    const end = Math.max(chain.last, head?.sequence ?? 0);
    const extent = { first: chain.first, last: chain.last, end };
    this.#extents.set(writer, extent);
    return extent;
  }

  /** @returns what is left of the sealed heads' work; `undefined` without a second place */
  async checkSealed(): Promise<SealedHeads | undefined> {
    const { headStore } = this.#store;
    if (headStore === undefined) return undefined;
    const sealed = new SealedHeads(await headStore.acceptances(), this.#now);
    for await (const head of headStore.everSealed()) {
      const extent = this.#extents.get(head.writer) ?? (await this.checkWriter(head.writer, undefined));
      this.#problems.add(...sealed.compare(head, extent, this.#hashes));
    }
    return sealed;
  }

  async finish(sealed: SealedHeads | undefined): Promise<Verification> {
    const { problems, answers, outlived } = await this.#answers.findPlanted(({ writer, sequence }) => {
      const end = this.#extents.get(writer)?.end ?? 0;
      return sequence <= end;
    });
    this.#problems.add(...problems);
    const isWhole = [...this.#extents.values()].every(({ first }) => first === undefined || first === 1);
    this.#problems.add(...this.#carried.problems(isWhole));
    return {
      writers: this.#extents.size,
      records: this.#records,
      decisions: this.#decisions,
      signatures: this.#signatures,
      assertions: this.#assertions,
      repeated: this.#repeated,
      notRepeated: this.#notRepeated,
      answers,
      outlivedAnswers: outlived,
      sealedHeads: sealed?.count,
      accepted: sealed?.accepted ?? [],
      problemCount: this.#problems.count,
      problems: this.#problems.sorted(),
    };
  }

  /** A chain may begin later only if what was before can have expired: records are removed in their order. */
  #checkBeginning(writer: string, item: Item | undefined): void {
    const record = item === undefined ? undefined : parseRecord(item.data);
    if (item?.expires === undefined || record === undefined || record.sequence <= 1) return;
    const at = 'at' in record.body ? Date.parse(record.body.at) : NaN;
    const started = startOf(writer);
    const retentionMs = item.expires * 1000 - at;
    const canHaveExpired = started !== undefined && started + retentionMs <= this.#now;
    if (canHaveExpired || Number.isNaN(at)) return;
    const last = record.sequence - 1;
    const message = last === 1 ? 'it is missing' : `records 1 to ${last} are missing`;
    this.#problems.add({
      writer,
      sequence: 1,
      what: 'removed',
      message: `${message}, and can't have expired`,
    });
  }

  async #bodyAt(writer: string, sequence: number, item: Item): Promise<RecordBody | undefined> {
    const record = parseRecord(item.data);
    if (record === undefined) return undefined;
    const body = await bodyOf(this.#store, record);
    if (body === undefined) {
      const message = 'its body, which is kept by its hash, is missing';
      this.#problems.add({ writer, sequence, what: 'removed', message });
    }
    return body;
  }

  async #checkDecision(placed: Placed): Promise<void> {
    const { writer, sequence, record } = placed;
    this.#decisions++;
    const { flaws, signatures, assertions, repeated } = await this.#decisionCheck.check(record);
    this.#carried.add(placed, assertions.flawed);
    this.#assertions += assertions.verified;
    this.#problems.add(...flaws.map((flaw) => ({ writer, sequence, ...flaw })));
    this.#signatures += signatures;
    if (repeated === true) this.#repeated++;
    else if (repeated !== undefined) this.#notRepeated[repeated] = (this.#notRepeated[repeated] ?? 0) + 1;
  }
}
