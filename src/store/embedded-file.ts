// Looks at the file of an embedded store before LMDB does: a damaged one would end the process without a message.
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './error.js';

const FILE = 'data.mdb';
/** What every file of LMDB has in its first page: 0xBEEFC0DE, the least significant byte first. */
const MAGIC = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
const MAGIC_AT = 24;
/** Two pages. */
const LEAST_BYTES = 8192;

/** @throws {StoreError} if there is a file that LMDB can't open. An empty one is as good as none */
export function checkDataFile(directory: string): void {
  const path = join(directory, FILE);
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const found = Buffer.alloc(MAGIC.length);
  const file = openSync(path, 'r');
  try {
    readSync(file, found, 0, found.length, MAGIC_AT);
  } finally {
    closeSync(file);
  }
  if (size >= LEAST_BYTES && found.equals(MAGIC)) return;
  throw new StoreError(
    `store ${directory} can't be opened: ${FILE} is damaged, or not a file of this store. Restore it from a backup, or move the directory away to start with an empty store`,
  );
}
