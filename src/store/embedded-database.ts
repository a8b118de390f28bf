// Opens the database of an embedded store: LMDB, which is loaded only where there is such a store.
import { mkdirSync } from 'node:fs';
import type * as Lmdb from 'lmdb';
import { codeOf } from '../protocol/error.js';
import { cannot } from './embedded-error.js';
import { checkDataFile } from './embedded-file.js';
import { whileNobodyWrites, WriteGate } from './embedded-gate.js';
import { StoreError } from './error.js';

/** Of the file, in bytes. */
const PAGE_SIZE = 16_384;
/** Of the addresses that are set aside for it, in bytes: not a limit. */
const MAP_SIZE = 1024 * 1024 * 1024;

export type Database = Lmdb.RootDatabase<Buffer, Buffer>;

export interface OpenDatabase {
  readonly database: Database;
  /** To write through. */
  readonly gate: WriteGate;
}

/** @throws {StoreError} if it can't be opened */
export async function openDatabase(directory: string): Promise<OpenDatabase> {
  const { open } = await loadLmdb(directory);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    checkDataFile(directory);
    const database = await whileNobodyWrites(directory, () =>
      open<Buffer, Buffer>({
        path: directory,
        // By default, a directory with a dot in its name would become a file.
        noSubdir: false,
        keyEncoding: 'binary',
        encoding: 'binary',
        // A record fits into such a page, with others; and the file may grow to this size without being mapped again. Both
        // together give 7 % more throughput.
        pageSize: PAGE_SIZE,
        mapSize: MAP_SIZE,
        // By default, a write is reported before it is on the disk.
        overlappingSync: false,
        // By default, a commit that fails also rejects a promise that nobody can handle, which would end the process.
        eventTurnBatching: false,
      }),
    );
    return { database, gate: new WriteGate(directory) };
  } catch (error) {
    throw cannot('be opened', directory, error);
  }
}

async function loadLmdb(directory: string): Promise<typeof Lmdb> {
  try {
    return await import('lmdb');
  } catch (error) {
    const reason = codeOf(error) ?? (error instanceof Error ? error.message : String(error));
    throw new StoreError(
      `store ${directory} needs the package lmdb, which can't be loaded (${reason}): run "npm ci" here, or set STORE_TABLE instead of STORE_PATH; the image does not have this package`,
      { cause: error },
    );
  }
}
