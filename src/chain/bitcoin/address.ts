// Converts addresses of Bitcoin and its kin to the scripts of outputs, and back.
import { bech32, bech32m, createBase58check } from '@scure/base';
import { canonicalAddress } from '../address/canonical.js';
import { sha256 } from './bytes.js';
import { decodeCashAddress, encodeCashAddress } from './cash-address.js';
import type { Network } from './network.js';
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

const base58check = createBase58check(sha256);
/** No address of these chains is longer. */
const MAX_LENGTH = 120;
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

/** BIP-173 and BIP-350: version 0 has bech32, the others bech32m. */
function decodeSegwit(address: string, { segwit }: Network): DecodedAddress {
  if (!address.includes('1')) return undefined;
  const plain = bech32.decodeUnsafe(address);
  const decoded = plain ?? bech32m.decodeUnsafe(address);
  if (!decoded) return undefined;
  if (decoded.prefix !== segwit) return 'foreign';
  const [version = -1, ...words] = decoded.words;
  const program = bech32.fromWordsUnsafe(words);
  if (!program || version < 0 || version > 16 || (version === 0) !== Boolean(plain)) return undefined;
  const { length } = program;
  const isLengthValid = version === 0 ? length === 20 || length === 32 : length >= 2 && length <= 40;
  return isLengthValid ? payToWitness(version, program) : undefined;
}

function decodeCash(address: string, { cash }: Network): DecodedAddress {
  const decoded = cash === undefined ? undefined : decodeCashAddress(address, cash);
  if (decoded === undefined) {
    const prefix = address.split(':', 1)[0]?.toLowerCase() ?? '';
    const isOther = CASH_PREFIXES.includes(prefix) && decodeCashAddress(address, prefix) !== undefined;
    return isOther ? 'foreign' : undefined;
  }
  const { isScript, hash } = decoded;
  if (hash.length === 20) return isScript ? payToScriptHash(hash) : payToKeyHash(hash);
  return isScript && hash.length === 32 ? payToScriptHash32(hash) : undefined;
}

function decodeBase58(address: string, { keyHash, scriptHash }: Network): DecodedAddress {
  let bytes;
  try {
    bytes = base58check.decode(address);
  } catch {
    return undefined;
  }
  const [version = -1] = bytes;
  const hash = bytes.subarray(1);
  if (hash.length !== 20) return 'foreign';
  if (keyHash.includes(version)) return payToKeyHash(hash);
  return scriptHash.includes(version) ? payToScriptHash(hash) : 'foreign';
}

/** The address of an output, in canonical form. @returns `undefined` for a script that has none */
export function scriptToAddress(script: Buffer, network: Network): string | undefined {
  const { keyHash, scriptHash, segwit, cash, chain } = network;
  const witness = segwit === undefined ? undefined : witnessProgramOf(script);
  if (segwit !== undefined && witness !== undefined) return encodeSegwit(segwit, witness);
  const key = keyHashOf(script);
  const hash = key ?? scriptHashOf(script) ?? (cash === undefined ? undefined : scriptHash32Of(script));
  if (hash === undefined) return undefined;
  const isScript = key === undefined;
  if (cash !== undefined) return canonicalAddress(encodeCashAddress({ isScript, hash }, cash), chain);
  const address = encodeBase58((isScript ? scriptHash : keyHash)[0], hash);
  // Litecoin has two forms of the addresses of scripts.
  return scriptHash.length > 1 ? canonicalAddress(address, chain) : address;
}

function encodeSegwit(prefix: string, { version, program }: { version: number; program: Buffer }): string {
  const encoding = version === 0 ? bech32 : bech32m;
  return encoding.encode(prefix, [version, ...encoding.toWords(program)]);
}

function encodeBase58(version = 0, hash: Buffer): string {
  return base58check.encode(Buffer.concat([Buffer.of(version), hash]));
}
