// The handler's own key pair: on the operator's machine and in SSM, and never another one by mistake.
import { createPublicKey, generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEY_FILES } from '../../src/keys/directory.js';
import { importCallbackKey, KeyError, RSA_BITS } from '../../src/protocol/key.js';
import { DeployError } from '../aws/error.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import { readPrivateFile, writePrivateFile } from '../aws/private-files.js';
import type { Session } from '../aws/session.js';

/** What a rotation leaves of a key before. */
function previousKeyFile(fingerprint: string): string {
  return `callback_private.${short(fingerprint)}.pem`;
}

interface KnownKey {
  /** PEM. */
  readonly pem: string;
  /** SHA-256 of the public half, in hex. */
  readonly fingerprint: string;
}

interface CallbackKeyState {
  readonly file: string;
  readonly local: KnownKey | undefined;
  readonly stored: KnownKey | undefined;
  readonly action: 'create' | 'rotate' | 'none';
  /** Whether the pair of the directory is put, or one is made first. */
  readonly makesPair: boolean;
}

/**
 * @param rotate whether another key may take the place of the one in SSM
 * @throws {DeployError} if directory and SSM hold different keys, or what can't be used
 */
export async function inspectCallbackKey(session: Session, rotate: boolean): Promise<CallbackKeyState> {
  const file = join(session.keyDirectory, KEY_FILES.callbackPrivate);
  const name = session.names.parameters.callbackPrivateKey;
  const [localPem, storedPem] = await Promise.all([readPrivateFile(file), readParameter(session, name)]);
  const local = localPem === undefined ? undefined : read(localPem, file, `move ${file} away`);
  if (storedPem === undefined) {
    return { file, local, stored: undefined, action: 'create', makesPair: local === undefined };
  }
  const replaceIt = `put a sound one in its place: ${npmCommand(session, 'deploy', '--rotate-callback-key')}`;
  const stored = readUnless(rotate, storedPem, name, replaceIt);
  const differs = local !== undefined && stored?.fingerprint !== local.fingerprint;
  if (rotate) return { file, local, stored, action: 'rotate', makesPair: !differs };
  if (differs) {
    throw new DeployError(
      'CALLBACK_KEY_DIFFERS',
      `${name} holds another key (${short(stored?.fingerprint)}) than ${file} (${short(local.fingerprint)})`,
      `to keep the one in force, move the file away; to put the file's in force, add --rotate-callback-key`,
    );
  }
  return { file, local, stored, action: 'none', makesPair: false };
}

/** Does what was found to be done. An interrupted rotation goes on where it stopped: the new pair is in the directory. */
export async function applyCallbackKey(session: Session, state: CallbackKeyState): Promise<KnownKey> {
  const { file, stored, action } = state;
  let key = state.local;
  // Of an interrupted rotation, too, it is the one in force.
  if (stored !== undefined) {
    await writePrivateFile(join(session.keyDirectory, previousKeyFile(stored.fingerprint)), stored.pem);
  }
  if (key === undefined || state.makesPair) {
    key = await makeKey();
    await writePrivateFile(file, key.pem);
  }
  await putParameter(session, session.names.parameters.callbackPrivateKey, {
    value: key.pem,
    replace: action === 'rotate',
  });
  return key;
}

/** Writes the public half beside the private one. @returns it, PEM */
export async function writePublicKey(session: Session, key: KnownKey): Promise<string> {
  const pem = publicHalf(key.pem);
  const file = join(session.keyDirectory, KEY_FILES.callbackPublic);
  if ((await readPrivateFile(file)) !== pem) await writePrivateFile(file, pem);
  return pem;
}

function publicHalf(privatePem: string): string {
  return createPublicKey(privatePem).export({ type: 'spki', format: 'pem' }).toString();
}

/** Enough of a fingerprint for people to compare. */
export function short(fingerprint = ''): string {
  return fingerprint.slice(0, 16);
}

async function makeKey(): Promise<KnownKey> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: RSA_BITS,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { pem: privateKey, fingerprint: importCallbackKey(privateKey).fingerprint };
}

function read(pem: string, where: string, next: string): KnownKey {
  try {
    return { pem, fingerprint: importCallbackKey(pem).fingerprint };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new DeployError(error.code, `${where} can't be used as the callback key: ${error.message}`, next);
  }
}

/** What is replaced anyway need not be readable. */
function readUnless(replaced: boolean, pem: string, where: string, next: string): KnownKey | undefined {
  try {
    return read(pem, where, next);
  } catch (error) {
    if (replaced) return undefined;
    throw error;
  }
}
