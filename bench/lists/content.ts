// Files of addresses for the benchmark of lists.
import { randomBytes } from 'node:crypto';
import { renameSync, utimesSync, writeFileSync } from 'node:fs';

export const ENTRIES = 1_000_000;

/** @returns random addresses, one a line */
export function addressFile(entries = ENTRIES): Buffer {
  const digits = randomBytes(entries * 20).toString('hex');
  const file = Buffer.alloc(entries * 43);
  for (let entry = 0; entry < entries; entry++) {
    file.write(`0x${digits.slice(entry * 40, (entry + 1) * 40)}\n`, entry * 43, 'latin1');
  }
  return file;
}

/** @returns the same file with a line in its middle that is no address */
export function withBadLine(file: Buffer): Buffer {
  const changed = Buffer.from(file);
  changed.write('not an address', Math.floor(file.length / 86) * 43, 'latin1');
  return changed;
}

/** Replaces a file as a whole, as an operator should, with one that was complete some time ago. */
export function replaceFile(path: string, content: Buffer): void {
  writeFileSync(`${path}.new`, content);
  const earlier = Date.now() / 1000 - 60;
  utimesSync(`${path}.new`, earlier, earlier);
  renameSync(`${path}.new`, path);
}
