// Addresses in the spellings of their chains, written out by hand from the chains' specifications.
import { createHash } from 'node:crypto';
import { encodeBase58 } from 'ethers';

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
/** Generator of the BCH code that Bitcoin Cash addresses end in. */
const GENERATOR = [0x98f2bc8e61n, 0x79b76d99e2n, 0xf33e5fb3c4n, 0xae2eabe2a8n, 0x1e4f43e470n];

/** A P2PKH address of Bitcoin Cash, with its prefix. */
export function cashAddress(keyHash: Buffer): string {
  const words = fiveBits(Buffer.concat([Buffer.from([0]), keyHash]));
  const prefix = Array.from('bitcoincash', (letter) => letter.charCodeAt(0) & 0x1f);
  const checksum = polymod([...prefix, 0, ...words, ...Array<number>(8).fill(0)]);
  const tail = Array.from({ length: 8 }, (_, i) => Number((checksum >> BigInt(5 * (7 - i))) & 0x1fn));
  return `bitcoincash:${[...words, ...tail].map((word) => BECH32.charAt(word)).join('')}`;
}

function polymod(values: readonly number[]): bigint {
  let checksum = 1n;
  for (const value of values) {
    const top = checksum >> 35n;
    checksum = ((checksum & 0x07ffffffffn) << 5n) ^ BigInt(value);
    GENERATOR.forEach((term, i) => {
      if ((top >> BigInt(i)) & 1n) checksum ^= term;
    });
  }
  return checksum ^ 1n;
}

function fiveBits(bytes: Buffer): readonly number[] {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((word) => parseInt(word.padEnd(5, '0'), 2));
}

/** A Tron address as wallets show it, or in hex with Tron's prefix 41. */
export function tronAddress(account: Buffer): { readonly base58: string; readonly hex: string } {
  return {
    base58: base58check(Buffer.concat([Buffer.from([0x41]), account])),
    hex: `41${account.toString('hex')}`,
  };
}

function base58check(bytes: Buffer): string {
  const checksum = sha256(sha256(bytes)).subarray(0, 4);
  return encodeBase58(Buffer.concat([bytes, checksum]));
}

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** A TON address of the basechain in its three spellings (TEP-2). */
export function tonAddress(hash: Buffer): Readonly<Record<'raw' | 'bounceable' | 'nonBounceable', string>> {
  return {
    raw: `0:${hash.toString('hex')}`,
    bounceable: friendly(0x11, hash),
    nonBounceable: friendly(0x51, hash),
  };
}

function friendly(tag: number, hash: Buffer): string {
  const body = Buffer.concat([Buffer.from([tag, 0]), hash]);
  const checksum = Buffer.alloc(2);
  checksum.writeUInt16BE(crc16(body));
  return Buffer.concat([body, checksum]).toString('base64url');
}

/** CRC-16/XMODEM. */
function crc16(bytes: Buffer): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = ((crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
  }
  return crc;
}

const XRP_ALPHABET = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz';
const BITCOIN_ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A classic address of the XRP ledger: base58 in its own alphabet. */
export function xrpAddress(account: Buffer): string {
  const bitcoin = base58check(Buffer.concat([Buffer.from([0]), account]));
  return Array.from(bitcoin, (letter) => XRP_ALPHABET.charAt(BITCOIN_ALPHABET.indexOf(letter))).join('');
}
