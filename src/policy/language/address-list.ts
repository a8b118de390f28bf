// A list of addresses as one block of bytes with a hash table, for lists of a million entries. A JavaScript string for
// each entry would take four times the memory, and a set of them for each chain several times as much again.
import { randomInt } from 'node:crypto';
import { canonicalAddress } from '../../chain/address/canonical.js';
import { spellingsOf } from '../../chain/address/spellings.js';
import type { Address } from '../facts/address.js';

/** Maximum number of entries whose spellings are equal apart from the case of letters and the like. */
const MAX_SPELLINGS = 64;
/** Maximum share of the table's slots that are in use. */
const MAX_LOAD = 0.7;

/**
 * Finds the entries in every spelling. The hash is one of what all spellings have in common; it only suggests entries,
 * and each is then compared exactly.
 */
export class AddressList {
  readonly #bytes: Uint8Array;
  /** Where the slot's entry begins in the bytes, plus 1; 0 for an empty slot. */
  readonly #starts: Uint32Array;
  readonly #hashes: Int32Array;
  readonly #seed = randomInt(2 ** 32) | 0;
  #size = 0;

  /**
   * @param bytes the file, in which each entry is followed by white space
   * @param maxEntries how many entries may be added
   */
  constructor(bytes: Uint8Array, maxEntries: number) {
    this.#bytes = bytes;
    const slots = 2 ** Math.ceil(Math.log2(maxEntries / MAX_LOAD + 1));
    this.#starts = new Uint32Array(slots);
    this.#hashes = new Int32Array(slots);
  }

  /** Number of entries, without repeated ones. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds the entry between two offsets, unless the same one is there.
   * @returns false if there are too many spellings of one address, which would take quadratic time
   */
  add(start: number, end: number): boolean {
    const hash = hashOf(this.#bytes, start, end, this.#seed);
    let same = 0;
    let slot = this.#firstSlot(hash);
    for (let at = this.#startAt(slot); at !== undefined; at = this.#startAt(slot)) {
      if (this.#hashes[slot] === hash) {
        if (this.#isSame(at, start, end)) return true;
        same++;
      }
      slot = this.#nextSlot(slot);
    }
    if (same >= MAX_SPELLINGS) return false;
    this.#starts[slot] = start + 1;
    this.#hashes[slot] = hash;
    this.#size++;
    return true;
  }

  /** Whether an entry is exactly this string. */
  has(text: string): boolean {
    return this.#find(text, (entry) => entry === text);
  }

  /** Whether an entry has this address, as a chain compares addresses. */
  hasAddress({ normalized, chain }: Pick<Address, 'normalized' | 'chain'>): boolean {
    return spellingsOf(normalized, chain).some((spelling) =>
      this.#find(spelling, (entry) => canonicalAddress(entry, chain) === normalized),
    );
  }

  /** All entries as written, in no particular order. */
  *entries(): Generator<string> {
    for (const start of this.#starts) if (start !== 0) yield this.#textAt(start - 1);
  }

  #find(spelling: string, matches: (entry: string) => boolean): boolean {
    const bytes = Buffer.from(spelling, 'utf8');
    const hash = hashOf(bytes, 0, bytes.length, this.#seed);
    let slot = this.#firstSlot(hash);
    for (let at = this.#startAt(slot); at !== undefined; at = this.#startAt(slot)) {
      if (this.#hashes[slot] === hash && matches(this.#textAt(at))) return true;
      slot = this.#nextSlot(slot);
    }
    return false;
  }

  #firstSlot(hash: number): number {
    return hash & (this.#starts.length - 1);
  }

  #nextSlot(slot: number): number {
    return (slot + 1) & (this.#starts.length - 1);
  }

  /** @returns `undefined` if the slot is empty */
  #startAt(slot: number): number | undefined {
    const start = this.#starts[slot] ?? 0;
    return start === 0 ? undefined : start - 1;
  }

  #isSame(at: number, start: number, end: number): boolean {
    for (let offset = 0; offset < end - start; offset++) {
      if (this.#bytes[at + offset] !== this.#bytes[start + offset]) return false;
    }
    return isSpace(this.#bytes[at + end - start]);
  }

  #textAt(start: number): string {
    let end = start;
    while (end < this.#bytes.length && !isSpace(this.#bytes[end])) end++;
    return String.fromCharCode(...this.#bytes.subarray(start, end));
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte !== undefined && byte <= 0x20;
}

const ZERO = 0x30;

/**
 * Hashes text without what differs between spellings of an address: the case of letters, `0x` and leading zeros of
 * hexadecimal digits, and the alphabet of base64.
 * @param seed random, so that nobody can prepare a file in which all entries have one hash
 */
function hashOf(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let at = isHex(bytes, start, end) ? significant(bytes, start, end) : start;
  let hash = seed;
  for (; at < end; at++) {
    hash = Math.imul(hash ^ (FOLDED[bytes[at] ?? 0] ?? 0), 0x01000193);
    hash ^= hash >>> 15;
  }
  // The finalizer of MurmurHash3.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** Bytes with letters in lower case, and in the URL-safe alphabet of base64. */
const FOLDED = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 0x20;
  return { 0x2b: 0x2d, 0x2f: 0x5f }[byte] ?? byte;
});

const IS_HEX = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9a-f]/i.test(String.fromCharCode(byte)) ? 1 : 0,
);

function isHex(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = afterPrefix(bytes, start); at < end; at++) if (IS_HEX[bytes[at] ?? 0] === 0) return false;
  return true;
}

/** Where the digits begin after `0x`, if it is there, and zeros. */
function significant(bytes: Uint8Array, start: number, end: number): number {
  let at = afterPrefix(bytes, start);
  while (at < end && bytes[at] === ZERO) at++;
  return at;
}

function afterPrefix(bytes: Uint8Array, start: number): number {
  const second = bytes[start + 1] ?? 0;
  return bytes[start] === ZERO && (second | 0x20) === 0x78 ? start + 2 : start;
}
