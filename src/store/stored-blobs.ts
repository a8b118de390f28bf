// Blobs in the table, in parts.
import { createHash } from 'node:crypto';
import type { Blobs } from './blobs.js';
import { StoreError } from './error.js';
import { blobKey } from './keys.js';
import { MAX_DATA_BYTES, type Table } from './table.js';

/** Bytes in a part: as Base64 they are a third longer, and the number of parts is before them. */
const PART_BYTES = Math.floor((MAX_DATA_BYTES - 16) / 4) * 3;
/** How much longer than asked a blob is kept at least, in seconds: requests a little later need not look again. */
export const MARGIN_SECONDS = 24 * 60 * 60;
/** How much longer it is kept when it is written, so that one in constant use is rarely written again. */
const EXTRA_SECONDS = 30 * MARGIN_SECONDS;

/** Each part is the number of parts, a colon, and bytes in Base64. The last part is written last. */
export class StoredBlobs implements Blobs {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  async put(sha256: string, bytes: Buffer, expires: number): Promise<void> {
    const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
    const [last] = await this.#table.read([blobKey(sha256, count - 1)]);
    if (last !== undefined && (last.expires === undefined || last.expires >= expires + MARGIN_SECONDS))
      return;
    for (let place = 0; place < count; place++) {
      const part = bytes.subarray(place * PART_BYTES, (place + 1) * PART_BYTES);
      const data = `${count}:${part.toString('base64')}`;
      await this.#table.write([
        { type: 'put', ...blobKey(sha256, place), data, expires: expires + EXTRA_SECONDS },
      ]);
    }
  }

  async get(sha256: string): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for await (const { data } of this.#table.query(blobKey(sha256, 0).partition)) {
      const [count = '', content = ''] = data.split(':', 2);
      parts.push(Buffer.from(content, 'base64'));
      if (parts.length < Number(count)) continue;
      return assertHash(Buffer.concat(parts), sha256, this.#table.name);
    }
    return undefined;
  }
}

/** @throws {StoreError} */
export function assertHash(bytes: Buffer, sha256: string, name: string): Buffer {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return bytes;
  throw new StoreError(`the content kept as ${sha256} in ${name} has the SHA-256 ${found}: it was altered`);
}
