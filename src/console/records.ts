// Reads records, and the requests in them.
import { requestIn } from '../memory/repeat.js';
import { type CallbackRequest, isObject } from '../protocol/request.js';
import type { Blobs } from '../store/blobs.js';
import type { RecordPlace } from '../store/journal.js';
import { recordKey } from '../store/keys.js';
import type { DecisionRecord, RecordBody, StoredRecord } from '../store/record.js';
import type { Table } from '../store/table.js';

export interface RecordStore {
  readonly table: Table;
  readonly blobs: Blobs;
}

/**
 * @param data of a record's item
 * @returns `undefined` if it is malformed, or was kept apart and is gone
 * @throws {StoreError}
 */
export async function bodyIn(blobs: Blobs, data: string): Promise<RecordBody | undefined> {
  const stored = parse(data) as Partial<StoredRecord> | undefined;
  const body = stored?.body;
  if (!isObject(body)) return undefined;
  if (!('sha256' in body)) return body;
  const bytes = await blobs.get(body.sha256);
  return bytes && (parse(bytes.toString()) as RecordBody | undefined);
}

/** @returns an object; `undefined` if it is none */
function parse(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns `undefined` if there is no decision any more @throws {StoreError} */
export async function readDecision(
  { table, blobs }: RecordStore,
  { writer, sequence }: RecordPlace,
): Promise<DecisionRecord | undefined> {
  const [item] = await table.read([recordKey(writer, sequence)]);
  const body = item && (await bodyIn(blobs, item.data));
  return body?.type === 'decision' ? body : undefined;
}

/** @returns `undefined` if it can't be read */
export function requestOf(record: DecisionRecord): CallbackRequest | undefined {
  try {
    return requestIn(record);
  } catch {
    return undefined;
  }
}
