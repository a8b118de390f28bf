// Files that only their owner may read: directory mode 700, file mode 600.
import { chmod, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { readFileValue } from '../../src/sources/file.js';

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Reads a file, and restricts it and its directory to their owner.
 * @returns undefined if the file does not exist
 * @throws {SourceError}
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const { value } = await readFileValue(path);
  if (value !== undefined) {
    await chmod(dirname(path), DIRECTORY_MODE);
    await chmod(path, FILE_MODE);
  }
  return value;
}

/** Writes a file atomically: an interruption leaves the previous content intact. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  await chmod(directory, DIRECTORY_MODE);
  await writeFileAtomic(path, content, { mode: FILE_MODE });
}
