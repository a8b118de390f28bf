// The keys a Co-signer needs, from PEM files.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { KEY_FILES } from '../../src/keys/directory.js';
import type { CosignerKeys } from './client.js';

/** The directory that local mode makes. @throws {Error} if a file is not there or holds no key */
export function keysIn(directory: string): CosignerKeys {
  return readKeys(join(directory, KEY_FILES.cosignerPrivate), join(directory, KEY_FILES.callbackPublic));
}

/** @throws {Error} if a file is not there or holds no key */
export function readKeys(cosignerPrivateFile: string, callbackPublicFile: string): CosignerKeys {
  return {
    privateKey: readKey(cosignerPrivateFile, createPrivateKey),
    callbackPublicKeys: [readKey(callbackPublicFile, createPublicKey)],
  };
}

function readKey<Key>(file: string, create: (pem: string) => Key): Key {
  try {
    return create(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new Error(
      `key ${file} can't be used: ${missing ? 'there is no such file' : 'it holds no such key'}`,
      {
        cause: error,
      },
    );
  }
}
