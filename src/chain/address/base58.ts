// Addresses in base58check: a version, a hash, and the first four bytes of its double SHA-256.
import { createHash } from 'node:crypto';
import { createBase58check } from '@scure/base';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const base58check = createBase58check(sha256);

/** Base58 takes quadratic time; no address that is decoded here is longer. */
const MAX_LENGTH = 120;

interface Versions {
  readonly keyHash: number;
  readonly scriptHash: number;
  /** Another version of the script hash, for the same script. */
  readonly oldScriptHash?: number;
}

const BITCOIN_TESTNET: Versions = { keyHash: 0x6f, scriptHash: 0xc4 };

/** The `base58Prefixes` in `chainparams.cpp` of Bitcoin Core, Litecoin Core, Bitcoin Cash Node, Dogecoin Core and Dash Core. */
const VERSIONS: Readonly<Record<string, Versions>> = {
  bitcoin: { keyHash: 0x00, scriptHash: 0x05 },
  'bitcoin/testnet': BITCOIN_TESTNET,
  litecoin: { keyHash: 0x30, scriptHash: 0x32, oldScriptHash: 0x05 },
  'litecoin/testnet': { keyHash: 0x6f, scriptHash: 0x3a, oldScriptHash: 0xc4 },
  bitcoincash: { keyHash: 0x00, scriptHash: 0x05 },
  'bitcoincash/testnet': BITCOIN_TESTNET,
  dogecoin: { keyHash: 0x1e, scriptHash: 0x16 },
  'dogecoin/testnet': { keyHash: 0x71, scriptHash: 0xc4 },
  dash: { keyHash: 0x4c, scriptHash: 0x10 },
  'dash/testnet': { keyHash: 0x8c, scriptHash: 0x13 },
};

/** What an address of Bitcoin or its kin pays to. */
export interface HashAddress {
  readonly type: 'keyHash' | 'scriptHash';
  readonly hash: Uint8Array;
}

/** @returns the bytes without the checksum; `undefined` if it is wrong, or the text is no base58 */
export function decodeBase58Check(text: string): Uint8Array | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  try {
    return base58check.decode(text);
  } catch {
    return undefined;
  }
}

export function encodeBase58Check(bytes: Uint8Array): string {
  return base58check.encode(bytes);
}

/** @param chain of Bitcoin or its kin @returns `undefined` for text that is no base58 address of the chain */
export function decodeHashAddress(text: string, chain: string): HashAddress | undefined {
  const versions = VERSIONS[chain];
  const bytes = decodeBase58Check(text);
  if (versions === undefined || bytes?.length !== 21) return undefined;
  const hash = bytes.subarray(1);
  if (bytes[0] === versions.keyHash) return { type: 'keyHash', hash };
  const isScript = bytes[0] === versions.scriptHash || bytes[0] === versions.oldScriptHash;
  return isScript ? { type: 'scriptHash', hash } : undefined;
}

/** @returns `undefined` for a chain without base58 addresses */
export function encodeHashAddress({ type, hash }: HashAddress, chain: string): string | undefined {
  const version = VERSIONS[chain]?.[type];
  return version === undefined ? undefined : base58check.encode(Uint8Array.of(version, ...hash));
}
