// Addresses whose chain is not known: their form decides how they compare.
import { decodeBech32 } from './bech32.js';

/** `0x…` on EVM chains and similar ones, where case carries at most a checksum. */
const HEX = /^0x[0-9a-f]*$/i;
/** Bech32 (BIP 173, BIP 350): a prefix such as `bc` or `addr_test`, `1`, and a payload without 1, b, i and o. */
const BECH32 = /^[a-z][a-z0-9_]{0,82}1[ac-hj-np-z02-9]{20,}$/i;

/** Bitcoin Cash (CashAddr) with its prefix. */
const CASH_ADDR = /^(?:bitcoincash|bchtest):[02-9ac-hj-np-z]+$/i;

/**
 * Converts an address to a canonical form, in which all spellings of it are equal: in lower case if it is hexadecimal,
 * bech32 or CashAddr. Base58 addresses and all other strings keep their case, which is significant.
 * @param text of at most 200 characters, without invisible characters
 */
export function canonicalByForm(text: string): string {
  return HEX.test(text) || CASH_ADDR.test(text) || isBech32(text) ? text.toLowerCase() : text;
}

/**
 * The standard allows bech32 in lower or upper case only. A string in mixed case is treated as bech32 only if its
 * checksum is correct, because a base58 address can look the same.
 */
function isBech32(text: string): boolean {
  if (!BECH32.test(text)) return false;
  const lower = text.toLowerCase();
  return text === lower || text === text.toUpperCase() || decodeBech32(lower) !== undefined;
}
