// Encodes the values of typed data (EIP-712) that are no structs or arrays.
import { AddressValue, type Value } from '../facts.js';
import { MalformedError } from '../finding.js';
import { toInteger } from '../units.js';
import { type Atom, WORD } from './atom.js';

/** `hashed`: bytes whose hash stands for the value. */
export interface EncodedAtom {
  readonly word?: Buffer;
  readonly hashed?: Buffer;
  readonly fact: Value;
}

const HEX = /^0x(?:[0-9a-f]{2})*$/i;
const ADDRESS = /^0x[0-9a-f]{40}$/i;
const INTEGER_TEXT = /^-?\d+$|^0x[0-9a-f]+$/i;
const SURROGATE = /\p{Surrogate}/u;
/** 2^256 has 78 decimal digits. */
const MAX_INTEGER_TEXT = 100;

/**
 * Encodes a value as it is signed.
 * @param chain of addresses, such as `evm/1`
 * @returns `undefined` for a value that libraries read in different ways, such as a number in place of a string
 * @throws {MalformedError} if no library can encode it
 */
export function encodeAtom(atom: Atom, value: unknown, chain: string | undefined): EncodedAtom | undefined {
  switch (atom.kind) {
    case 'address':
      return typeof value === 'string' && ADDRESS.test(value) ? encodeAddress(value, chain) : undefined;
    case 'bool':
      return typeof value === 'boolean' ? { word: integerWord(value ? 1n : 0n), fact: value } : undefined;
    case 'string':
      // A lone surrogate has no UTF-8 encoding.
      return typeof value === 'string' && !SURROGATE.test(value)
        ? { hashed: Buffer.from(value, 'utf8'), fact: value }
        : undefined;
    case 'bytes':
      return typeof value === 'string' && HEX.test(value)
        ? { hashed: bytesOf(value), fact: value.toLowerCase() }
        : undefined;
    case 'fixedBytes':
      return typeof value === 'string' && HEX.test(value) ? encodeFixedBytes(atom.length, value) : undefined;
    case 'integer':
      return encodeInteger(atom, value);
  }
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.slice(2), 'hex');
}

function encodeAddress(value: string, chain: string | undefined): EncodedAtom {
  const address = value.toLowerCase();
  const word = Buffer.alloc(WORD);
  word.write(address.slice(2), WORD - 20, 'hex');
  return { word, fact: new AddressValue(address, chain) };
}

/** Too few bytes are an error for some libraries, while others fill them up. */
function encodeFixedBytes(length: number, value: string): EncodedAtom | undefined {
  const bytes = bytesOf(value);
  if (bytes.length > length) throw new MalformedError(`a value of bytes${length} has ${bytes.length} bytes`);
  if (bytes.length < length) return undefined;
  const word = Buffer.alloc(WORD);
  bytes.copy(word);
  return { word, fact: value.toLowerCase() };
}

function encodeInteger(
  { signed, bits }: Atom & { kind: 'integer' },
  value: unknown,
): EncodedAtom | undefined {
  const integer = readInteger(value);
  if (integer === undefined) return undefined;
  const wrapped = signed ? BigInt.asIntN(bits, integer) : BigInt.asUintN(bits, integer);
  if (wrapped !== integer) {
    throw new MalformedError(`${integer} is out of the range of ${signed ? '' : 'u'}int${bits}`);
  }
  return { word: integerWord(integer), fact: toInteger(integer) };
}

/** Reads a JSON number (exact up to 2^53), or decimal or hexadecimal digits. */
function readInteger(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value !== 'string' || value.length > MAX_INTEGER_TEXT) return undefined;
  return INTEGER_TEXT.test(value) ? BigInt(value) : undefined;
}

function integerWord(value: bigint): Buffer {
  return Buffer.from(
    BigInt.asUintN(256, value)
      .toString(16)
      .padStart(2 * WORD, '0'),
    'hex',
  );
}
