// What is signed for one input: a legacy preimage, or one of SegWit version 0 (BIP-143).
import { ByteReader, compactSize } from './bytes.js';
import {
  endOfTransaction,
  INPUT_LENGTH,
  OUTPOINT_LENGTH,
  readTransaction,
  skipCompactSize,
  type Transaction,
} from './transaction.js';

/** The whole transaction, in which only the signed input has its script, and 4 bytes of signature hash type. */
export interface LegacyPreimage {
  readonly form: 'legacy';
  readonly transaction: Transaction;
  /** Index of the signed input. */
  readonly input: number;
  /** The script of the output that the input spends, or its redeem script. */
  readonly code: Buffer;
  readonly sighash: number;
}

/** BIP-143 */
export interface WitnessPreimage {
  readonly form: 'witness';
  readonly version: number;
  readonly hashPrevouts: Buffer;
  readonly hashSequence: Buffer;
  readonly outpoint: Buffer;
  readonly code: Buffer;
  /** Of the output that is spent, in satoshis. */
  readonly value: bigint;
  readonly sequence: number;
  readonly hashOutputs: Buffer;
  readonly locktime: number;
  readonly sighash: number;
}

/** A form that is not known (taproot, and whatever is not documented), or broken bytes of a known form. */
export interface UnreadablePreimage {
  readonly form: 'unknown' | 'malformed';
  readonly reason: string;
}

export type Preimage = LegacyPreimage | WitnessPreimage | UnreadablePreimage;

const SIGHASH_LENGTH = 4;
const MAX_VALUE = 2n ** 63n;
/** Offsets in a BIP-143 preimage: index of the spent output, and script code. */
const INDEX_OFFSET = 4 + 32 + 32 + 32;
const CODE_OFFSET = INDEX_OFFSET + 4;
/** What follows the script code: value, sequence, hashOutputs, locktime, type. */
const AFTER_CODE = 8 + 4 + 32 + 4 + SIGHASH_LENGTH;
/** No transaction fits into a block with more outputs: 1 MB, and 9 bytes for an output. */
const MAX_OUTPUTS = 0x20000;
/** A transaction has up to 1 MB without its witnesses, and a script up to 10 KB. */
const MAX_LENGTH = 1_020_000;
/** Versions of transactions in use; the type of preimages other than these two begins differently (BIP-341 with 0). */
const VERSIONS = [1, 2, 3];

/**
 * Reads a preimage. Bytes of neither form are malformed if they must be meant as one of the forms: because their double
 * SHA-256 is what is signed, or because they begin with the version of a transaction. An unsigned transaction without a
 * signature hash type is an unknown form.
 * @param isIntended whether the double SHA-256 of the bytes is signed in a transfer
 */
export function readPreimage(bytes: Buffer, isIntended: boolean): Preimage {
  const end = bytes.length > MAX_LENGTH ? undefined : endOfTransaction(bytes);
  const isLegacy = end === bytes.length - SIGHASH_LENGTH;
  const isWitness = hasWitnessFrame(bytes);
  if (isLegacy && isWitness) {
    return { form: 'unknown', reason: 'rawTx can be read as a legacy and as a SegWit preimage' };
  }
  if (isWitness) return readWitness(bytes);
  if (isLegacy) return readLegacy(bytes);
  const beginsLikeOne =
    bytes.length >= 4 && VERSIONS.includes(bytes.readUInt32LE()) && !isUnsigned(bytes, end);
  if (!isIntended && !beginsLikeOne) return { form: 'unknown', reason: 'rawTx has a form that is not known' };
  return { form: 'malformed', reason: `rawTx is malformed: ${problemOf(bytes, end)}` };
}

function problemOf({ length }: Buffer, end: number | undefined): string {
  const excess = end === undefined ? 0 : length - end - SIGHASH_LENGTH;
  if (excess > 0) return `it has ${excess} bytes after its end`;
  if (length > MAX_LENGTH) return `its ${length} bytes are more than a transaction may have`;
  return `its ${length} bytes are neither a transaction with a signature hash type nor a BIP-143 preimage`;
}

