// The public keys of those who initiate transactions, and their signatures.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeBase64, isWeakEd25519 } from './ed25519.js';
import { KeyError } from './key-error.js';
import { describeKey, HASH, isPrivate, readPublicKey, RSA_BITS } from './key.js';
import { pemBlocks } from './pem.js';

/** Smaller exponents have made attacks on sloppy implementations possible. */
const LEAST_EXPONENT = 65537n;
const EXPECTED = `an Ed25519 key, an EC key on the curve P-256 or an RSA key with at least ${RSA_BITS} bits is required`;

/**
 * Imports a public key: Ed25519, ECDSA P-256, or RSA with at least 2048 bits.
 * @param text one key in PEM, or base64 of its SubjectPublicKeyInfo in DER
 * @throws {KeyError}
 */
export function importInitiatorKey(text: string): KeyObject {
  const key = readDer(text) ?? readPem(text);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type === 'ed25519') {
    const raw = key.export({ type: 'spki', format: 'der' }).subarray(-32);
    if (!isWeakEd25519(raw)) return key;
    throw new KeyError('KEY_UNREADABLE', 'it is a placeholder, for which anyone can make signatures');
  }
  if (type === 'ec' && details.namedCurve === 'prime256v1') return key;
  if (type !== 'rsa') throw new KeyError('KEY_WRONG_TYPE', `it is ${describeKey(key)}: ${EXPECTED}`);
  const { modulusLength = 0, publicExponent = 0n } = details;
  if (modulusLength < RSA_BITS) {
    throw new KeyError('KEY_WRONG_SIZE', `it is an RSA key with ${modulusLength} bits: ${EXPECTED}`);
  }
  if (publicExponent < LEAST_EXPONENT || publicExponent % 2n === 0n) {
    throw new KeyError(
      'KEY_WEAK_EXPONENT',
      `it is an RSA key with the public exponent ${publicExponent}: an odd exponent of ${LEAST_EXPONENT} or more is required`,
    );
  }
  return key;
}

/** @returns `undefined` for anything but base64 of a public key */
function readDer(text: string): KeyObject | undefined {
  const der = decodeBase64(text.replace(/\s/g, ''));
  if (der === undefined) return undefined;
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

function readPem(text: string): KeyObject {
  const [block, ...others] = pemBlocks(text);
  if (block !== undefined && isPrivate(block)) {
    throw new KeyError(
      'KEY_IS_PRIVATE',
      'it is a private key: set the public key, and use a new pair, because this one is no longer secret',
    );
  }
  if (block === undefined || others.length > 0) {
    throw new KeyError('KEY_NOT_ALONE', 'it contains several PEM blocks: store one public key');
  }
  return readPublicKey(block);
}

/**
 * Verifies a signature by the algorithm that the key determines: Ed25519, ECDSA with SHA-256 (in DER), or RSA PKCS #1
 * v1.5 with SHA-256.
 * @param signature base64
 */
export function verifySignature(key: KeyObject, data: Buffer, signature: string): boolean {
  const bytes = decodeBase64(signature);
  if (bytes === undefined) return false;
  return verify(key.asymmetricKeyType === 'ed25519' ? null : HASH, data, key, bytes);
}
