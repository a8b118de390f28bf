// Blockchain addresses, compared as their chains do.

/** `0x…` on EVM chains and their like: letter case is at most a checksum. */
const HEX = /^0x[0-9a-f]*$/i;
/** Bech32 (BIP 173, BIP 350): a prefix such as `bc` or `addr_test`, `1`, and a payload without 1, b, i and o. */
const BECH32 = /^[a-z][a-z0-9_]{0,82}1[ac-hj-np-z02-9]{20,}$/i;

/** No chain has longer addresses; whatever else is asked about is not worth a closer look. */
const MAX_LENGTH = 200;

/**
 * The form in which two spellings of one address are equal: without the spaces around it, and in lower case if it is
 * hex or bech32. Base58 addresses stay as they are, for their letter case matters; so does any other text.
 */
export function normalizeAddress(text: string): string {
  const address = text.trim();
  if (address.length > MAX_LENGTH) return address;
  return HEX.test(address) || isBech32(address) ? address.toLowerCase() : address;
}

/** An address of a request. Rules compare it with text, with other addresses and with lists. */
export class Address {
  /** In the form to compare. */
  readonly normalized: string;

  constructor(text: string) {
    this.normalized = normalizeAddress(text);
  }

  equals(other: string): boolean {
    return this.normalized === normalizeAddress(other);
  }

  toString(): string {
    return this.normalized;
  }
}

/**
 * Bech32 is all lower or all upper case. Where both are mixed, the text is bech32 only if its checksum says so: a base58
 * address can look the same.
 */
function isBech32(text: string): boolean {
  if (!BECH32.test(text)) return false;
  return text === text.toLowerCase() || text === text.toUpperCase() || hasBech32Checksum(text.toLowerCase());
}

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
/** What the checksum comes to: for bech32 and for bech32m. */
const CHECKSUMS = [1, 0x2bc830a3];

function hasBech32Checksum(text: string): boolean {
  const separator = text.lastIndexOf('1');
  const prefix = Array.from(text.slice(0, separator), (character) => character.charCodeAt(0));
  const payload = Array.from(text.slice(separator + 1), (character) => CHARSET.indexOf(character));
  let checksum = 1;
  for (const value of [
    ...prefix.map((code) => code >> 5),
    0,
    ...prefix.map((code) => code & 31),
    ...payload,
  ]) {
    const top = checksum >>> 25;
    checksum = ((checksum & 0x1ffffff) << 5) ^ value;
    GENERATOR.forEach((generator, bit) => {
      if ((top >> bit) & 1) checksum ^= generator;
    });
  }
  return CHECKSUMS.includes(checksum);
}