/**
 * Whether the length is that of a BIP-143 preimage with this script code, and the index is one that an output can have;
 * without the latter, one in 256 legacy preimages would look like one of SegWit.
 */
function hasWitnessFrame(bytes: Buffer): boolean {
  const code = bytes.length > MAX_LENGTH ? undefined : skipCompactSize(bytes, CODE_OFFSET);
  return (
    code !== undefined &&
    code.end + code.value + AFTER_CODE === bytes.length &&
    bytes.readUInt32LE(INDEX_OFFSET) < MAX_OUTPUTS
  );
}

/** A whole transaction without scripts of inputs, as before SegWit or with the marker of BIP-144. */
function isUnsigned(bytes: Buffer, end: number | undefined): boolean {
  if (bytes.length > 6 && bytes[4] === 0 && bytes[5] === 1) return true;
  if (end !== bytes.length) return false;
  return readTransaction(new ByteReader(bytes)).inputs.every(({ script }) => script.length === 0);
}

function readWitness(bytes: Buffer): WitnessPreimage {
  const reader = new ByteReader(bytes);
  return {
    form: 'witness',
    version: reader.uint32(),
    hashPrevouts: reader.take(32),
    hashSequence: reader.take(32),
    outpoint: reader.take(OUTPOINT_LENGTH),
    code: reader.string(),
    value: reader.uint64(),
    sequence: reader.uint32(),
    hashOutputs: reader.take(32),
    locktime: reader.uint32(),
    sighash: reader.uint32(),
  };
}

function readLegacy(bytes: Buffer): LegacyPreimage | UnreadablePreimage {
  const reader = new ByteReader(bytes);
  const transaction = readTransaction(reader);
  const signed = transaction.inputs.flatMap(({ script }, index) => (script.length > 0 ? [index] : []));
  const [input = -1] = signed;
  const code = transaction.inputs[input]?.script;
  if (code === undefined || signed.length > 1) {
    const reason = `rawTx is malformed: ${signed.length} of its ${transaction.inputs.length} inputs have a script, not one`;
    return { form: 'malformed', reason };
  }
  // Amounts are signed numbers of 64 bits.
  if (transaction.outputs.some(({ value }) => value >= MAX_VALUE)) {
    return { form: 'malformed', reason: 'rawTx is malformed: the amount of an output is negative' };
  }
  return { form: 'legacy', transaction, input, code, sighash: reader.uint32() };
}

/** A legacy preimage without any script, to compare the other preimages of the same transaction with. */
export interface Skeleton {
  readonly bytes: Buffer;
  /** Offset of the first input. */
  readonly inputs: number;
  readonly count: number;
}

/** @param bytes of a legacy preimage, and what was read from it */
export function skeletonOf(bytes: Buffer, { transaction, input, code }: LegacyPreimage): Skeleton {
  const count = transaction.inputs.length;
  const inputs = 4 + compactSize(count).length;
  const script = inputs + input * INPUT_LENGTH + OUTPOINT_LENGTH;
  const end = script + compactSize(code.length).length + code.length;
  return {
    bytes: Buffer.concat([bytes.subarray(0, script), Buffer.of(0), bytes.subarray(end)]),
    inputs,
    count,
  };
}

/**
 * Compares a legacy preimage byte for byte with another one of the same transaction, from which it may differ only in
 * the place of the script.
 * @returns `undefined` unless it is a preimage of the same transaction
 */
export function findScript(bytes: Buffer, skeleton: Skeleton): { input: number; code: Buffer } | undefined {
  let script = skeleton.inputs + OUTPOINT_LENGTH;
  let input = 0;
  while (input < skeleton.count && bytes[script] === 0) {
    input += 1;
    script += INPUT_LENGTH;
  }
  const length = skipCompactSize(bytes, script);
  if (input === skeleton.count || length === undefined) return undefined;
  const end = length.end + length.value;
  const isSame =
    bytes.length - end === skeleton.bytes.length - script - 1 &&
    bytes.compare(skeleton.bytes, 0, script, 0, script) === 0 &&
    bytes.compare(skeleton.bytes, script + 1, undefined, end) === 0;
  return isSame ? { input, code: bytes.subarray(length.end, end) } : undefined;
}
