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
import { KeyError } from './key-error.js';
import { type PemBlock, pemBlocks } from './pem.js';

export { KeyError, type KeyErrorCode } from './key-error.js';

/** Size of all RSA keys, in bits; the Co-signer accepts no other. */
export const RSA_BITS = 2048;
/** The algorithm of requests. */
export const ALGORITHM = 'RS256';
/** The algorithm of answers, which the handler's key determines. Co-signers before Nitro 2026.08.19 accept only RS256. */
export type AnswerAlgorithm = 'RS256' | 'ES256';

/** The hash function of RS256 and ES256 (RFC 7518, section 3.1). */
export const HASH = 'sha256';

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

/**
 * Imports the handler's private key. Its own public key or certificate may be stored with it.
 * @param text one private key in PEM: RSA 2048 as PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), or ECDSA P-256
 *   as PKCS#8 or SEC1 (`EC PRIVATE KEY`)
 * @throws {KeyError}
 */
export function importCallbackKey(text: string): SigningKey {
  const blocks = pemBlocks(text);
  const [block, ...copies] = blocks.filter(isPrivate);
  if (block === undefined) throw withoutPrivateKey(blocks);
  const key = readPrivateKey(block);
  const algorithm = algorithmOf(key);
  const publicKey = createPublicKey(key);
  assertPair(key, publicKey);
  const fingerprint = fingerprintOf(publicKey);
  const others = [
    ...copies.map((copy) => createPublicKey(readPrivateKey(copy))),
    ...blocks.filter((other) => !isPrivate(other)).map(readPublicKey),
  ];
  if (others.some((other) => fingerprintOf(other) !== fingerprint)) {
    throw new KeyError(
      'KEY_NOT_ALONE',
      `it contains ${blocks.length} PEM blocks of different keys: store only the private key`,
    );
  }
  return { key, algorithm, fingerprint };
}

/**
 * Imports the public key of a handler's key pair.
 * @param text one public key in PEM
 * @throws {KeyError}
 */
export function importCallbackPublicKey(text: string): SigningKey {
  const [block, ...others] = pemBlocks(text);
  if (block === undefined || others.length > 0 || isPrivate(block)) {
    throw new KeyError('KEY_UNREADABLE', 'it is not one public key');
  }
  const key = readPublicKey(block);
  return { key, algorithm: algorithmOf(key), fingerprint: fingerprintOf(key) };
}

/**
 * Imports the public keys of one or more Co-signers. Duplicates are dropped.
 * @param text RSA 2048 public keys in PEM, one after another: SPKI (`PUBLIC KEY`), PKCS#1
 *   (`RSA PUBLIC KEY`) or X.509 (`CERTIFICATE`)
 * @throws {KeyError} if any of the keys can't be used
 */
export function importCosignerKeys(text: string): readonly VerifyingKey[] {
  const blocks = pemBlocks(text);
  const privateBlock = blocks.find(isPrivate);
  if (privateBlock !== undefined) {
    throw new KeyError(
      'KEY_IS_PRIVATE',
      `it contains "${privateBlock.label}" instead of a public key: store the output of "cosigner print-public-key", and replace the private key if it was in use`,
    );
  }
  const keys = new Map<string, VerifyingKey>();
  for (const block of blocks) {
    const key = readPublicKey(block);
    assertCosignerKey(key);
    const fingerprint = fingerprintOf(key);
    keys.set(fingerprint, { key, fingerprint });
  }
  return [...keys.values()];
}

function withoutPrivateKey(blocks: readonly PemBlock[]): KeyError {
  const label = blocks[0]?.label ?? '';
  return /PUBLIC KEY|CERTIFICATE$/.test(label)
    ? new KeyError(
        'KEY_IS_PUBLIC',
        `it contains a public key ("${label}"): store the private key of the pair here`,
      )
    : new KeyError('KEY_UNREADABLE', `it contains no private key, but "${label}": store the private key`);
}

export function isPrivate({ label }: PemBlock): boolean {
  return label.includes('PRIVATE KEY');
}

/** @throws {KeyError} */
function readPrivateKey(block: PemBlock): KeyObject {
  if (block.label === 'OPENSSH PRIVATE KEY') {
    throw new KeyError(
      'KEY_UNREADABLE',
      'it is an OpenSSH private key: convert it with "ssh-keygen -p -m PKCS8 -f FILE"',
    );
  }
  if (block.encrypted) {
    throw new KeyError(
      'KEY_ENCRYPTED',
      'the private key is encrypted with a passphrase: store it without one',
    );
  }
  return readKey(() => createPrivateKey(block.pem), block);
}

/** @throws {KeyError} */
export function readPublicKey(block: PemBlock): KeyObject {
  return readKey(
    () =>
      block.label.endsWith('CERTIFICATE')
        ? new X509Certificate(block.pem).publicKey
        : createPublicKey(block.pem),
    block,
  );
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
export function describeKey({ asymmetricKeyType: type, asymmetricKeyDetails }: KeyObject): string {
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
