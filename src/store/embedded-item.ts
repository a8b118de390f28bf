// How the embedded store writes keys and items as bytes.
import type { Item, Key, Write } from './table.js';

/** UTF-8 never contains this byte, so that no two keys are the same. */
const SEPARATOR = Buffer.from([0xff]);
/** After everything that is UTF-8. */
export const AFTER_UTF8 = Buffer.from([0xff]);

const VERSION_AT = 0;
const EXPIRES_AT = 8;
const DATA_AT = 16;

/** What every item has, apart from its data. */
export interface Header {
  readonly version: number;
  readonly expires: number | undefined;
}

export function lmdbKey({ partition, sort }: Key): Buffer {
  const at = Buffer.byteLength(partition);
  const key = Buffer.allocUnsafe(at + 1 + Buffer.byteLength(sort));
  key.write(partition);
  key[at] = 0xff;
  key.write(sort, at + 1);
  return key;
}

/** The key that `lmdbKey` wrote. */
export function keyIn(bytes: Buffer): Key {
  const at = bytes.indexOf(SEPARATOR);
  return { partition: bytes.toString('utf8', 0, at), sort: bytes.toString('utf8', at + 1) };
}

/** What all keys of a partition start with. */
export function keyPrefix(partition: string): Buffer {
  return Buffer.concat([Buffer.from(partition), SEPARATOR]);
}

export interface Encoded extends Header {
  readonly data: string;
}

/**
 * Version and expiry as doubles, 0 for never; then the data. All items share one buffer, because most are too large for
 * Node.js's pool, and a buffer of its own for each would cost more than everything else here.
 */
export function encodeItems(items: readonly Encoded[]): readonly Buffer[] {
  const sizes = items.map(({ data }) => DATA_AT + Buffer.byteLength(data));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
  let end = 0;
  return items.map(({ data, version, expires }, place) => {
    const start = end;
    end += sizes[place] ?? 0;
    bytes.writeDoubleBE(version, start + VERSION_AT);
    bytes.writeDoubleBE(expires ?? 0, start + EXPIRES_AT);
    bytes.write(data, start + DATA_AT);
    return bytes.subarray(start, end);
  });
}

export function headerOf(bytes: Buffer): Header {
  const expires = bytes.readDoubleBE(EXPIRES_AT);
  return { version: bytes.readDoubleBE(VERSION_AT), expires: expires === 0 ? undefined : expires };
}

export function decodeItem({ partition, sort }: Key, bytes: Buffer): Item {
  const { version, expires } = headerOf(bytes);
  const item = { partition, sort, data: bytes.toString('utf8', DATA_AT), version };
  return expires === undefined ? item : { ...item, expires };
}

/** @param now Unix time in seconds */
export function isExpired({ expires }: Header, now: number): boolean {
  return expires !== undefined && expires <= now;
}

export function conditionHolds({ seen }: Write, found: Header | undefined, now: number): boolean {
  if (seen === undefined) return true;
  return seen === (found === undefined || isExpired(found, now) ? 0 : found.version);
}
