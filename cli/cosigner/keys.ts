// Reads the keys that the Co-signer's side needs, from PEM files.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { InputError, readText } from '../command.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import { algorithmFor, type CosignerKeys } from './client.js';

/**
 * Reads the keys from the directory that local mode creates.
 * @throws {InputError} if a file is missing or contains no key
 */
export function keysIn(directory: string): CosignerKeys {
  return readKeys(join(directory, KEY_FILES.cosignerPrivate), join(directory, KEY_FILES.callbackPublic));
}

/** @throws {InputError} if a file is missing, or contains no key or a key of another kind */
export function readKeys(cosignerPrivateFile: string, callbackPublicFile: string): CosignerKeys {
  const privateKey = readKey(cosignerPrivateFile, 'private', createPrivateKey);
  if (algorithmFor(privateKey) !== 'RS256') {
    throw new InputError(`${cosignerPrivateFile} contains no RSA 2048 key, and a Co-signer has no other key`);
  }
  const callbackPublicKey = readKey(callbackPublicFile, 'public', createPublicKey);
  if (algorithmFor(callbackPublicKey) === undefined) {
    throw new InputError(
      `${callbackPublicFile} contains neither an RSA 2048 key nor an EC key on the curve P-256`,
    );
  }
  return { privateKey, callbackPublicKeys: [callbackPublicKey] };
}

function readKey<Key>(file: string, type: 'private' | 'public', create: (pem: string) => Key): Key {
  const pem = readText(file);
  try {
    return create(pem);
  } catch {
    // The reason that OpenSSL gives, such as "DECODER routines::unsupported", explains nothing.
    throw new InputError(`${file} contains no ${type} key in PEM format`);
  }
}
