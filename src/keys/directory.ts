// Keys from a directory, for local mode: both sides' pairs, made on first use.
import { generateKeyPair } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { RSA_BITS } from '../protocol/key.js';
import { readFileValue } from '../sources/file.js';
import type { Source } from '../sources/source.js';
import type { StoredKeys } from './ring.js';

/** File names in the key directory. The Co-signer's private key is there to play the Co-signer with. */
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
 * Makes the pairs that are not there yet: directory mode 700, files 600.
 * A pair of which one file exists is left alone: nothing of the operator's is ever written over.
 */
export async function makeMissingKeys(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await Promise.all([
    makePair(join(directory, KEY_FILES.callbackPrivate), join(directory, KEY_FILES.callbackPublic)),
    makePair(join(directory, KEY_FILES.cosignerPrivate), join(directory, KEY_FILES.cosignerPublic)),
  ]);
}

async function makePair(privatePath: string, publicPath: string): Promise<void> {
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
