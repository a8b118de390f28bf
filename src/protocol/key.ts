// Imports and checks keys in the form that operators store: PEM.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto';
import { BaseError } from './error.js';

/** Size of all RSA keys, in bits; the Co-signer accepts no other. */
export const RSA_BITS = 2048;
/** The algorithm of requests. */
export const ALGORITHM = 'RS256';
/** The algorithm of answers, which the handler's key determines. Co-signers before Nitro 2026.08.19 accept only RS256. */
export type AnswerAlgorithm = 'RS256' | 'ES256';

/** The hash function of RS256 and ES256 (RFC 7518, section 3.1). */
export const HASH = 'sha256';
/** JWS concatenates the two numbers of an ECDSA signature (RFC 7518, section 3.4). Node.js ignores it for RSA keys. */
export const SIGNATURE_ENCODING = 'ieee-p1363';

/** Smaller exponents have made attacks on sloppy implementations possible; all common tools use this one. */
const LEAST_EXPONENT = 65537n;

export interface VerifyingKey {
  readonly key: KeyObject;
  /** SHA-256 of the public key's SPKI DER, in lower-case hex. */
  readonly fingerprint: string;
}

export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: AnswerAlgorithm;
  /** Fingerprint of the public key, to compare with the key that the Co-signer was given. */
  readonly fingerprint: string;
}

export type KeyErrorCode =
  | 'KEY_EMPTY'
  | 'KEY_NOT_PEM'
  | 'KEY_IS_PUBLIC'
  | 'KEY_IS_PRIVATE'
  | 'KEY_ENCRYPTED'
  | 'KEY_NOT_ALONE'
  | 'KEY_UNREADABLE'
  | 'KEY_NOT_RSA'
  | 'KEY_WRONG_TYPE'
  | 'KEY_WRONG_SIZE'
  | 'KEY_WEAK_EXPONENT'
  | 'KEY_ON_BOTH_SIDES';

/** A key can't be used. The message says why and what to store instead; it never contains key material. */
export class KeyError extends BaseError<KeyErrorCode> {}

/**
 * Imports the handler's private key.
 * @param text one private key in PEM: RSA 2048 as PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), or ECDSA P-256
 *   as PKCS#8 or SEC1 (`EC PRIVATE KEY`)
 * @throws {KeyError}
 */
export function importCallbackKey(text: string): SigningKey {
  const blocks = pemBlocks(text);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) {
    throw new KeyError(
      'KEY_NOT_ALONE',
      `it contains ${blocks.length} PEM blocks: store only the private key`,
    );
  }
  if (isPublic(block)) {
    throw new KeyError(
      'KEY_IS_PUBLIC',
      `it contains a public key ("${block.label}"): store the private key of the pair here`,
    );
  }
  if (block.pem.includes('ENCRYPTED')) {
    throw new KeyError(
      'KEY_ENCRYPTED',
      'the private key is encrypted with a passphrase: store it without one',
    );
  }
  const key = readKey(() => createPrivateKey(block.pem), block);
  const algorithm = algorithmOf(key);
  const publicKey = createPublicKey(key);
  assertPair(key, publicKey);
  return { key, algorithm, fingerprint: fingerprintOf(publicKey) };
}

/**
 * Imports the public keys of one or more Co-signers. Duplicates are dropped.
 * @param text RSA 2048 public keys in PEM, one after another: SPKI (`PUBLIC KEY`), PKCS#1
 *   (`RSA PUBLIC KEY`) or X.509 (`CERTIFICATE`)
 * @throws {KeyError} if any of the keys can't be used
 */
export function importCosignerKeys(text: string): readonly VerifyingKey[] {
  const keys = new Map<string, VerifyingKey>();
  for (const block of pemBlocks(text)) {
    if (isPrivate(block)) {
      throw new KeyError(
        'KEY_IS_PRIVATE',
        `it contains "${block.label}" instead of a public key: store the output of "cosigner print-public-key", and replace the private key if it was in use`,
      );
    }
    const key = readKey(
      () =>
        block.label === 'CERTIFICATE' ? new X509Certificate(block.pem).publicKey : createPublicKey(block.pem),
      block,
    );
    assertCosignerKey(key);
    const fingerprint = fingerprintOf(key);
    keys.set(fingerprint, { key, fingerprint });
  }
  return [...keys.values()];
}

