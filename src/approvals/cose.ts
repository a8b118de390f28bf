// Reads a passkey's public key, a COSE key (RFC 9052), as far as needed to know whether it can be used.
import { type AsymmetricKeyDetails, createPublicKey, type JsonWebKey } from 'node:crypto';
import { type CBORType, decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import { isWeakEd25519 } from '../protocol/ed25519.js';

/** COSE algorithms of passkeys: ES256, EdDSA and RS256. */
export const ALGORITHMS = [-7, -8, -257];

const KTY = 1;
const ALG = 3;
/** Length of a P-256 coordinate and of an Ed25519 key, in bytes. */
const COORDINATE_BYTES = 32;
/** Limits of RSA keys, in bits: more would cost seconds. */
const RSA_BITS = { min: 2048, max: 8192 };
const LEAST_EXPONENT = 65537n;

/** @returns why a key can't be used; `undefined` if it can */
export function coseProblem(bytes: Uint8Array): string | undefined {
  const key = decode(bytes);
  if (key === undefined) return 'its public key is not a COSE key';
  const jwk = toJwk(key);
  if (jwk === undefined) return 'its public key is not ES256, EdDSA or RS256, which are the keys of passkeys';
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' });
    if (jwk.kty === 'RSA') return rsaProblem(asymmetricKeyDetails ?? {});
    const isWeak = jwk.kty === 'OKP' && isWeakEd25519(Buffer.from(jwk.x ?? '', 'base64url'));
    return isWeak ? 'its public key is a placeholder, for which anyone can sign' : undefined;
  } catch {
    return 'its public key is not a point of its curve, or not a key';
  }
}

/** With a small exponent, or in a small field, anyone could sign. */
function rsaProblem({ modulusLength = 0, publicExponent = 0n }: AsymmetricKeyDetails): string | undefined {
  const { min, max } = RSA_BITS;
  if (modulusLength < min || modulusLength > max) {
    return `its RSA key has ${modulusLength} bits instead of ${min} to ${max}`;
  }
  const isUsual = publicExponent >= LEAST_EXPONENT && publicExponent % 2n === 1n;
  return isUsual ? undefined : `its RSA key has the public exponent ${publicExponent}`;
}

/** @returns `undefined` unless the bytes are one CBOR map in the spelling of WebAuthn */
function decode(bytes: Uint8Array): ReadonlyMap<CBORType, CBORType> | undefined {
  try {
    const value = decodeCBOR(new Uint8Array(bytes));
    return value instanceof Map && Buffer.from(encodeCBOR(value)).equals(bytes) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** @returns `undefined` if it is for another algorithm. What is missing or has a wrong length is empty, which is no key */
function toJwk(key: ReadonlyMap<CBORType, CBORType>): JsonWebKey | undefined {
  const text = (label: number, length?: number): string => {
    const value = key.get(label);
    if (!(value instanceof Uint8Array) || value.length !== (length ?? value.length)) return '';
    return Buffer.from(value).toString('base64url');
  };
  const is = (kty: number, alg: number): boolean => key.get(KTY) === kty && key.get(ALG) === alg;
  const curve = key.get(-1);
  if (is(2, -7) && curve === 1) {
    const [x, y] = [text(-2, COORDINATE_BYTES), text(-3, COORDINATE_BYTES)];
    return { kty: 'EC', crv: 'P-256', x, y };
  }
  if (is(1, -8) && curve === 6) return { kty: 'OKP', crv: 'Ed25519', x: text(-2, COORDINATE_BYTES) };
  if (is(3, -257)) return { kty: 'RSA', n: text(-1), e: text(-2) };
  return undefined;
}
