// Whether a string is an address of a chain: its form, length and checksum.
import { hash } from 'node:crypto';
import { base32nopad, base58, base58xrp } from '@scure/base';
import { familyOf, type Family } from '../chain.js';
import { doubleSha256 } from '../hash.js';
import { decodeBase58Check, decodeHashAddress } from './base58.js';
import { decodeBech32, witnessOf } from './bech32.js';
import { canonicalByChain } from './by-chain.js';
import { canonicalCashAddr } from './cash-addr.js';
import { crc16 } from './crc16.js';
import { networkOf } from './network.js';

type Validate = (text: string, chain: string) => boolean | undefined;

const VALIDATE: Readonly<Record<Family, Validate>> = {
  evm: (text, chain) => /^0x[0-9a-f]{40}$/.test(canonicalByChain(text, chain)),
  bitcoin: (text, chain) => isSegwit(text, chain) || isHash(text, chain),
  litecoin: (text, chain) => isSegwit(text, chain) || isHash(text, chain),
  bitcoincash: (text, chain) => canonicalCashAddr(text, chain) !== undefined,
  dogecoin: isHash,
  dash: isHash,
  solana: isSolana,
  tron: (text, chain) => isTron(canonicalByChain(text, chain)),
  ton: (text, chain) => /^(?:0|-1):[0-9a-f]{64}$/.test(canonicalByChain(text, chain)),
  aptos: (text) => /^(?:0x)?[0-9a-f]{1,64}$/i.test(text),
  sui: (text) => /^(?:0x)?[0-9a-f]{1,64}$/i.test(text),
  xrp: isXrp,
  stellar: isStellar,
  cardano: isCardano,
  cosmos: (text) => decodeBech32(text)?.prefix === 'cosmos',
  // SS58 has a BLAKE2b checksum, and one account has an address for each network's prefix.
  polkadot: () => undefined,
  algorand: isAlgorand,
  // https://docs.near.org/protocol/account-id
  near: (text) => text.length >= 2 && text.length <= 64 && /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/.test(text),
  tezos: isTezos,
};

/**
 * @param text without invisible characters
 * @returns `undefined` if this can't be validated
 */
export function validateByChain(text: string, chain: string): boolean | undefined {
  return text.length <= 200 && VALIDATE[familyOf(chain)](text, chain);
}

function isHash(text: string, chain: string): boolean {
  return decodeHashAddress(text, chain) !== undefined;
}

function isSegwit(text: string, chain: string): boolean {
  const address = decodeBech32(text);
  return (
    address !== undefined && address.prefix === networkOf(chain)?.segwit && witnessOf(address) !== undefined
  );
}

function isTron(canonical: string): boolean {
  const bytes = decodeBase58Check(canonical);
  return bytes?.length === 21 && bytes[0] === 0x41;
}

function isSolana(text: string): boolean {
  return /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(text) && base58.decode(text).length === 32;
}

/** Classic addresses (https://xrpl.org/docs/references/protocol/data-types/base58-encodings) and X-addresses (XLS-5). */
function isXrp(text: string, chain: string): boolean {
  if (text.length > 60) return false;
  const bytes = attempt(() => XRP.decode(text));
  if (bytes?.length === 21) return bytes[0] === 0;
  const [first, second] = chain === 'xrp' ? [0x05, 0x44] : [0x04, 0x93];
  return bytes?.length === 31 && bytes[0] === first && bytes[1] === second;
}

const XRP = {
  decode(text: string): Uint8Array {
    const bytes = base58xrp.decode(text);
    const content = bytes.slice(0, -4);
    if (!doubleSha256(content).subarray(0, 4).equals(bytes.slice(-4))) throw new Error('wrong checksum');
    return content;
  },
};

/** Accounts (G), muxed accounts (M) and contracts (C): SEP-23. */
function isStellar(text: string): boolean {
  const bytes = attempt(() => base32nopad.decode(text));
  if (bytes === undefined || bytes.length < 35) return false;
  const sum = (bytes.at(-1) ?? 0) * 256 + (bytes.at(-2) ?? 0);
  const size = text.startsWith('M') ? 43 : 35;
  return /^[GMC]/.test(text) && bytes.length === size && crc16(bytes.subarray(0, -2)) === sum;
}

/** CIP-19; the base58 addresses of the Byron era can't be validated. */
function isCardano(text: string, chain: string): boolean | undefined {
  const prefix = chain === 'cardano' ? 'addr' : 'addr_test';
  if (/^(?:Ae2|DdzFF|37bt|2cWK)/.test(text)) return undefined;
  const address = decodeBech32(text);
  return address?.prefix === prefix && address.encoding === 'bech32';
}

/** https://developer.algorand.org/docs/get-details/accounts/ */
function isAlgorand(text: string): boolean {
  const bytes = text.length === 58 ? attempt(() => base32nopad.decode(text)) : undefined;
  if (bytes?.length !== 36) return false;
  const digest = hash('sha512-256', bytes.subarray(0, 32), 'buffer');
  return digest.subarray(-4).equals(bytes.subarray(32));
}

/** Accounts (tz1 to tz4) and contracts (KT1): prefixes in https://octez.tezos.com/docs/ `base58check`. */
function isTezos(text: string): boolean {
  return /^(?:tz[1-4]|KT1)/.test(text) && decodeBase58Check(text)?.length === 23 && text.length === 36;
}

function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch {
    return undefined;
  }
}
