// How long a command keeps what it records: as long as the service keeps its records.
import { DEFAULT_RETENTION_DAYS } from '../../src/config-store.js';
import { type Head, readHead } from '../../src/store/chain.js';
import { MAX_WRITERS } from '../../src/store/heads.js';
import { HEADS } from '../../src/store/keys.js';
import type { Table } from '../../src/store/table.js';

const DAY_SECONDS = 86_400;

/**
 * A command does not know STORE_RETENTION_DAYS of the service, but the last record in the store says when it expires.
 * @param others heads that the store has lost
 * @returns in seconds, whole days; those of the default if there is no record
 * @throws {StoreError}
 */
export async function retentionSeconds(table: Table, others: readonly Head[] = []): Promise<number> {
  let last: Head | undefined;
  const consider = (head: Head | undefined): void => {
    if (head === undefined || head.sequence === 0 || !Number.isFinite(head.expires)) return;
    if (last === undefined || Date.parse(head.at) > Date.parse(last.at)) last = head;
  };
  others.forEach(consider);
  for await (const item of table.query(HEADS, { reverse: true, limit: MAX_WRITERS }))
    consider(readHead(item));
  const days =
    last === undefined
      ? DEFAULT_RETENTION_DAYS
      : Math.round((last.expires - Date.parse(last.at) / 1000) / DAY_SECONDS);
  return Math.max(1, days) * DAY_SECONDS;
}
