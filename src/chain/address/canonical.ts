// Addresses in one canonical form for each chain, so that all spellings of an address are equal.
import { getAddress } from 'viem/utils';
import { familyOf } from '../chain.js';
import { canonicalByChain } from './by-chain.js';
import { canonicalByForm } from './by-form.js';
import { clean, invisibleCharacters } from './clean.js';
import { validateByChain } from './validate.js';

/** No chain has longer addresses; longer strings are compared as they are. */
const MAX_LENGTH = 200;

/**
 * Converts an address to the canonical form of its chain. Text that is no address of the chain is returned without
 * surrounding spaces and invisible characters, and otherwise as written.
 * @param chain such as `evm/1`; without it, the form of the text decides
 */
export function canonicalAddress(text: string, chain?: string): string {
  const address = clean(text);
  if (address.length > MAX_LENGTH) return address;
  return chain === undefined ? canonicalByForm(address) : canonicalByChain(address, chain);
}

/** @param chain such as `evm/1`; without it, the form of the addresses decides */
export function sameAddress(one: string, other: string, chain: string | undefined): boolean {
  return one === other || canonicalAddress(one, chain) === canonicalAddress(other, chain);
}

/** @returns whether the text is an address of the chain; `undefined` if this chain's addresses can't be validated */
export function isAddressOf(text: string, chain: string): boolean | undefined {
  return validateByChain(clean(text), chain);
}

/** What a person should look at: a wrong checksum, or invisible characters that were removed. Empty if nothing. */
export function addressWarnings(text: string, chain?: string): readonly string[] {
  const address = clean(text);
  const invisible = invisibleCharacters(text);
  const isInvalid = chain !== undefined && validateByChain(address, chain) === false;
  return [
    ...(text === text.trim() ? [] : [`"${address}" has spaces around it, which are ignored`]),
    ...(invisible.length === 0 ? [] : [invisibleWarning(address, invisible)]),
    ...(isInvalid ? [`"${address}" is not a valid address on ${chain}`] : []),
    ...(hasWrongChecksum(address, chain) ? [`"${address}" has a wrong checksum (EIP-55)`] : []),
  ];
}

function invisibleWarning(address: string, characters: readonly string[]): string {
  return `"${address}" contains invisible characters, which are ignored: ${characters.join(', ')}`;
}

/** Letters in one case carry no checksum. @see https://eips.ethereum.org/EIPS/eip-55 */
function hasWrongChecksum(address: string, chain: string | undefined): boolean {
  const digits = /^(?:0x)?([0-9a-f]{40})$/i.exec(address)?.[1];
  if (digits === undefined || (chain === undefined ? !/^0x/i.test(address) : familyOf(chain) !== 'evm')) {
    return false;
  }
  if (digits === digits.toLowerCase() || digits === digits.toUpperCase()) return false;
  return !checksums(`0x${digits.toLowerCase()}`, chain).includes(`0x${digits}`);
}

/** Rootstock mixes in the chain id (EIP-1191), but its tools take both. */
function checksums(address: `0x${string}`, chain: string | undefined): readonly string[] {
  const id = /^evm\/(3[01])$/.exec(chain ?? '')?.[1];
  const plain = getAddress(address);
  return id === undefined ? [plain] : [plain, getAddress(address, Number(id))];
}
