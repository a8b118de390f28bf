// The elementary types that the contract ABI and typed data (EIP-712) share.

/** Bytes of one word: values are encoded in multiples of it. */
export const WORD = 32;

export type Atom =
  | { readonly kind: 'address' | 'bool' | 'string' | 'bytes' }
  | { readonly kind: 'integer'; readonly signed: boolean; readonly bits: number }
  | { readonly kind: 'fixedBytes'; readonly length: number };

const INTEGER = /^(u?)int([1-9]\d{0,2})$/;
const FIXED_BYTES = /^bytes([1-9]\d?)$/;

/** @returns `undefined` for a name that is no elementary type, such as `uint` without a size */
export function parseAtom(name: string): Atom | undefined {
  if (name === 'address' || name === 'bool' || name === 'string' || name === 'bytes') return { kind: name };
  const integer = INTEGER.exec(name);
  const bits = Number(integer?.[2]);
  if (integer && bits <= 256 && bits % 8 === 0) return { kind: 'integer', signed: integer[1] === '', bits };
  const length = Number(FIXED_BYTES.exec(name)?.[1]);
  return length <= 32 ? { kind: 'fixedBytes', length } : undefined;
}
