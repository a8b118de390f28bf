// Values in files.
import { readFile } from 'node:fs/promises';
import { SourceError, type StoredValue } from './source.js';

/** @throws {SourceError} */
export async function readFileValue(path: string): Promise<StoredValue> {
  try {
    return { name: path, value: await readFile(path, 'utf8') };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { name: path, value: undefined };
    }
    throw new SourceError(`${path} can't be read: check its owner and mode`, {
      transient: false,
      cause: error,
    });
  }
}
