// The other direction of canonical.ts: from the canonical form of an address to its spellings, so that they can be looked
// up in an index that knows no chains.
import { familyOf, type Family } from '../chain.js';
import { decodeBase58Check, decodeHashAddress, encodeBase58Check, type HashAddress } from './base58.js';
import { cashAddrSpellings, decodeCashAddr } from './cash-addr.js';
import { networkOf } from './network.js';
import { tonSpellings } from './ton.js';

type Spellings = (canonical: string, chain: string) => readonly string[];

/** Addresses of all other families differ only in what `foldSpelling` makes equal. */
const SPELLINGS: Readonly<Partial<Record<Family, Spellings>>> = {
  litecoin: (canonical, chain) => base58Spellings(decodeHashAddress(canonical, chain), chain),
  bitcoincash: spellingsOfBitcoinCash,
  tron: spellingsOfTron,
  ton: tonSpellings,
};

/**
 * All spellings of an address, apart from the case of letters, `0x`, leading zeros, and the alphabet of base64: for each
 * text with this canonical form, `foldSpelling` is that of one of the results.
 * @param canonical as `canonicalAddress` returns it for the chain
 * @param chain such as `evm/1`; `undefined` if it is not known
 */
export function spellingsOf(canonical: string, chain: string | undefined): readonly string[] {
  const others = chain === undefined ? undefined : SPELLINGS[familyOf(chain)]?.(canonical, chain);
  return others === undefined ? [canonical] : [canonical, ...others];
}

function spellingsOfBitcoinCash(canonical: string, chain: string): readonly string[] {
  const prefix = networkOf(chain)?.cash ?? '';
  const address = decodeCashAddr(canonical, prefix);
  if (address === undefined) return [];
  return [
    ...cashAddrSpellings(address, prefix),
    ...(address.hash.length === 20 ? base58Spellings(address, chain) : []),
  ];
}

/** With each of the versions that the network knows for the kind of address. */
function base58Spellings(address: HashAddress | undefined, chain: string): readonly string[] {
  if (address === undefined) return [];
  const versions = networkOf(chain)?.[address.type] ?? [];
  return versions.map((version) => encodeBase58Check(Uint8Array.of(version, ...address.hash)));
}

/** In hexadecimal, with and without the version. */
function spellingsOfTron(canonical: string): readonly string[] {
  const bytes = decodeBase58Check(canonical);
  if (bytes?.length !== 21) return [];
  const hex = Buffer.from(bytes).toString('hex');
  return [hex, hex.slice(2)];
}
