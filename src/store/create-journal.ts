// The journal of a process: writes its records and what belongs to them.
import { createHash } from 'node:crypto';
import type { Blobs } from './blobs.js';
import { ChainWriter } from './chain-writer.js';
import { createWriter, type Head, headData, readHead } from './chain.js';
import { Announced, MAX_BODY_BYTES, Pending } from './group-commit.js';
import { StoreError } from './error.js';
import type { Entry, HeadCheck, Journal } from './journal.js';
import { headKey } from './keys.js';
import type { StartRecord } from './record.js';
import type { Item, Table } from './table.js';

export interface JournalOptions {
  readonly table: Table;
  /** Where bodies are kept that are too large for a record. */
  readonly blobs: Blobs;
  /** What is said about the process; `at` is set for each writer. */
  readonly start: StartRecord;
  /** How long start records are kept, in seconds. */
  readonly retentionSeconds: number;
  /** How long an entry waits for its outcome, in ms. @default 5 s */
  readonly patienceMs?: number;
  /** Unix time in ms. @default the real time */
  readonly now?: () => number;
}

/** The journal, as the process that owns it sees it. */
export interface OwnJournal extends Journal {
  /** The last record that is known to be written; `undefined` before the first one. */
  readonly head: Head | undefined;
  /** Whether the store has another head than was written: nothing can be written until `restart`. */
  readonly isBroken: boolean;
  /**
   * Writes the start record, if nothing is written yet. From then on there is a head that can be missed: a process
   * that has not written anything would not notice that the table was emptied.
   * @throws {StoreError}
   */
  begin(): Promise<void>;
  /** Goes on as a new writer, with a new chain: after a loss was accepted. */
  restart(): void;
  /** Resolves once nothing is waiting or under way. */
  idle(): Promise<void>;
}

const PATIENCE_MS = 5000;
/** A chain is not continued if its head expires within this time, in ms. */
const MARGIN_MS = 60_000;

/** Creates the journal of this process; its first record is written with the first entry. */
export function createJournal(options: JournalOptions): OwnJournal {
  const { table, blobs, start, retentionSeconds, patienceMs = PATIENCE_MS, now = Date.now } = options;

  const announced = new Announced();
  const createChain = (): ChainWriter => {
    const at = now();
    const json = JSON.stringify({ ...start, at: new Date(at).toISOString() });
    const expires = Math.floor(at / 1000) + retentionSeconds;
    const writer = createWriter(at);
    return new ChainWriter({ table, writer, start: { json, expires }, now, patienceMs, announced });
  };
  let chain = createChain();
  /** A process may do nothing for so long that its records expire. */
  const current = (): ChainWriter => {
    if (chain.known.head.expires * 1000 < now() + MARGIN_MS) chain = createChain();
    return chain;
  };

  const write = async (pending: Pending): Promise<'written' | 'conflict'> => {
    if (pending.problem !== undefined) throw new StoreError(`an entry can't be written: ${pending.problem}`);
    const writer = current();
    const timer = setTimeout(() => writer.giveUp(pending), patienceMs);
    writer.add(pending);
    return pending.outcome.finally(() => clearTimeout(timer));
  };

  return {
    get writer() {
      return chain.writer;
    },
    get head() {
      const { head } = chain.known;
      return head.sequence === 0 ? undefined : head;
    },
    get isBroken() {
      return chain.isBroken;
    },
    checkHead: () => checkHead(current()),
    async append(given: Entry | Promise<Entry>) {
      const come = announced.announce();
      try {
        const { writes, placed, body, expires } = await given;
        const json = JSON.stringify(body);
        const isLarge = Buffer.byteLength(json) > MAX_BODY_BYTES;
        const kept = isLarge ? await keepBody(blobs, json, expires) : json;
        const outcome = write(new Pending({ writes, placed }, { json: kept, expires }));
        come();
        return await outcome;
      } finally {
        come();
      }
    },
    async begin() {
      if (current().known.head.sequence === 0) await write(new Pending({ writes: [] }));
    },
    restart: () => {
      chain = createChain();
    },
    idle: () => chain.idle(),
  };
}

/** @returns what stands for the body in the record, as JSON */
async function keepBody(blobs: Blobs, json: string, expires: number): Promise<string> {
  const bytes = Buffer.from(json);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await blobs.put(sha256, bytes, expires);
  return JSON.stringify({ sha256 });
}

function checkHead(chain: ChainWriter): HeadCheck {
  const { head, version } = chain.known;
  return {
    key: head.sequence === 0 ? undefined : headKey(head.writer),
    isCurrent(item: Item | undefined) {
      if (chain.isBroken) return false;
      if (head.sequence === 0) return true;
      if (item === undefined || item.version < version) return false;
      // Under load, this is what is found nearly always; reading it takes 6 µs.
      if (chain.isUnderWay(item) || (item.version === version && item.data === headData(head))) return true;
      const found = readHead(item);
      if (found === undefined) return false;
      return found.sequence > head.sequence || (found.sequence === head.sequence && found.hash === head.hash);
    },
  };
}
