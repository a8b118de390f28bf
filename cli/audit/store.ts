// The store as an audit sees it.
import type { Blobs } from '../../src/store/blobs.js';
import { type Head, readHead } from '../../src/store/chain.js';
import type { HeadStore } from '../../src/store/heads.js';
import { HEADS, recordPartition } from '../../src/store/keys.js';
import type { RecordBody, StoredRecord } from '../../src/store/record.js';
import type { Item, Table } from '../../src/store/table.js';

export interface AuditedStore {
  readonly table: Table;
  readonly blobs: Blobs;
  /** The second place; absent: sealed heads can't be checked. */
  readonly headStore?: HeadStore | undefined;
  /** Yields every item whose partition begins with a prefix, in any order. @throws {StoreError} */
  scan(prefix: string): AsyncIterable<Item>;
}

/** How many records are worked on at once: each can be large. */
const BATCH = 50;

/** @returns every head item, in the order in which the writers started */
export async function headsOf({ table }: AuditedStore): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for await (const item of table.query(HEADS)) {
    const head = readHead(item);
    if (head !== undefined) heads.push(head);
  }
  return heads;
}

/** Yields a writer's records in their order, some at once. */
export async function* recordsOf({ table }: AuditedStore, writer: string): AsyncGenerator<readonly Item[]> {
  let batch: Item[] = [];
  for await (const item of table.query(recordPartition(writer))) {
    batch.push(item);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** @returns `undefined` if it is no record */
export function parseRecord(data: string): StoredRecord | undefined {
  try {
    const record = JSON.parse(data) as Partial<StoredRecord> | null;
    const isRecord =
      typeof record?.writer === 'string' &&
      Number.isSafeInteger(record.sequence) &&
      typeof record.previous === 'string' &&
      typeof record.body === 'object';
    return isRecord ? (record as StoredRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @returns the body of a record; `undefined` if it is kept by its hash and is missing
 * @throws {StoreError} also if it does not have that hash
 */
export async function bodyOf(
  { blobs }: AuditedStore,
  { body }: StoredRecord,
): Promise<RecordBody | undefined> {
  if (!('sha256' in body)) return body;
  const bytes = await blobs.get(body.sha256);
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as RecordBody);
}
