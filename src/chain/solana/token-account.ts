// The token account of an owner, whose address is derived from the owner's and the mint's.
// https://solana.com/docs/core/pda, https://solana.com/docs/tokens/basics/create-token-account
import { Field, FpIsSquare } from '@noble/curves/abstract/modular.js';
import { base58 } from '@scure/base';
import { sha256 } from '../hash.js';

export const ASSOCIATED_TOKEN_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL';
export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA';
export const TOKEN_2022_PROGRAM = 'TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb';

const ED25519_PRIME = 2n ** 255n - 19n;
/** The curve's constant d (RFC 8032, section 5.1). */
const ED25519_D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;

/**
 * @param program the token program that the account belongs to
 * @returns `undefined` if the owner or the mint is no Solana address
 */
export function tokenAccountOf(owner: string, program: string, mint: string): string | undefined {
  const seeds = [owner, program, mint].map(bytesOf);
  if (seeds.some(({ length }) => length !== 32)) return undefined;
  const suffix = [bytesOf(ASSOCIATED_TOKEN_PROGRAM), Buffer.from('ProgramDerivedAddress')];
  for (let bump = 255; bump >= 0; bump--) {
    const address = sha256(Buffer.concat([...seeds, Buffer.of(bump), ...suffix]));
    if (!isOnCurve(address)) return base58.encode(address);
  }
  return undefined;
}

/** The bytes of an address; empty for text that is none. */
function bytesOf(address: string): Uint8Array {
  return /^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(address) ? base58.decode(address) : new Uint8Array();
}

/**
 * Whether the bytes are a point of Ed25519, and so may be a public key: whether y has an x, for which
 * x² = (y² - 1) / (d y² + 1). As in Solana's curve25519-dalek, the sign of x is ignored, and y is taken modulo the prime.
 */
export function isOnCurve(bytes: Uint8Array): boolean {
  const field = Field(ED25519_PRIME);
  const littleEndian = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  const square = field.sqr(field.create(BigInt.asUintN(255, littleEndian)));
  const numerator = field.sub(square, 1n);
  const denominator = field.add(field.mul(square, ED25519_D), 1n);
  // A fraction is a square if the product of its parts is; the denominator is never 0.
  return FpIsSquare(field, field.mul(numerator, denominator));
}
