// Transactions of Bitcoin and its kin, without witnesses: the encoding before SegWit, which is also what is signed.
import { MalformedError } from '../finding.js';
import { compactSize, uint64, type ByteReader } from './bytes.js';

export interface TransactionInput {
  /** The output that it spends, 36 bytes: id of the transaction in the order of bytes as computed, and the index. */
  readonly outpoint: Buffer;
  readonly script: Buffer;
  readonly sequence: number;
}

export interface TransactionOutput {
  /** In satoshis. */
  readonly value: bigint;
  readonly script: Buffer;
}

export interface Transaction {
  readonly version: number;
  readonly inputs: readonly TransactionInput[];
  readonly outputs: readonly TransactionOutput[];
  readonly locktime: number;
}

export const OUTPOINT_LENGTH = 36;
/** Outpoint, length of the script, sequence. */
export const INPUT_LENGTH = OUTPOINT_LENGTH + 1 + 4;
const OUTPUT_LENGTH = 8 + 1;

/**
 * @returns the transaction at the reader's position, which is then behind it
 * @throws {MalformedError}
 */
export function readTransaction(reader: ByteReader): Transaction {
  return { ...readUntilLocktime(reader), locktime: reader.uint32() };
}

/** What is before the witnesses, if there are any. @throws {MalformedError} */
export function readUntilLocktime(reader: ByteReader): Omit<Transaction, 'locktime'> {
  const version = reader.uint32();
  const inputs = readList(reader, INPUT_LENGTH, readInput);
  const outputs = readList(reader, OUTPUT_LENGTH, readOutput);
  return { version, inputs, outputs };
}

function readInput(reader: ByteReader): TransactionInput {
  return { outpoint: reader.take(OUTPOINT_LENGTH), script: reader.string(), sequence: reader.uint32() };
}

/** @returns the output at the reader's position @throws {MalformedError} */
export function readOutput(reader: ByteReader): TransactionOutput {
  return { value: reader.uint64(), script: reader.string() };
}

/** @param least length of an item, so that a wrong count is an error before anything is allocated */
function readList<T>(reader: ByteReader, least: number, read: (reader: ByteReader) => T): T[] {
  const count = reader.compactSize();
  if (count * least > reader.bytes.length - reader.offset) {
    throw new MalformedError(`it has no room for ${count} inputs or outputs`);
  }
  return Array.from({ length: count }, () => read(reader));
}

/**
 * Where a transaction that begins at the first byte ends. It throws nothing, because it is tried on preimages of either
 * form, and an exception takes longer than all other checks of an entry.
 * @returns `undefined` if it is no transaction, or not canonical
 */
export function endOfTransaction(bytes: Buffer): number | undefined {
  const outputs = skipList(bytes, 4, OUTPOINT_LENGTH, 4);
  const locktime = outputs === undefined ? undefined : skipList(bytes, outputs, 8, 0);
  return locktime === undefined || locktime + 4 > bytes.length ? undefined : locktime + 4;
}

interface Skipped {
  readonly value: number;
  readonly end: number;
}

/** @returns a count or length, and the offset behind it; `undefined` unless it is there in its shortest encoding */
export function skipCompactSize(bytes: Buffer, offset: number): Skipped | undefined {
  const first = bytes[offset];
  if (first === undefined) return undefined;
  if (first < 0xfd) return { value: first, end: offset + 1 };
  // A count or length above 2^32 is longer than any request.
  const length = first === 0xfd ? 2 : 4;
  if (first === 0xff || offset + 1 + length > bytes.length) return undefined;
  const value = bytes.readUIntLE(offset + 1, length);
  return value < (length === 2 ? 0xfd : 0x10000) ? undefined : { value, end: offset + 1 + length };
}

/**
 * @param offset of the number of items
 * @param before bytes before an item's script
 * @param after bytes after it
 * @returns the offset behind the list
 */
function skipList(bytes: Buffer, offset: number, before: number, after: number): number | undefined {
  const count = skipCompactSize(bytes, offset);
  if (count === undefined || count.value * (before + 1 + after) > bytes.length - count.end) return undefined;
  let end = count.end;
  for (let index = 0; index < count.value; index += 1) {
    const script = skipCompactSize(bytes, end + before);
    if (script === undefined) return undefined;
    end = script.end + script.value + after;
    if (end > bytes.length) return undefined;
  }
  return end;
}

/** @param output with a value below 2^64 */
export function encodeOutput({ value, script }: TransactionOutput): Buffer {
  return Buffer.concat([uint64(value), compactSize(script.length), script]);
}
