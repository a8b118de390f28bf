// Reads values from files.
import { readFile } from 'node:fs/promises';
import { codeOf } from '../protocol/error.js';
import { SourceError, type StoredValue } from './source.js';

/** @throws {SourceError} */
export async function readFileValue(path: string): Promise<StoredValue> {
  try {
    return { name: path, value: await readFile(path, 'utf8') };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { name: path, value: undefined };
    throw new SourceError(`${path} can't be read: check its owner and mode`, {
      transient: false,
      cause: error,
    });
  }
}
