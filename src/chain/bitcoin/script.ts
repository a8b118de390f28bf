// The standard scripts of outputs, and where the change of an input may go.
import type { Network } from '../address/network.js';
import { sha256 } from '../hash.js';
import { hash160 } from './bytes.js';

const OP_0 = 0x00;
const OP_EQUAL = 0x87;
const OP_HASH160 = 0xa9;
const OP_1 = 0x51;
const OP_CHECKSIG = 0xac;
const OP_CHECKMULTISIG = 0xae;
/** Keys that OP_1 to OP_16 can count. */
const MAX_KEYS = 16;

/** @param hash 20 bytes */
export function payToKeyHash(hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0x76, OP_HASH160, 20), hash, Buffer.of(0x88, OP_CHECKSIG)]);
}

/** BIP-16. @param hash 20 bytes */
export function payToScriptHash(hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(OP_HASH160, 20), hash, Buffer.of(OP_EQUAL)]);
}

/** Pays to a script by its double SHA-256, on Bitcoin Cash since May 2023. @param hash 32 bytes */
export function payToScriptHash32(hash: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(0xaa, 32), hash, Buffer.of(OP_EQUAL)]);
}

/** BIP-141. @param version 0 to 16 @param program 2 to 40 bytes */
export function payToWitness(version: number, program: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(version === 0 ? OP_0 : 0x50 + version, program.length), program]);
}

/** @returns the hash of the key in a P2PKH script */
export function keyHashOf(script: Buffer): Buffer | undefined {
  const matches =
    script.length === 25 &&
    script.readUIntBE(0, 3) === 0x76a914 &&
    script[23] === 0x88 &&
    script[24] === OP_CHECKSIG;
  return matches ? script.subarray(3, 23) : undefined;
}

/** @returns the hash of the script in a P2SH script */
export function scriptHashOf(script: Buffer): Buffer | undefined {
  const matches = script.length === 23 && script.readUInt16BE() === 0xa914 && script[22] === OP_EQUAL;
  return matches ? script.subarray(2, 22) : undefined;
}

/** @returns the hash of the script in a P2SH32 script of Bitcoin Cash */
export function scriptHash32Of(script: Buffer): Buffer | undefined {
  const matches = script.length === 35 && script.readUInt16BE() === 0xaa20 && script[34] === OP_EQUAL;
  return matches ? script.subarray(2, 34) : undefined;
}

export interface WitnessProgram {
  readonly version: number;
  readonly program: Buffer;
}

/** BIP-141 */
export function witnessProgramOf(script: Buffer): WitnessProgram | undefined {
  const [first = 0, length = 0] = script;
  const isVersion = first === OP_0 || (first >= 0x51 && first <= 0x60);
  if (!isVersion || length < 2 || length > 40 || script.length !== length + 2) return undefined;
  return { version: first === OP_0 ? 0 : first - 0x50, program: script.subarray(2) };
}

/** @returns the hash of the key in a P2PKH or P2PK script */
export function signerOf(script: Buffer): Buffer | undefined {
  const isKey =
    (script.length === 35 || script.length === 67) &&
    script[0] === script.length - 2 &&
    script[script.length - 1] === OP_CHECKSIG;
  return isKey ? hash160(script.subarray(1, -1)) : keyHashOf(script);
}

/** Whether it is m of n compressed keys: `OP_m <key>… OP_n OP_CHECKMULTISIG` (BIP-11). */
export function isMultisig(script: Buffer): boolean {
  const [first = 0] = script;
  const last = script[script.length - 2] ?? 0;
  const keys = last - OP_1 + 1;
  if (first < OP_1 || first > last || keys > MAX_KEYS || script.length !== 3 + keys * 34) return false;
  const lengths = Array.from({ length: keys }, (_, i) => script[1 + i * 34]);
  return script[script.length - 1] === OP_CHECKMULTISIG && lengths.every((length) => length === 33);
}

/**
 * The scripts of outputs that whoever can sign this input can spend: its key, or else its script, in each form that the
 * network has. The likeliest come first.
 * @param code the script in the input's preimage: of a P2PKH output, of a P2WPKH key (BIP-143), or behind a hash
 */
export function changeScripts(code: Buffer, { segwit }: Network): readonly Buffer[] {
  const key = signerOf(code);
  if (key !== undefined) {
    if (segwit === undefined) return [payToKeyHash(key)];
    const witness = payToWitness(0, key);
    return [witness, payToScriptHash(hash160(witness)), payToKeyHash(key)];
  }
  const script = payToScriptHash(hash160(code));
  if (segwit === undefined) return [script];
  const witness = payToWitness(0, sha256(code));
  return [witness, payToScriptHash(hash160(witness)), script];
}
