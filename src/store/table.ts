// The one interface of the store: items under two-part keys, read consistently and written all or nothing. It has two
// implementations, DynamoDB (dynamodb.ts) and embedded (embedded.ts), with one test suite for both.

/** Items with the same partition are kept together, in the order of `sort`. */
export interface Key {
  /** At most MAX_PARTITION_BYTES, not empty. */
  readonly partition: string;
  /** At most MAX_SORT_BYTES, not empty; compared by its UTF-8 bytes. */
  readonly sort: string;
}

export interface Item extends Key {
  /** What is remembered, usually as JSON. At most MAX_DATA_BYTES. */
  readonly data: string;
  /** 1 for a new item; each write adds 1. */
  readonly version: number;
  /** Unix time in seconds from which on the item counts as absent, and may be removed. Absent: never. */
  readonly expires?: number;
}

export interface Put extends Key {
  readonly type: 'put';
  readonly data: string;
  readonly expires?: number;
  /**
   * The version that the item must have: 0 if it must not exist. Absent: whatever is there is replaced, and an expired
   * item's version counts on.
   */
  readonly seen?: number;
}

/** Writes nothing, but demands that the item still has the version that was seen; 0: that it does not exist. */
export interface Check extends Key {
  readonly type: 'check';
  readonly seen: number;
}

export interface Remove extends Key {
  readonly type: 'remove';
  readonly seen?: number;
}

export type Write = Put | Check | Remove;

/** Maximum sizes of keys, in bytes as UTF-8. Both together are a key of the embedded store, which ends at 1978 bytes. */
export const MAX_PARTITION_BYTES = 900;
export const MAX_SORT_BYTES = 1024;
/** Maximum number of items read together: a limit of DynamoDB. */
export const MAX_KEYS = 100;
/** Maximum size of an item's data, in bytes as UTF-8: DynamoDB's items end at 400 KB, with their keys. */
export const MAX_DATA_BYTES = 380_000;
/** Maximum number of writes done together, and of their data in bytes: limits of DynamoDB. */
export const MAX_WRITES = 100;
export const MAX_WRITE_BYTES = 3_800_000;

export interface Query {
  /** The first sort key, inclusive. */
  readonly from?: string;
  /** The last sort key, inclusive. */
  readonly to?: string;
  /** From the last to the first. */
  readonly reverse?: boolean;
  /** At most so many items. */
  readonly limit?: number;
}

export interface Table {
  /** For messages: `table NAME` or `store DIR`. */
  readonly name: string;

  /**
   * Reads items consistently: each as of its latest write. An expired item is absent.
   * @param keys at most MAX_KEYS, each once
   * @returns in the order of the keys; `undefined` for an item that does not exist
   * @throws {StoreError}
   */
  read(
    keys: readonly Key[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<readonly (Item | undefined)[]>;

  /**
   * Writes all or nothing. An expired item counts as absent, also for conditions.
   * @param writes at most MAX_WRITES with MAX_WRITE_BYTES, each key once
   * @returns the places in `writes` whose condition did not hold: nothing was written then. Empty: everything was written,
   *   durably. If another writer was busy with an item, its place is among them
   * @throws {StoreError}
   */
  write(writes: readonly Write[], options?: { readonly signal?: AbortSignal }): Promise<readonly number[]>;

  /** Yields the items of a partition, page by page; later pages may be newer. @throws {StoreError} */
  query(partition: string, query?: Query): AsyncIterable<Item>;

  /**
   * Yields the items of all partitions that begin with a text, in no particular order; later ones may be newer. DynamoDB
   * reads the whole table: for commands only. @throws {StoreError}
   */
  scan(prefix: string): AsyncIterable<Item>;

  close(): Promise<void>;
}
