// Addresses in base58check: a version, a hash, and the first four bytes of its double SHA-256.
import { createBase58check } from '@scure/base';
import { sha256 } from '../hash.js';
import { networkOf, type Network } from './network.js';

const base58check = createBase58check(sha256);

/** Base58 takes quadratic time; no address that is decoded here is longer. */
const MAX_LENGTH = 120;

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
  const network = networkOf(chain);
  const bytes = decodeBase58Check(text);
  return network && bytes && hashAddressOf(bytes, network);
}

/** @param bytes the version and the hash @returns `undefined` for bytes that are no address of the network */
export function hashAddressOf(bytes: Uint8Array, { keyHash, scriptHash }: Network): HashAddress | undefined {
  const [version = -1] = bytes;
  const hash = bytes.subarray(1);
  if (hash.length !== 20) return undefined;
  if (keyHash.includes(version)) return { type: 'keyHash', hash };
  return scriptHash.includes(version) ? { type: 'scriptHash', hash } : undefined;
}

/** @param address with a hash of 20 bytes */
export function encodeHashAddress({ type, hash }: HashAddress, network: Network): string {
  return base58check.encode(Uint8Array.of(network[type][0] ?? 0, ...hash));
}
