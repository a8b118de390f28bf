// Addresses in bech32 (BIP 173) and bech32m (BIP 350).
import { bech32, bech32m } from '@scure/base';

/** Longer than BIP 173 allows, for Cardano. */
const MAX_LENGTH = 200;

export interface Bech32Address {
  readonly prefix: string;
  readonly words: readonly number[];
  readonly encoding: 'bech32' | 'bech32m';
}

/** @param text in lower or upper case @returns `undefined` if the checksum is wrong, or the text is no bech32 */
export function decodeBech32(text: string): Bech32Address | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const decoded = bech32.decodeUnsafe(text, MAX_LENGTH);
  if (decoded !== undefined) return { ...decoded, encoding: 'bech32' };
  const modified = bech32m.decodeUnsafe(text, MAX_LENGTH);
  return modified === undefined ? undefined : { ...modified, encoding: 'bech32m' };
}

/** @returns the bytes of five-bit words; `undefined` if the padding is wrong */
export function bytesOfWords(words: readonly number[]): Uint8Array | undefined {
  return bech32.fromWordsUnsafe([...words]) ?? undefined;
}
