// Addresses whose chain is known.
import { familyOf, type Family } from '../chain.js';
import { decodeHashAddress, encodeBase58Check, encodeHashAddress } from './base58.js';
import { decodeBech32 } from './bech32.js';
import { canonicalByForm } from './by-form.js';
import { canonicalCashAddr } from './cash-addr.js';
import { networkOf } from './network.js';
import { canonicalTon } from './ton.js';

const EVM = /^(?:0x)?[0-9a-f]{40}$/i;
/** 20 bytes after 0x41, with and without `0x`; or the 20 bytes alone, as smart contracts have them. */
const TRON = /^(?:(?:0x)?41|0x)([0-9a-f]{40})$/i;
const TRON_VERSION = 0x41;
/** By their prefixes. No base58 address begins like this, except by chance. */
const BECH32 = /^(?:bc|tb|bcrt|ltc|tltc|rltc|cosmos|addr|addr_test|stake|stake_test)1/;
const PADDED = /^(?:0x)?([0-9a-f]{1,64})$/i;

type Canonical = (text: string, chain: string) => string;

/** All other families have one spelling of each address. */
const CANONICAL: Readonly<Partial<Record<Family, Canonical>>> = {
  evm: canonicalEvm,
  bitcoin: canonicalBech32,
  litecoin: canonicalLitecoin,
  bitcoincash: (text, chain) => canonicalCashAddr(text, chain) ?? text,
  tron: canonicalTron,
  ton: (text) => canonicalTon(text) ?? text,
  aptos: canonicalPadded,
  sui: canonicalPadded,
  cosmos: canonicalBech32,
  cardano: canonicalBech32,
};

/**
 * @param text without invisible characters
 * @param chain such as `evm/1`
 * @returns the address in the one spelling that is used to compare; text that is no address, as written
 */
export function canonicalByChain(text: string, chain: string): string {
  return CANONICAL[familyOf(chain)]?.(text, chain) ?? text;
}

/** Without a checksum, which only the case of letters carries (EIP-55). */
function canonicalEvm(text: string): string {
  if (!EVM.test(text)) return canonicalByForm(text);
  return text.length === 42 ? text.toLowerCase() : `0x${text.toLowerCase()}`;
}

/** The case of bech32 means nothing; that of any other string does, so the checksum must be right. */
function canonicalBech32(text: string): string {
  const lower = text.toLowerCase();
  return text === lower || !BECH32.test(lower) || decodeBech32(lower) === undefined ? text : lower;
}

/** A script has two addresses: the one that begins with 3 (2 on the test network) is the older. */
function canonicalLitecoin(text: string, chain: string): string {
  if (text.startsWith('3') || text.startsWith('2')) {
    const network = networkOf(chain);
    const address = decodeHashAddress(text, chain);
    return network === undefined || address === undefined ? text : encodeHashAddress(address, network);
  }
  return canonicalBech32(text);
}

function canonicalTron(text: string): string {
  const hash = TRON.exec(text)?.[1];
  return hash === undefined
    ? text
    : encodeBase58Check(Uint8Array.of(TRON_VERSION, ...Buffer.from(hash, 'hex')));
}

/** Aptos and Sui: 32 bytes, of which leading zeros may be left out (AIP-40). */
function canonicalPadded(text: string): string {
  const digits = PADDED.exec(text)?.[1];
  return digits === undefined ? text : `0x${digits.toLowerCase().padStart(64, '0')}`;
}
