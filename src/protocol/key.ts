// Imports and checks keys in the form that operators store: PEM.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { BaseError } from './error.js';

/** Size of all RSA keys, in bits; the Co-signer accepts no other. */
export const RSA_BITS = 2048;
export const ALGORITHM = 'RS256';

export interface VerifyingKey {
  readonly key: KeyObject;
  /** SHA-256 of the public key's SPKI DER, in lower-case hex. */
  readonly fingerprint: string;
}

export interface SigningKey {
  readonly key: KeyObject;
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
  | 'KEY_WRONG_SIZE'
  | 'KEY_ON_BOTH_SIDES';

/** A key can't be used. The message says why and what to store instead; it never contains key material. */
export class KeyError extends BaseError<KeyErrorCode> {}

/**
 * Imports the handler's private key.
 * @param text one RSA 2048 private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`)
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
  assertRsa2048(key);
  return { key, fingerprint: fingerprintOf(createPublicKey(key)) };
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
    assertRsa2048(key);
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

function assertRsa2048(key: KeyObject): void {
  const required = `an RSA key with ${RSA_BITS} bits is required`;
  if (key.asymmetricKeyType !== 'rsa') {
    throw new KeyError(
      'KEY_NOT_RSA',
      `it is a key of type ${key.asymmetricKeyType ?? 'unknown'}: ${required}`,
    );
  }
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== RSA_BITS) {
    throw new KeyError('KEY_WRONG_SIZE', `it is an RSA key with ${bits ?? 'unknown'} bits: ${required}`);
  }
}

function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