interface PemBlock {
  readonly label: string;
  readonly pem: string;
}

function pemBlocks(text: string): readonly PemBlock[] {
  if (text.trim() === '') throw new KeyError('KEY_EMPTY', 'it is empty: store a key in PEM format');
  if (text.includes('\\n')) {
    throw new KeyError(
      'KEY_NOT_PEM',
      'it contains "\\n" instead of line breaks: store the PEM file unchanged',
    );
  }
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g)].map(
    ([pem, label = '']) => ({ label, pem }),
  );
  // OpenSSL writes an EC key's parameters to a block before the key.
  const keys = blocks.filter(({ label }) => !label.endsWith(' PARAMETERS'));
  // The pattern above skips a truncated block, which must be reported.
  if (keys.length === 0 || blocks.length !== text.split('-----BEGIN').length - 1) {
    throw new KeyError(
      'KEY_NOT_PEM',
      'it is not a complete PEM file: store the whole file, including its first and last lines',
    );
  }
  return keys;
}

function isPublic({ label }: PemBlock): boolean {
  return label.endsWith('PUBLIC KEY') || label === 'CERTIFICATE';
}

function isPrivate({ label }: PemBlock): boolean {
  return label.endsWith('PRIVATE KEY');
}

function readKey(read: () => KeyObject, { label }: PemBlock): KeyObject {
  try {
    return read();
  } catch {
    // OpenSSL's message is left out: it does not help, and may change.
    throw new KeyError(
      'KEY_UNREADABLE',
      `its "${label}" block can't be read: it is damaged or in an unknown format`,
    );
  }
}

/** @throws {KeyError} if the key can sign neither RS256 nor ES256 */
function algorithmOf(key: KeyObject): AnswerAlgorithm {
  if (key.asymmetricKeyType === 'rsa') {
    assertRsa2048(key);
    return 'RS256';
  }
  if (key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256';
  throw new KeyError(
    'KEY_WRONG_TYPE',
    `it is ${describeKey(key)}: an RSA key with ${RSA_BITS} bits or an EC key on the curve P-256 is required`,
  );
}

function assertCosignerKey(key: KeyObject): void {
  if (key.asymmetricKeyType !== 'rsa') {
    throw new KeyError(
      'KEY_NOT_RSA',
      `it is ${describeKey(key)}: an RSA key with ${RSA_BITS} bits is required`,
    );
  }
  assertRsa2048(key);
}

function assertRsa2048({ asymmetricKeyDetails }: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails ?? {};
  if (modulusLength !== RSA_BITS) {
    throw new KeyError(
      'KEY_WRONG_SIZE',
      `it is an RSA key with ${modulusLength} bits: an RSA key with ${RSA_BITS} bits is required`,
    );
  }
  if (publicExponent < LEAST_EXPONENT || publicExponent % 2n === 0n) {
    throw new KeyError(
      'KEY_WEAK_EXPONENT',
      `it is an RSA key with the public exponent ${publicExponent}: an odd exponent of ${LEAST_EXPONENT} or more is required`,
    );
  }
}

/** Names of curves that differ from OpenSSL's. */
const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'secp384r1 (P-384)',
  secp521r1: 'secp521r1 (P-521)',
};

const TYPES: Readonly<Record<string, string>> = {
  'rsa-pss': 'an RSA-PSS key, which makes no RS256 signatures',
  ed25519: 'an Ed25519 key',
  ed448: 'an Ed448 key',
  x25519: 'an X25519 key',
  x448: 'an X448 key',
};

/** Names a key's type, for messages. */
function describeKey({ asymmetricKeyType: type, asymmetricKeyDetails }: KeyObject): string {
  if (type === 'ec') {
    const curve = asymmetricKeyDetails?.namedCurve ?? 'unknown';
    return `an EC key on the curve ${CURVES[curve] ?? curve}`;
  }
  return TYPES[type ?? ''] ?? `a key of type ${type ?? 'unknown'}`;
}

/** OpenSSL does not check that the parts of a private key belong together, and would sign answers that nobody can verify. */
function assertPair(key: KeyObject, publicKey: KeyObject): void {
  const data = Buffer.from('test');
  if (!verify(HASH, data, publicKey, sign(HASH, data, key))) {
    throw new KeyError(
      'KEY_UNREADABLE',
      'it is damaged: its private and public parts do not belong together',
    );
  }
}

function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
