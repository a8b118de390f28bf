// Opens the store of a configuration. What the other kind of store needs is not loaded.
import type { ArchivePlace } from './archive.js';
import type { Blobs } from './blobs.js';
import { SplitBlobs } from './split-blobs.js';
import { StoredBlobs } from './stored-blobs.js';
import type { Table } from './table.js';
import type { Clock } from './time.js';

export type StorePlace =
  /** DynamoDB, and where large blobs go. */
  | { readonly table: string; readonly archive?: ArchivePlace | undefined }
  /** A directory. */
  | { readonly path: string };

export type StoreConfig = StorePlace & {
  /** How long records are kept, in days. */
  readonly retentionDays: number;
};

export interface Store {
  readonly table: Table;
  readonly blobs: Blobs;
}

/**
 * Opens a store. A directory is created if it does not exist; of a table, nothing is read yet.
 * @param now the clock for what expires, in Unix ms
 * @throws {StoreError} if a directory can't be opened
 */
export async function openStore(place: StorePlace, now: Clock = Date.now): Promise<Store> {
  if ('path' in place) {
    const { openEmbedded } = await import('./embedded.js');
    const table = await openEmbedded(place.path, { now });
    return { table, blobs: new StoredBlobs(table) };
  }
  // Loading the AWS SDK takes a third of the startup time.
  const { DynamoTable } = await import('./dynamodb.js');
  const table = new DynamoTable(place.table, { now });
  const small = new StoredBlobs(table);
  if (place.archive === undefined) return { table, blobs: small };
  const { ArchiveBlobs } = await import('./archive.js');
  const large = new ArchiveBlobs(place.archive, { now });
  return { table, blobs: new SplitBlobs(small, large) };
}
