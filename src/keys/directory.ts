// Keys in a directory, for local mode, which creates both key pairs on first use.
import { generateKeyPair } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RSA_BITS } from '../protocol/key.js';
import { readFileValue } from '../sources/file.js';
import type { Source } from '../sources/source.js';
import type { StoredKeys } from './ring.js';

/** File names in the key directory. `npm run cosigner` signs its requests with the Co-signer's private key. */
export const KEY_FILES = {
  callbackPrivate: 'callback_private.pem',
  callbackPublic: 'callback_public.pem',
  cosignerPrivate: 'cosigner_private.pem',
  cosignerPublic: 'cosigner_public.pem',
} as const;

export function directoryKeySource(directory: string): Source<StoredKeys> {
  return async () => {
    const [callbackPrivateKey, cosignerPublicKeys] = await Promise.all([
      readFileValue(join(directory, KEY_FILES.callbackPrivate)),
      readFileValue(join(directory, KEY_FILES.cosignerPublic)),
    ]);
    return { callbackPrivateKey, cosignerPublicKeys };
  };
}

/**
 * Creates the key pairs that do not exist, with mode 700 for the directory and 600 for the files. A pair of which one
 * file exists is left unchanged, because an operator's file is never overwritten.
 */
export async function createMissingKeys(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await Promise.all([
    createPair(join(directory, KEY_FILES.callbackPrivate), join(directory, KEY_FILES.callbackPublic)),
    createPair(join(directory, KEY_FILES.cosignerPrivate), join(directory, KEY_FILES.cosignerPublic)),
  ]);
}

async function createPair(privatePath: string, publicPath: string): Promise<void> {
  const [privateKey, publicKey] = await Promise.all([readFileValue(privatePath), readFileValue(publicPath)]);
  if (privateKey.value !== undefined || publicKey.value !== undefined) return;
  const pair = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  await writeFile(privatePath, pair.privateKey, { mode: 0o600, flag: 'wx' });
  await writeFile(publicPath, pair.publicKey, { mode: 0o600, flag: 'wx' });
}
