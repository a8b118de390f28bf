// Reads a passkey's public key, a COSE key (RFC 9052), as far as needed to tell whether it can be used.
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { type CBORType, decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';

/** COSE algorithms of passkeys: ES256, EdDSA and RS256. */
export const ALGORITHMS = [-7, -8, -257];

const KTY = 1;
const ALG = 3;

/** @returns why a key can't be used; `undefined` if it can */
export function coseProblem(bytes: Uint8Array): string | undefined {
  const key = decode(bytes);
  if (key === undefined) return 'its public key is not a COSE key';
  const jwk = toJwk(key);
  if (jwk === undefined) return 'its public key is not ES256, EdDSA or RS256, which are the keys of passkeys';
  try {
    const { asymmetricKeyDetails } = createPublicKey({ key: jwk, format: 'jwk' });
    const { modulusLength = 2048 } = asymmetricKeyDetails ?? {};
    return modulusLength < 2048 ? 'its RSA key has fewer than 2048 bits' : undefined;
  } catch {
    return 'its public key is not a point of its curve, or not a key';
  }
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

function toJwk(key: ReadonlyMap<CBORType, CBORType>): JsonWebKey | undefined {
  const text = (label: number): string | undefined => {
    const value = key.get(label);
    return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : undefined;
  };
  const [first, second] = [text(-1), text(-2)];
  const kind = [key.get(KTY), key.get(ALG)]
    .map((value) => (typeof value === 'number' ? value : '?'))
    .join('/');
  const curve = key.get(-1);
  const y = text(-3);
  if (kind === '2/-7' && curve === 1 && second !== undefined && y !== undefined) {
    return { kty: 'EC', crv: 'P-256', x: second, y };
  }
  if (kind === '1/-8' && curve === 6 && second !== undefined)
    return { kty: 'OKP', crv: 'Ed25519', x: second };
  if (kind === '3/-257' && first !== undefined && second !== undefined) {
    return { kty: 'RSA', n: first, e: second };
  }
  return undefined;
}
