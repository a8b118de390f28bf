// Converts addresses of Bitcoin and its kin to the scripts of outputs, and back.
import { decodeBase58Check, encodeHashAddress, hashAddressOf, type HashAddress } from '../address/base58.js';
import { decodeBech32, encodeSegwit, witnessOf } from '../address/bech32.js';
import { canonicalAddress } from '../address/canonical.js';
import { decodeCashAddr, encodeCashAddr } from '../address/cash-addr.js';
import type { Network } from '../address/network.js';
import {
  keyHashOf,
  payToKeyHash,
  payToScriptHash,
  payToScriptHash32,
  payToWitness,
  scriptHash32Of,
  scriptHashOf,
  witnessProgramOf,
} from './script.js';

/** No address of these chains is longer. */
const MAX_LENGTH = 120;
/** BIP-173 */
const MAX_SEGWIT_LENGTH = 90;
const CASH_PREFIXES = ['bitcoincash', 'bchtest', 'bchreg'];

/** `foreign`: a valid address of another network. */
export type DecodedAddress = Buffer | 'foreign' | undefined;

/**
 * The script that pays to an address.
 * @returns `undefined` if it is no address of a known form, such as one with a wrong checksum
 */
export function addressToScript(text: string, network: Network): DecodedAddress {
  const address = text.trim();
  if (address.length > MAX_LENGTH) return undefined;
  const script = decode(address, network);
  if (script !== undefined) return script;
  const canonical = canonicalAddress(text, network.chain);
  return canonical === address ? undefined : decode(canonical, network);
}

function decode(address: string, network: Network): DecodedAddress {
  if (/^0x[0-9a-f]{40}$/i.test(address)) return 'foreign';
  const isOneCase = address === address.toLowerCase() || address === address.toUpperCase();
  const script = isOneCase
    ? (decodeSegwit(address, network) ?? decodeCash(address, network))
    : decodeBase58(address, network);
  // In theory a base58 address may be in one case as well.
  return script ?? (isOneCase ? decodeBase58(address, network) : undefined);
}

function decodeSegwit(address: string, { segwit }: Network): DecodedAddress {
  if (!address.includes('1') || address.length > MAX_SEGWIT_LENGTH) return undefined;
  const decoded = decodeBech32(address);
  if (decoded === undefined) return undefined;
  if (decoded.prefix !== segwit) return 'foreign';
  const witness = witnessOf(decoded);
  return witness && payToWitness(witness.version, witness.program);
}

function decodeCash(address: string, { cash }: Network): DecodedAddress {
  const decoded = cash === undefined ? undefined : decodeCashAddr(address, cash);
  if (decoded !== undefined) return toScript(decoded);
  const prefix = address.split(':', 1)[0]?.toLowerCase() ?? '';
  const isOther = CASH_PREFIXES.includes(prefix) && decodeCashAddr(address, prefix) !== undefined;
  return isOther ? 'foreign' : undefined;
}

function decodeBase58(address: string, network: Network): DecodedAddress {
  const bytes = decodeBase58Check(address);
  if (bytes === undefined) return undefined;
  const decoded = hashAddressOf(bytes, network);
  return decoded === undefined ? 'foreign' : toScript(decoded);
}

/** @returns `undefined` for a hash of a size that no script has */
function toScript({ type, hash }: HashAddress): Buffer | undefined {
  if (hash.length === 20) return type === 'keyHash' ? payToKeyHash(hash) : payToScriptHash(hash);
  return type === 'scriptHash' && hash.length === 32 ? payToScriptHash32(hash) : undefined;
}

/** The address of an output, in canonical form. @returns `undefined` for a script that has none */
export function scriptToAddress(script: Buffer, network: Network): string | undefined {
  const { segwit, cash } = network;
  const witness = segwit === undefined ? undefined : witnessProgramOf(script);
  if (segwit !== undefined && witness !== undefined) return encodeSegwit(segwit, witness);
  const key = keyHashOf(script);
  const hash = key ?? scriptHashOf(script) ?? (cash === undefined ? undefined : scriptHash32Of(script));
  if (hash === undefined) return undefined;
  const address: HashAddress = { type: key === undefined ? 'scriptHash' : 'keyHash', hash };
  return cash === undefined ? encodeHashAddress(address, network) : encodeCashAddr(address, cash);
}
