// Reads a partially signed transaction (BIP-174 version 0, BIP-370 version 2): framing, and the fields that a digest needs.
import { MalformedError } from '../finding.js';
import { doubleSha256 } from '../hash.js';
import { ByteReader, uint32 } from './bytes.js';
import {
  readOutput,
  readTransaction,
  readUntilLocktime,
  type Transaction,
  type TransactionOutput,
} from './transaction.js';

export interface PsbtInput {
  /** The output that is spent; absent if the PSBT does not have it. */
  readonly spent?: TransactionOutput;
  /** Whether the PSBT has the whole previous transaction, whose id the input names. Without it, `spent` is a claim. */
  readonly isProven: boolean;
  /** Absent stands for SIGHASH_ALL, or SIGHASH_DEFAULT of taproot. */
  readonly sighash?: number;
  readonly redeemScript?: Buffer;
  readonly witnessScript?: Buffer;
  /** The input may be signed by a script of taproot. */
  readonly hasTaprootScripts: boolean;
}

export interface Psbt {
  readonly transaction: Transaction;
  readonly inputs: readonly PsbtInput[];
}

const MAGIC = Buffer.from('70736274ff', 'hex');
const GLOBAL = {
  transaction: 0x00,
  txVersion: 0x02,
  locktime: 0x03,
  inputCount: 0x04,
  outputCount: 0x05,
  version: 0xfb,
};
const INPUT = {
  nonWitnessUtxo: 0x00,
  witnessUtxo: 0x01,
  sighash: 0x03,
  redeemScript: 0x04,
  witnessScript: 0x05,
  txId: 0x0e,
  index: 0x0f,
  sequence: 0x10,
  requiredTime: 0x11,
  requiredHeight: 0x12,
  taprootLeaf: 0x15,
};
/** A transaction has up to 1 MB without its witnesses; an output to a hash takes 31 bytes, an input 41. */
const MAX_ITEMS = 40_000;
const OUTPUT = { amount: 0x03, script: 0x04 };

/** A map of BIP-174: values by the bytes of their keys, in Latin-1. */
type Fields = ReadonlyMap<string, Buffer>;

/**
 * @param text base64 or hexadecimal
 * @throws {MalformedError} also if an input's previous transaction is not the one that it spends
 */
export function readPsbtText(text: string): Psbt {
  const reader = new ByteReader(decodeText(text));
  if (!reader.take(MAGIC.length).equals(MAGIC)) throw new MalformedError('it does not begin with "psbt"');
  const globals = readFields(reader);
  const version = number(globals, GLOBAL.version) ?? 0;
  if (version !== 0 && version !== 2) throw new MalformedError(`it has version ${version}`);
  const [inputCount, outputCount, plain] = version === 0 ? countsOfPlain(globals) : countsOf(globals);
  if (inputCount + outputCount > MAX_ITEMS)
    throw new MalformedError('it has more inputs and outputs than a block holds');
  const inputs = readMaps(reader, inputCount);
  const outputs = readMaps(reader, outputCount);
  if (!reader.isAtEnd)
    throw new MalformedError(`it has ${reader.bytes.length - reader.offset} bytes after its end`);
  const transaction = plain ?? assemble(globals, inputs, outputs);
  return { transaction, inputs: inputs.map((fields, index) => toInput(fields, index, transaction)) };
}

function decodeText(text: string): Buffer {
  const compact = text.replace(/\s+/g, '');
  if (/^70736274ff/i.test(compact)) {
    const bytes = Buffer.from(compact, 'hex');
    if (bytes.length * 2 !== compact.length) throw new MalformedError('it is not hexadecimal');
    return bytes;
  }
  const bytes = Buffer.from(compact, 'base64');
  const isSame = bytes.toString('base64').replace(/=+$/, '') === compact.replace(/=+$/, '');
  if (!isSame) throw new MalformedError('it is not base64');
  return bytes;
}

function readFields(reader: ByteReader): Fields {
  const fields = new Map<string, Buffer>();
  for (;;) {
    const key = reader.string().toString('latin1');
    if (key === '') return fields;
    if (fields.has(key)) throw new MalformedError('it has a field twice');
    fields.set(key, reader.string());
  }
}

function readMaps(reader: ByteReader, count: number): readonly Fields[] {
  // Each map takes at least the byte that ends it.
  if (count > reader.bytes.length - reader.offset)
    throw new MalformedError(`it has no room for ${count} maps`);
  return Array.from({ length: count }, () => readFields(reader));
}

/** A field whose key is its type alone. */
function field(fields: Fields, type: number): Buffer | undefined {
  return fields.get(String.fromCharCode(type));
}

function number(fields: Fields, type: number): number | undefined {
  const value = field(fields, type);
  if (value === undefined) return undefined;
  if (value.length !== 4) throw new MalformedError(`field ${type} has ${value.length} bytes, not 4`);
  return value.readUInt32LE();
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new MalformedError(`it has no ${what}`);
  return value;
}

function countsOfPlain(globals: Fields): [number, number, Transaction] {
  const transaction = readWhole(
    required(field(globals, GLOBAL.transaction), 'unsigned transaction'),
    readTransaction,
  );
  if (transaction.inputs.some(({ script }) => script.length > 0)) {
    throw new MalformedError('its unsigned transaction has scripts of inputs');
  }
  return [transaction.inputs.length, transaction.outputs.length, transaction];
}

