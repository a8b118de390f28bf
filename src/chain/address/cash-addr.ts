// Bitcoin Cash addresses.
// https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md
import { bech32 } from '@scure/base';
import { decodeHashAddress, type HashAddress } from './base58.js';
import { networkOf } from './network.js';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
/** A prefix, if it is there, and the payload, all in lower or all in upper case. */
const FORM = /^(?:[a-z]+:)?[02-9ac-hj-np-z]{42,112}$|^(?:[A-Z]+:)?[02-9AC-HJ-NP-Z]{42,112}$/;
const CHECKSUM_LENGTH = 8;

/** The generators of the 40-bit checksum, as the upper 8 and the lower 32 bits. */
const GENERATORS = [
  [0x98, 0xf2bc8e61],
  [0x79, 0xb76d99e2],
  [0xf3, 0x3e5fb3c4],
  [0xae, 0x2eabe2a8],
  [0x1e, 0x4f43e470],
] as const;
/** Bytes of a hash, by the lower three bits of the version. */
const HASH_SIZES = [20, 24, 28, 32, 40, 48, 56, 64];

/**
 * @param text CashAddr with or without its prefix, in lower or upper case, or a base58 address
 * @param chain `bitcoincash` or `bitcoincash/testnet`
 * @returns such as `bitcoincash:qpm2…`; `undefined` for text that is no address of the chain
 */
export function canonicalCashAddr(text: string, chain: string): string | undefined {
  const prefix = networkOf(chain)?.cash;
  if (prefix === undefined) return undefined;
  const address = FORM.test(text) ? decodeCashAddr(text, prefix) : decodeHashAddress(text, chain);
  return address && encodeCashAddr(address, prefix);
}

/**
 * @param text with or without the prefix, in lower or upper case
 * @returns with a hash of 20 to 64 bytes; `undefined` for text that is no CashAddr with this prefix
 */
export function decodeCashAddr(text: string, prefix: string): HashAddress | undefined {
  if (!FORM.test(text)) return undefined;
  const [payload = '', given = prefix] = text.toLowerCase().split(':').reverse();
  if (given !== prefix) return undefined;
  const words = Array.from(payload, (character) => ALPHABET.indexOf(character));
  const [upper, lower] = checksum(prefix, words);
  if (upper !== 0 || lower !== 0) return undefined;
  const content = bech32.fromWordsUnsafe(words.slice(0, -CHECKSUM_LENGTH));
  if (!content) return undefined;
  const [version = 0xff] = content;
  const hash = content.subarray(1);
  const type = version >> 3;
  // Types 2 and 3 say that the wallet takes tokens; they pay to the same scripts (CHIP-2022-02 CashTokens).
  if (type > 3 || hash.length !== HASH_SIZES[version & 0b111]) return undefined;
  return { type: type % 2 === 0 ? 'keyHash' : 'scriptHash', hash };
}

/** @returns with the prefix */
export function encodeCashAddr(address: HashAddress, prefix: string): string {
  return encodeType(address.type === 'keyHash' ? 0 : 1, address.hash, prefix);
}

/** @returns all CashAddr spellings of an address: with and without the prefix, and as an address that takes tokens */
export function cashAddrSpellings({ type, hash }: HashAddress, prefix: string): readonly string[] {
  const types = type === 'keyHash' ? [0, 2] : [1, 3];
  return types.flatMap((each) => {
    const address = encodeType(each, hash, prefix);
    return [address, address.slice(prefix.length + 1)];
  });
}

function encodeType(type: number, hash: Uint8Array, prefix: string): string {
  const version = (type << 3) | HASH_SIZES.indexOf(hash.length);
  const words = bech32.toWords(Uint8Array.of(version, ...hash));
  const [upper, lower] = checksum(prefix, [...words, ...new Array<number>(CHECKSUM_LENGTH).fill(0)]);
  const sum = (BigInt(upper) << 32n) | BigInt(lower);
  for (let shift = 35n; shift >= 0n; shift -= 5n) words.push(Number((sum >> shift) & 31n));
  return `${prefix}:${words.map((word) => ALPHABET[word]).join('')}`;
}

/** The specification's `PolyMod` over the prefix, a zero and the payload. */
function checksum(prefix: string, words: readonly number[]): readonly [upper: number, lower: number] {
  let upper = 0;
  let lower = 1;
  for (const word of [...Array.from(prefix, (letter) => letter.charCodeAt(0) & 31), 0, ...words]) {
    const top = upper >>> 3;
    upper = ((upper & 7) << 5) | (lower >>> 27);
    lower = (lower << 5) ^ word;
    GENERATORS.forEach(([high, low], bit) => {
      if (((top >>> bit) & 1) === 0) return;
      upper ^= high;
      lower ^= low;
    });
  }
  return [upper, (lower ^ 1) >>> 0];
}
