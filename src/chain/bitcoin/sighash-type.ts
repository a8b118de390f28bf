// The types of signature hash, which say how much of a transaction a signature binds.
import type { Network } from '../address/network.js';

export const SIGHASH_ALL = 0x01;
/** Bitcoin Cash signs BIP-143 preimages for all inputs, marked by this bit. */
export const SIGHASH_FORKID = 0x40;
const ANYONECANPAY = 0x80;
const BASE_TYPES: Readonly<Record<number, string>> = { 1: 'ALL', 2: 'NONE', 3: 'SINGLE' };

/** The only type that binds all inputs and all outputs. */
export function requiredSighash({ cash }: Network): number {
  return cash === undefined ? SIGHASH_ALL : SIGHASH_ALL | SIGHASH_FORKID;
}

/** @returns such as `SIGHASH_SINGLE|ANYONECANPAY (0x83)` */
export function sighashName(type: number): string {
  const code = `0x${type.toString(16).padStart(2, '0')}`;
  const base = BASE_TYPES[type & ~(ANYONECANPAY | SIGHASH_FORKID)];
  if (base === undefined) return `the signature hash type ${code}`;
  const forkId = (type & SIGHASH_FORKID) === 0 ? '' : '|FORKID';
  return `SIGHASH_${base}${forkId}${(type & ANYONECANPAY) === 0 ? '' : '|ANYONECANPAY'} (${code})`;
}
