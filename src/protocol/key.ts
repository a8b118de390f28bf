// Keys as operators hand them over (PEM text) → keys ready to verify and sign with, imported once.
import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { BaseError } from './error.js';

/** The Co-signer uses RSA keys of exactly this size, in bits, on both sides. */
export const RSA_BITS = 2048;
export const ALGORITHM = 'RS256';

export interface VerifyingKey {
  readonly key: KeyObject;
  /** SHA-256 of the public key's SPKI DER, in lower-case hex. */
  readonly fingerprint: string;
}

export interface SigningKey {
  readonly key: KeyObject;
  /** Of the public half, so that it can be compared with the key that the Co-signer was given. */
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

/** A key that can't be used. The message says what is wrong and what is wanted, never what the key holds. */
export class KeyError extends BaseError<KeyErrorCode> {}

/**
 * Imports the handler's own key.
 * @param text one RSA 2048 private key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`)
 * @throws {KeyError}
 */
export function importCallbackKey(text: string): SigningKey {
  const blocks = pemBlocks(text);
  const [block] = blocks;
  if (block === undefined || blocks.length > 1) {
    throw new KeyError('KEY_NOT_ALONE', `it holds ${blocks.length} PEM blocks: store the private key alone`);
  }
  if (isPublic(block)) {
    throw new KeyError(
      'KEY_IS_PUBLIC',
      `it holds a public key ("${block.label}"): store the private key of the pair here`,
    );
  }
  if (block.pem.includes('ENCRYPTED')) {
    throw new KeyError('KEY_ENCRYPTED', 'the private key is protected by a passphrase: store it without one');
  }
  const key = readKey(() => createPrivateKey(block.pem), block);
  assertRsa2048(key);
  return { key, fingerprint: fingerprintOf(createPublicKey(key)) };
}

/**
 * Imports the keys of one or more Co-signers.
 * @param text RSA 2048 public keys in PEM, one after the other: SPKI (`PUBLIC KEY`), PKCS#1
 *   (`RSA PUBLIC KEY`) or X.509 (`CERTIFICATE`)
 * @throws {KeyError} if any of them can't be used: a list is taken whole or not at all
 */
export function importCosignerKeys(text: string): readonly VerifyingKey[] {
  const keys = new Map<string, VerifyingKey>();
  for (const block of pemBlocks(text)) {
    if (isPrivate(block)) {
      throw new KeyError(
        'KEY_IS_PRIVATE',
        `it holds "${block.label}" where a public key belongs: store the output of "cosigner print-public-key"; a private key that was stored here should be replaced`,
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
  if (text.trim() === '') throw new KeyError('KEY_EMPTY', 'it is empty: store a key in PEM form');
  if (text.includes('\\n')) {
    throw new KeyError('KEY_NOT_PEM', 'it holds "\\n" in place of line ends: store the PEM file as it is');
  }
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g)].map(
    ([pem, label = '']) => ({ label, pem }),
  );
  // OpenSSL writes the curve in front of an EC key; what counts is the key.
  const keys = blocks.filter(({ label }) => !label.endsWith(' PARAMETERS'));
  // A block cut off in the middle must not be passed over in silence.
  if (keys.length === 0 || blocks.length !== text.split('-----BEGIN').length - 1) {
    throw new KeyError(
      'KEY_NOT_PEM',
      'it is not complete PEM: store the whole file, its first and last line included',
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
    // OpenSSL's own message is left out: it says nothing that helps, and may change.
    throw new KeyError(
      'KEY_UNREADABLE',
      `its "${label}" block can't be read: it is damaged or of an unknown form`,
    );
  }
}

function assertRsa2048(key: KeyObject): void {
  const wanted = `an RSA key of ${RSA_BITS} bits is needed`;
  if (key.asymmetricKeyType !== 'rsa') {
    throw new KeyError('KEY_NOT_RSA', `it is a key of type ${key.asymmetricKeyType ?? 'unknown'}: ${wanted}`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== RSA_BITS) {
    throw new KeyError('KEY_WRONG_SIZE', `it is an RSA key of ${bits ?? 'unknown'} bits: ${wanted}`);
  }
}

function fingerprintOf(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}
