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

export interface WitnessProgram {
  readonly version: number;
  readonly program: Uint8Array;
}

/** BIP 173, BIP 350. @returns `undefined` for an address that is not one of SegWit, whatever its prefix */
export function witnessOf({ words, encoding }: Bech32Address): WitnessProgram | undefined {
  const [version = -1, ...rest] = words;
  const program = bech32.fromWordsUnsafe(rest);
  if (!program || version < 0 || version > 16) return undefined;
  const { length } = program;
  const isValid =
    version === 0
      ? encoding === 'bech32' && (length === 20 || length === 32)
      : encoding === 'bech32m' && length >= 2 && length <= 40;
  return isValid ? { version, program } : undefined;
}

export function encodeSegwit(prefix: string, { version, program }: WitnessProgram): string {
  const encoding = version === 0 ? bech32 : bech32m;
  return encoding.encode(prefix, [version, ...encoding.toWords(program)]);
}
