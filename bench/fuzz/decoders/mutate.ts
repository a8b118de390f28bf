// Structured changes to the bytes of raw transactions: bits, lengths, pieces of other transactions, deep nesting.
import type { Random } from '../../traffic/random.js';

type Mutation = (bytes: Buffer, random: Random, other: Buffer) => Buffer;

/** Lengths that decoders must not believe: of RLP, of Bitcoin's varints, and of Solana's compact-u16. */
const LENGTHS = [
  'f9ffff',
  'fbffffffff',
  'ffffffffffffffffff',
  'bfffffffffffffffff',
  'fdffff',
  'feffffffff',
  'ffff03',
  '80',
  'b800',
];
const NESTED = 2000;

const MUTATIONS: readonly Mutation[] = [
  flipBit,
  flipBit,
  flipBit,
  (bytes, random) => flipBit(flipBit(bytes, random), random),
  (bytes, random) => replaced(bytes, random.int(0, bytes.length), 1, random.bytes(1)),
  (bytes, random) => bytes.subarray(0, random.int(0, bytes.length)),
  (bytes, random) => bytes.subarray(random.int(0, Math.min(9, bytes.length))),
  (bytes, random) => replaced(bytes, random.int(0, bytes.length), 0, random.bytes(random.int(1, 40))),
  (bytes, random) => replaced(bytes, random.int(0, bytes.length), random.int(1, 40), Buffer.alloc(0)),
  (bytes, random) => {
    const at = random.int(0, bytes.length);
    return replaced(bytes, at, 0, bytes.subarray(at, at + random.int(1, 80)));
  },
  (bytes, random) => replaced(bytes, random.int(0, bytes.length), random.int(0, 9), length(random)),
  (bytes, random) => {
    const size = random.int(1, 32);
    return replaced(bytes, random.int(0, bytes.length), size, Buffer.alloc(size, random.pick([0, 0xff])));
  },
  (bytes, random, other) =>
    Buffer.concat([
      bytes.subarray(0, random.int(0, bytes.length)),
      other.subarray(random.int(0, other.length)),
    ]),
  (bytes, random, other) => {
    const at = random.int(0, bytes.length);
    const size = random.int(1, 70);
    return replaced(bytes, at, size, other.subarray(at, at + size));
  },
  (bytes, random) => Buffer.concat([bytes, random.bytes(random.int(1, 8))]),
  (bytes, random) => replaced(bytes, random.int(0, 4), 0, Buffer.alloc(random.int(1, NESTED), 0xc1)),
  (bytes, random) => replaced(bytes, random.int(0, 4), random.int(0, 4), nestedLists(random.int(1, NESTED))),
];

/** One to three changes. @param other whose pieces may be spliced in */
export function mutate(bytes: Buffer, random: Random, other: Buffer): Buffer {
  const times = random.pick([1, 1, 1, 2, 3]);
  let changed = bytes;
  for (let time = 0; time < times; time++) changed = random.pick(MUTATIONS)(changed, random, other);
  return changed;
}

function flipBit(bytes: Buffer, random: Random): Buffer {
  if (bytes.length === 0) return bytes;
  const at = random.int(0, bytes.length - 1);
  return replaced(bytes, at, 1, Buffer.from([bytes.readUInt8(at) ^ (1 << random.int(0, 7))]));
}

function replaced(bytes: Buffer, at: number, remove: number, insert: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

const length = (random: Random): Buffer => Buffer.from(random.pick(LENGTHS), 'hex');

/** RLP lists in one another, each with its right length. */
export function nestedLists(depth: number): Buffer {
  const heads: Buffer[] = [];
  let size = 0;
  for (let level = 0; level < depth; level++) {
    const head = listHead(size);
    heads.push(head);
    size += head.length;
  }
  return Buffer.concat(heads.reverse());
}

function listHead(size: number): Buffer {
  if (size < 56) return Buffer.from([0xc0 + size]);
  if (size < 256) return Buffer.from([0xf8, size]);
  if (size < 0x10000) return Buffer.from([0xf9, size >> 8, size & 0xff]);
  return Buffer.from([0xfa, size >> 16, (size >> 8) & 0xff, size & 0xff]);
}
