// Gives back what one transaction was counted for in limits, by order of an operator. It is recorded.
import { hostname } from 'node:os';
import { subjectFromData, subjectToData } from '../../../src/memory/transaction-data.js';
import { type Counter, counterId, type Share } from '../../../src/policy/limits/counter.js';
import { counterFromJson, counterToJson } from '../../../src/policy/limits/counter-json.js';
import { giveBack } from '../../../src/policy/limits/counting.js';
import { createJournal } from '../../../src/store/create-journal.js';
import { counterKey, subjectKey } from '../../../src/store/keys.js';
import { StoredBlobs } from '../../../src/store/stored-blobs.js';
import type { Item, Table, Write } from '../../../src/store/table.js';
import { InputError } from '../../command.js';
import { retentionSeconds } from '../../store/retention.js';

export interface Release {
  readonly txId: string;
  /** Who orders it, and why: for the record. */
  readonly by: string;
  readonly reason: string;
}

/** The service may change a counter between the read and the write. */
const MAX_ATTEMPTS = 10;

/**
 * @returns the shares that were given back
 * @throws {InputError} if the transaction has none @throws {StoreError}
 */
export async function release(table: Table, order: Release): Promise<readonly Share[]> {
  const at = new Date().toISOString();
  // npm sets it.
  const version = process.env['npm_package_version'] ?? 'unknown';
  const kept = await retentionSeconds(table);
  const journal = createJournal({
    table,
    blobs: new StoredBlobs(table),
    start: { type: 'start', at, version, task: `${hostname()} ${process.pid}, policy -- limits` },
    retentionSeconds: kept,
  });
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const { shares, writes } = await prepare(table, order.txId);
    const { txId, by, reason } = order;
    const body = { type: 'released', at, by, details: { txId, reason, shares } } as const;
    const expires = Math.ceil(Date.now() / 1000) + kept;
    if ((await journal.append({ writes: writes, body, expires })) === 'written') return shares;
  }
  throw new InputError(`the counters of ${order.txId} are in use all the time: try again`);
}

async function prepare(
  table: Table,
  txId: string,
): Promise<{ readonly shares: readonly Share[]; readonly writes: readonly Write[] }> {
  const key = subjectKey(`transaction:${txId}`);
  const [subject] = await table.read([key]);
  const state = subjectFromData(subject?.data);
  const shares = state.entries.flatMap((entry) => entry.shares);
  if (subject === undefined || shares.length === 0) {
    throw new InputError(`the transaction ${txId} has no share in any limit`);
  }
  const ids = [...new Map(shares.map((share) => [counterId(share), share])).values()];
  const items = await table.read(ids.map((share) => counterKey(share.limit, share.key)));
  const counters = new Map<string, Counter>();
  for (const [place, share] of ids.entries()) {
    const item = items[place];
    if (item !== undefined) counters.set(counterId(share), counterFromJson(JSON.parse(item.data)));
  }
  const changed = giveBack({ counters, shares });
  const released = { entries: state.entries.map((entry) => ({ ...entry, shares: [] })) };
  return {
    shares,
    writes: [
      replaced(subject, subjectToData(released)),
      ...ids.flatMap((share, place) => {
        const item = items[place];
        const counter = changed.get(counterId(share));
        if (item === undefined || counter === undefined) return [];
        return [replaced(item, JSON.stringify(counterToJson(counter)))];
      }),
    ],
  };
}

function replaced({ partition, sort, version, expires }: Item, data: string): Write {
  return { type: 'put', partition, sort, data, seen: version, ...(expires !== undefined && { expires }) };
}