function countsOf(globals: Fields): [number, number, undefined] {
  if (field(globals, GLOBAL.transaction) !== undefined)
    throw new MalformedError('version 2 has no unsigned transaction');
  const count = (type: number, what: string): number =>
    readWhole(required(field(globals, type), what), (reader) => reader.compactSize());
  return [
    count(GLOBAL.inputCount, 'number of inputs'),
    count(GLOBAL.outputCount, 'number of outputs'),
    undefined,
  ];
}

/** @throws {MalformedError} unless all bytes are read */
function readWhole<T>(bytes: Buffer, read: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  const value = read(reader);
  if (!reader.isAtEnd) throw new MalformedError('a field has bytes after its end');
  return value;
}

/** BIP-370: the transaction is in the fields of its inputs and outputs. */
function assemble(globals: Fields, inputs: readonly Fields[], outputs: readonly Fields[]): Transaction {
  return {
    version: required(number(globals, GLOBAL.txVersion), 'version of the transaction'),
    inputs: inputs.map((fields) => ({
      outpoint: Buffer.concat([
        sized(required(field(fields, INPUT.txId), 'id of a spent transaction'), 32),
        uint32(required(number(fields, INPUT.index), 'index of a spent output')),
      ]),
      script: Buffer.alloc(0),
      sequence: number(fields, INPUT.sequence) ?? 0xffffffff,
    })),
    outputs: outputs.map((fields) => ({
      value: sized(required(field(fields, OUTPUT.amount), 'amount of an output'), 8).readBigUInt64LE(),
      script: required(field(fields, OUTPUT.script), 'script of an output'),
    })),
    locktime: locktimeOf(globals, inputs),
  };
}

function sized(value: Buffer, length: number): Buffer {
  if (value.length !== length) throw new MalformedError(`a field has ${value.length} bytes, not ${length}`);
  return value;
}

/** BIP-370, "Determining Lock Time": the greatest that an input requires, as a height if all inputs allow it. */
function locktimeOf(globals: Fields, inputs: readonly Fields[]): number {
  const required = inputs
    .map((fields) => ({
      height: number(fields, INPUT.requiredHeight),
      time: number(fields, INPUT.requiredTime),
    }))
    .filter(({ height, time }) => height !== undefined || time !== undefined);
  if (required.length === 0) return number(globals, GLOBAL.locktime) ?? 0;
  for (const kind of ['height', 'time'] as const) {
    const values = required.map((locktimes) => locktimes[kind]).filter((value) => value !== undefined);
    if (values.length === required.length) return values.reduce((a, b) => Math.max(a, b));
  }
  throw new MalformedError('its inputs require a height and a time');
}

function toInput(fields: Fields, index: number, transaction: Transaction): PsbtInput {
  const spent = spentOutput(fields, index, transaction);
  const sighash = number(fields, INPUT.sighash);
  const redeemScript = field(fields, INPUT.redeemScript);
  const witnessScript = field(fields, INPUT.witnessScript);
  const leaf = String.fromCharCode(INPUT.taprootLeaf);
  return {
    ...(spent !== undefined && { spent }),
    isProven: field(fields, INPUT.nonWitnessUtxo) !== undefined,
    ...(sighash !== undefined && { sighash }),
    ...(redeemScript !== undefined && { redeemScript }),
    ...(witnessScript !== undefined && { witnessScript }),
    hasTaprootScripts: [...fields.keys()].some((key) => key.startsWith(leaf)),
  };
}

function spentOutput(fields: Fields, index: number, transaction: Transaction): TransactionOutput | undefined {
  const whole = field(fields, INPUT.nonWitnessUtxo);
  const bytes = field(fields, INPUT.witnessUtxo);
  const output = bytes === undefined ? undefined : readWhole(bytes, readOutput);
  if (whole === undefined) return output;
  const outpoint = required(transaction.inputs[index], `input ${index}`).outpoint;
  const { id, outputs } = readPrevious(whole);
  const spent = outputs[outpoint.readUInt32LE(32)];
  if (!id.equals(outpoint.subarray(0, 32)) || spent === undefined) {
    throw new MalformedError(`the previous transaction of input ${index} is not the one that it spends`);
  }
  if (output !== undefined && (output.value !== spent.value || !output.script.equals(spent.script))) {
    throw new MalformedError(`input ${index} has two different outputs to spend`);
  }
  return spent;
}

/** A signed transaction, with witnesses (BIP-144) or without. */
function readPrevious(bytes: Buffer): { id: Buffer; outputs: readonly TransactionOutput[] } {
  const hasWitness = bytes.length > 6 && bytes[4] === 0 && bytes[5] === 1;
  if (!hasWitness) return { id: doubleSha256(bytes), outputs: readWhole(bytes, readTransaction).outputs };
  const reader = new ByteReader(Buffer.concat([bytes.subarray(0, 4), bytes.subarray(6)]));
  const { inputs, outputs } = readUntilLocktime(reader);
  const plain = reader.bytes.subarray(0, reader.offset);
  inputs.forEach(() => {
    for (let items = reader.compactSize(); items > 0; items -= 1) reader.string();
  });
  const locktime = reader.take(4);
  if (!reader.isAtEnd) throw new MalformedError('a previous transaction has bytes after its end');
  return { id: doubleSha256(Buffer.concat([plain, locktime])), outputs };
}
