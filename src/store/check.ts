// What is refused before it reaches a store, so that both implementations refuse the same.
import { StoreError } from './error.js';
import {
  type Key,
  MAX_DATA_BYTES,
  MAX_KEYS,
  MAX_PARTITION_BYTES,
  MAX_SORT_BYTES,
  MAX_WRITE_BYTES,
  MAX_WRITES,
  type Write,
} from './table.js';

/** @throws {StoreError} if these keys can't be read together */
export function checkKeys(keys: readonly Key[]): void {
  if (keys.length > MAX_KEYS)
    throw new StoreError(`${keys.length} items can't be read at once: at most ${MAX_KEYS}`);
  checkEach(keys);
}

/** @throws {StoreError} if these writes can't be done together. Nothing was written */
export function checkWrites(writes: readonly Write[]): void {
  if (writes.length > MAX_WRITES) {
    throw new StoreError(`${writes.length} items can't be written at once: at most ${MAX_WRITES}`);
  }
  checkEach(writes);
  let total = 0;
  for (const write of writes) {
    if (write.type !== 'put') continue;
    const bytes = Buffer.byteLength(write.data);
    if (bytes > MAX_DATA_BYTES) {
      throw new StoreError(`an item of ${bytes} bytes can't be stored: at most ${MAX_DATA_BYTES}`);
    }
    if (write.expires !== undefined && !(Number.isSafeInteger(write.expires) && write.expires > 0)) {
      throw new StoreError(`an item can't expire at ${write.expires}: Unix time in whole seconds`);
    }
    if (!write.data.isWellFormed()) throw new StoreError("half a surrogate pair can't be stored");
    total += bytes;
  }
  if (total > MAX_WRITE_BYTES) {
    throw new StoreError(`${total} bytes can't be written at once: at most ${MAX_WRITE_BYTES}`);
  }
}

/** @throws {StoreError} */
export function checkKey({ partition, sort }: Key): void {
  const [partitionBytes, sortBytes] = [Buffer.byteLength(partition), Buffer.byteLength(sort)];
  if (partitionBytes === 0 || partitionBytes > MAX_PARTITION_BYTES) {
    throw new StoreError(`a partition key has ${partitionBytes} bytes: it needs 1 to ${MAX_PARTITION_BYTES}`);
  }
  if (sortBytes === 0 || sortBytes > MAX_SORT_BYTES) {
    throw new StoreError(`a sort key has ${sortBytes} bytes: it needs 1 to ${MAX_SORT_BYTES}`);
  }
  if (!partition.isWellFormed() || !sort.isWellFormed()) {
    throw new StoreError('a key has half a surrogate pair');
  }
}

function checkEach(keys: readonly Key[]): void {
  const known = new Set<string>();
  for (const key of keys) {
    checkKey(key);
    const id = `${key.partition.length} ${key.partition}${key.sort}`;
    if (known.has(id)) throw new StoreError('the same item is given twice');
    known.add(id);
  }
}
