// CashAddr, the address format of Bitcoin Cash: https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/cashaddr.md
import { bech32 } from '@scure/base';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const CHECKSUM_LENGTH = 8;
/** The numbers of 40 bits, in halves of 20. */
const GENERATORS = [
  [0x98f2b, 0xc8e61],
  [0x79b76, 0xd99e2],
  [0xf33e5, 0xfb3c4],
  [0xae2ea, 0xbe2a8],
  [0x1e4f4, 0x3e470],
] as const;
/** The number of bytes of a hash, by the last three bits of the version byte. */
const SIZES = [20, 24, 28, 32, 40, 48, 56, 64];

export interface CashAddress {
  readonly isScript: boolean;
  readonly hash: Uint8Array;
}

/** @param text with the prefix or without it @returns `undefined` unless it is an address with this prefix */
export function decodeCashAddress(text: string, prefix: string): CashAddress | undefined {
  const lower = text.toLowerCase();
  if (text !== lower && text !== text.toUpperCase()) return undefined;
  const body = lower.startsWith(`${prefix}:`) ? lower.slice(prefix.length + 1) : lower;
  const words = Array.from(body, (character) => ALPHABET.indexOf(character));
  if (words.length <= CHECKSUM_LENGTH || words.length > 112 || words.includes(-1)) return undefined;
  const { high, low } = polymod([...prefixWords(prefix), ...words]);
  if (high !== 0 || low !== 0) return undefined;
  const bytes = bech32.fromWordsUnsafe(words.slice(0, -CHECKSUM_LENGTH));
  if (!bytes) return undefined;
  const [version = 0xff] = bytes;
  const hash = bytes.subarray(1);
  const type = version >> 3;
  // Types 2 and 3 are the same scripts, for wallets that handle CashTokens.
  return type <= 3 && hash.length === SIZES[version & 7] ? { isScript: type % 2 === 1, hash } : undefined;
}

/** @returns with the prefix */
export function encodeCashAddress({ isScript, hash }: CashAddress, prefix: string): string {
  const version = (isScript ? 8 : 0) | SIZES.indexOf(hash.length);
  const words = bech32.toWords(Uint8Array.of(version, ...hash));
  const { high, low } = polymod([
    ...prefixWords(prefix),
    ...words,
    ...new Array<number>(CHECKSUM_LENGTH).fill(0),
  ]);
  const last = [15, 10, 5, 0].map((shift) => (high >> shift) & 31);
  last.push(...[15, 10, 5, 0].map((shift) => (low >> shift) & 31));
  return `${prefix}:${[...words, ...last].map((word) => ALPHABET.charAt(word)).join('')}`;
}

function prefixWords(prefix: string): number[] {
  return [...Buffer.from(prefix).map((code) => code & 31), 0];
}

/** The BCH code of the checksum, over words of 5 bits: a number of 40 bits, which is 0 for a valid address. */
function polymod(words: readonly number[]): { high: number; low: number } {
  let high = 0;
  let low = 1;
  for (const word of words) {
    const top = high >> 15;
    high = ((high & 0x7fff) << 5) | (low >> 15);
    low = ((low & 0x7fff) << 5) ^ word;
    GENERATORS.forEach(([upper, lower], bit) => {
      if (((top >> bit) & 1) === 0) return;
      high ^= upper;
      low ^= lower;
    });
  }
  return { high, low: low ^ 1 };
}
