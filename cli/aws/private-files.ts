// Files that nobody else on the machine reads: directory mode 700, files 600.
import { chmod, mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readFileValue } from '../../src/sources/file.js';

/** @returns undefined if there is none. Its mode is mended on the way. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  const { value } = await readFileValue(path);
  if (value !== undefined) {
    await chmod(dirname(path), 0o700);
    await chmod(path, 0o600);
  }
  return value;
}

/** The file is there whole, or not at all. */
export async function writePrivateFile(path: string, content: string): Promise<void> {
  const directory = dirname(path);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  const unfinished = `${path}.new`;
  await writeFile(unfinished, content, { mode: 0o600 });
  await chmod(unfinished, 0o600);
  await rename(unfinished, path);
}
