// Reads the binary encoding of transactions strictly, and the hash of keys and scripts.
import { hash } from 'node:crypto';
import { MalformedError } from '../finding.js';
import { sha256 } from '../hash.js';

/** The hash in P2PKH, P2WPKH and P2SH scripts: RIPEMD-160 of SHA-256. */
export function hash160(data: Uint8Array): Buffer {
  return hash('ripemd160', sha256(data), 'buffer');
}

/** @param value below 2^53 @returns the shortest encoding (the only one that is valid) */
export function compactSize(value: number): Buffer {
  if (value < 0xfd) return Buffer.of(value);
  const [marker, length] = value <= 0xffff ? [0xfd, 2] : value <= 0xffffffff ? [0xfe, 4] : [0xff, 8];
  const bytes = Buffer.alloc(1 + length);
  bytes[0] = marker;
  bytes.writeUIntLE(value, 1, Math.min(length, 6));
  return bytes;
}

/** @param value at most 2^32 - 1 */
export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** @param value below 2^64 */
export function uint64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** Reads little-endian numbers and byte strings one after another. @throws {MalformedError} where the bytes end early */
export class ByteReader {
  readonly bytes: Buffer;
  offset = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.offset === this.bytes.length;
  }

  take(length: number): Buffer {
    const end = this.offset + length;
    if (end > this.bytes.length) {
      throw new MalformedError(`it ends at byte ${this.bytes.length}, within a field of ${length} bytes`);
    }
    const taken = this.bytes.subarray(this.offset, end);
    this.offset = end;
    return taken;
  }

  uint32(): number {
    return this.take(4).readUInt32LE();
  }

  uint64(): bigint {
    return this.take(8).readBigUInt64LE();
  }

  /** A count or length. @throws {MalformedError} also unless it is in the shortest encoding */
  compactSize(): number {
    const first = this.take(1).readUInt8();
    if (first < 0xfd) return first;
    const value =
      first === 0xfd ? this.take(2).readUInt16LE() : first === 0xfe ? this.uint32() : Number(this.uint64());
    const least = first === 0xfd ? 0xfd : first === 0xfe ? 0x10000 : 0x100000000;
    if (value < least) throw new MalformedError(`the number ${value} is not in its shortest encoding`);
    return value;
  }

  /** Bytes after their length. */
  string(): Buffer {
    return this.take(this.compactSize());
  }
}
