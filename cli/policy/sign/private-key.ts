// Reads the private key of a signer, and finds out whose it is.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { statSync } from 'node:fs';
import { encodeKey, SIGNER_NAME } from '../../../src/sources/signers.js';
import { InputError, readText, UsageError } from '../../command.js';
import { askSecret } from '../../confirm.js';

const CREATE = '"openssl genpkey -algorithm ed25519 -aes256 -out FILE" creates one';
/** Mode bits that let others than the owner read or write a file. */
const OTHERS = 0o077;

export interface SigningKey {
  readonly key: KeyObject;
  /** Base64 of SPKI, as in the settings. */
  readonly publicKey: string;
  /** What the signer should look at. */
  readonly warning: string | undefined;
}

/**
 * Asks for the passphrase on the terminal if the key is encrypted.
 * @param file PEM, PKCS#8
 * @throws {InputError} if it is no Ed25519 private key; it is never quoted
 * @throws {UsageError} if a passphrase is needed, and there is no terminal
 */
export async function readSigningKey(file: string): Promise<SigningKey> {
  if (file === '-') throw new UsageError('the key must be a file');
  const pem = readText(file);
  const key = await parseKey(pem, file);
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new InputError(`${file} has a key of type ${key.asymmetricKeyType}, not Ed25519: ${CREATE}`);
  }
  return { key, publicKey: encodeKey(createPublicKey(key)), warning: warningAbout(file) };
}

async function parseKey(pem: string, file: string): Promise<KeyObject> {
  if (pem.includes('BEGIN OPENSSH PRIVATE KEY')) {
    throw new InputError(`${file} is an OpenSSH key, which can't be read: ${CREATE}`);
  }
  if (!pem.includes('PRIVATE KEY')) {
    throw new InputError(
      pem.includes('PUBLIC KEY')
        ? `${file} is a public key: give the file with the private key`
        : `${file} is no private key in PEM: ${CREATE}`,
    );
  }
  const isEncrypted = pem.includes('ENCRYPTED');
  const passphrase = isEncrypted ? await askSecret(`Passphrase of ${file}: `) : undefined;
  try {
    return createPrivateKey({ key: pem, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    // The library's message is left out: it does not help.
    throw new InputError(
      isEncrypted
        ? `${file} can't be decrypted: the passphrase is wrong, or the file is damaged`
        : `${file} is no private key in PEM: ${CREATE}`,
    );
  }
}

function warningAbout(file: string): string | undefined {
  // On Windows, modes say nothing about who can read a file.
  if (process.platform === 'win32' || (statSync(file).mode & OTHERS) === 0) return undefined;
  return `others than its owner can read or change ${file}: run chmod 600 ${file}`;
}

/**
 * @param known public keys in the settings, by the name of the signer
 * @param name as given by the signer
 * @throws {InputError} if it is not clear whose key it is
 */
export function signerNameOf(
  { publicKey }: SigningKey,
  known: ReadonlyMap<string, KeyObject>,
  name: string | undefined,
): string {
  const owner = [...known].find(([, key]) => encodeKey(key) === publicKey)?.[0];
  if (owner !== undefined && name !== undefined && owner !== name) {
    throw new InputError(`the key belongs to ${owner} in the settings, not to ${name}: omit --name`);
  }
  const signer = owner ?? name;
  if (signer === undefined) {
    throw new InputError(
      `the key is not in the settings: add it to policySigners.keys as "NAME": "${publicKey}", or give the signer's name with --name`,
    );
  }
  if (owner === undefined && known.has(signer)) {
    throw new InputError(
      `${signer} has another key in the settings than ${publicKey}: choose the right file`,
    );
  }
  if (!SIGNER_NAME.test(signer)) {
    throw new UsageError('--name must have at most 32 letters, digits and _ . @ -');
  }
  return signer;
}
