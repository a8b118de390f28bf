// Bitcoin Cash addresses.
// https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md
import { bech32 } from '@scure/base';
import { decodeHashAddress } from './base58.js';

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
/** Types 2 and 3 say that the wallet takes tokens; they pay to the same scripts as 0 and 1 (CHIP-2022-02 CashTokens). */
const TOKEN_AWARE = 0b10_000;

/**
 * @param text CashAddr with or without its prefix, in lower or upper case, or a base58 address
 * @param chain `bitcoincash` or `bitcoincash/testnet`
 * @returns such as `bitcoincash:qpm2…`; `undefined` for text that is no address of the chain
 */
export function canonicalCashAddr(text: string, chain: string): string | undefined {
  const prefix = chain === 'bitcoincash' ? 'bitcoincash' : 'bchtest';
  if (!FORM.test(text)) return fromBase58(text, chain, prefix);
  const [payload = '', given = prefix] = text.toLowerCase().split(':').reverse();
  const content = given === prefix ? decode(payload, prefix) : undefined;
  const version = content?.[0];
  if (content === undefined || version === undefined) return undefined;
  if ((version & 0b11110_000 & ~TOKEN_AWARE) > 0b1_000) return undefined;
  if (content.length !== 1 + (HASH_SIZES[version & 0b111] ?? 0)) return undefined;
  return (version & TOKEN_AWARE) === 0
    ? `${prefix}:${payload}`
    : encode(Uint8Array.of(version & ~TOKEN_AWARE, ...content.subarray(1)), prefix);
}

function fromBase58(text: string, chain: string, prefix: string): string | undefined {
  const address = decodeHashAddress(text, chain);
  if (address === undefined) return undefined;
  return encode(Uint8Array.of(address.type === 'keyHash' ? 0 : 0b1_000, ...address.hash), prefix);
}

/** @returns the version and the hash */
function decode(payload: string, prefix: string): Uint8Array | undefined {
  const words = Array.from(payload, (character) => ALPHABET.indexOf(character));
  const [upper, lower] = checksum(prefix, words);
  if (upper !== 0 || lower !== 0) return undefined;
  return bech32.fromWordsUnsafe(words.slice(0, -CHECKSUM_LENGTH)) ?? undefined;
}

function encode(content: Uint8Array, prefix: string): string {
  const words = bech32.toWords(content);
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
