// The handler's own key pair, on the operator's machine and in SSM. It is never replaced by mistake.
import { createPublicKey, generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEY_FILES } from '../../src/keys/directory.js';
import { type AnswerAlgorithm, importCallbackKey, KeyError, RSA_BITS } from '../../src/protocol/key.js';
import { DeployError } from '../aws/error.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import { readPrivateFile, writePrivateFile } from '../aws/private-files.js';
import type { Session } from '../aws/session.js';

/** Name of the file that a rotated-out key is kept in. */
function previousKeyFile(fingerprint: string): string {
  return `callback_private.${short(fingerprint)}.pem`;
}

interface KnownKey {
  /** PEM. */
  readonly pem: string;
  /** The algorithm of the answers that it signs. */
  readonly algorithm: AnswerAlgorithm;
  /** SHA-256 of the public key, in hex. */
  readonly fingerprint: string;
}

export interface CallbackKeyState {
  /** Path of the private key on this machine. */
  readonly file: string;
  /** The key on this machine. */
  readonly local: KnownKey | undefined;
  /** The key in SSM. */
  readonly stored: KnownKey | undefined;
  /** How to change the parameter in SSM. */
  readonly action: 'create' | 'rotate' | 'none';
  /** Whether a new key pair is created; otherwise the one on this machine is used. */
  readonly makesPair: boolean;
}

/**
 * Determines the changes, without making any. A stored key is kept even if the settings specify another algorithm: only
 * a rotation replaces it.
 * @param rotate whether the key in SSM may be replaced
 * @throws {DeployError} if this machine and SSM hold different keys, a key can't be used, or the key on this machine
 *   would be stored although it is for another algorithm than the settings specify
 */
export async function inspectCallbackKey(session: Session, rotate: boolean): Promise<CallbackKeyState> {
  const file = join(session.keyDirectory, KEY_FILES.callbackPrivate);
  const name = session.names.parameters.callbackPrivateKey;
  const [localPem, storedPem] = await Promise.all([readPrivateFile(file), readParameter(session, name)]);
  const local = localPem === undefined ? undefined : importKey(localPem, file, `move ${file} away`);
  if (storedPem === undefined) {
    assertAlgorithm(session, local, file);
    return { file, local, stored: undefined, action: 'create', makesPair: local === undefined };
  }
  const next = `replace it with a valid key: ${npmCommand(session, 'deploy', '--rotate-callback-key')}`;
  // A key that is replaced need not be valid.
  const stored = rotate ? tryImportKey(storedPem) : importKey(storedPem, name, next);
  const differs = local !== undefined && stored?.fingerprint !== local.fingerprint;
  if (rotate) {
    if (differs) assertAlgorithm(session, local, file);
    return { file, local, stored, action: 'rotate', makesPair: !differs };
  }
  if (differs) {
    throw new DeployError(
      'CALLBACK_KEY_DIFFERS',
      `${name} holds the key ${describe(stored)}, but ${file} holds another key, ${describe(local)}`,
      'to keep the key in use, move the file away; to use the key in the file, add --rotate-callback-key',
    );
  }
  return { file, local, stored, action: 'none', makesPair: false };
}

/**
 * Makes the changes that `inspectCallbackKey` determined. A rotation that was interrupted continues with the new key
 * pair, which is already on this machine.
 * @returns the key that is now in SSM
 */
export async function applyCallbackKey(session: Session, state: CallbackKeyState): Promise<KnownKey> {
  const { file, stored, action } = state;
  let key = state.local;
  // Keep a copy of the key that was in use, even when an interrupted rotation continues.
  if (stored !== undefined) {
    await writePrivateFile(join(session.keyDirectory, previousKeyFile(stored.fingerprint)), stored.pem);
  }
  if (key === undefined || state.makesPair) {
    key = await generateKey(session.settings.callbackKeyAlgorithm);
    await writePrivateFile(file, key.pem);
  }
  await putParameter(session, session.names.parameters.callbackPrivateKey, {
    value: key.pem,
    replace: action === 'rotate',
  });
  return key;
}

/** Writes the public key to the key directory. @returns the public key, PEM */
export async function writePublicKey(session: Session, key: KnownKey): Promise<string> {
  // The import also accepts the forms in which keys are pasted.
  const pem = createPublicKey(importCallbackKey(key.pem).key)
    .export({ type: 'spki', format: 'pem' })
    .toString();
  const file = join(session.keyDirectory, KEY_FILES.callbackPublic);
  if ((await readPrivateFile(file)) !== pem) await writePrivateFile(file, pem);
  return pem;
}

/** @returns the first characters of the fingerprint, enough for people to compare, and the algorithm */
export function describe(key: Pick<KnownKey, 'fingerprint' | 'algorithm'> | undefined): string {
  return key === undefined ? '' : `${short(key.fingerprint)} (${key.algorithm})`;
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}

/** @throws {DeployError} if the key is for another algorithm than the settings specify */
function assertAlgorithm({ settings }: Session, key: KnownKey | undefined, file: string): void {
  const { callbackKeyAlgorithm } = settings;
  if (key === undefined || key.algorithm === callbackKeyAlgorithm) return;
  throw new DeployError(
    'CALLBACK_KEY_ALGORITHM_DIFFERS',
    `${file} holds ${KEY_KINDS[key.algorithm]}, which signs with ${key.algorithm}, but the settings have "callbackKeyAlgorithm": "${callbackKeyAlgorithm}"`,
    `to use this key, set "callbackKeyAlgorithm" to "${key.algorithm}"; to create ${KEY_KINDS[callbackKeyAlgorithm]}, move the file away`,
  );
}

const KEY_KINDS: Readonly<Record<AnswerAlgorithm, string>> = { RS256: 'an RSA key', ES256: 'a P-256 key' };

async function generateKey(algorithm: AnswerAlgorithm): Promise<KnownKey> {
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength: RSA_BITS })
      : await generate('ec', { namedCurve: 'P-256' });
  return toKnownKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

/** @throws {KeyError} */
function toKnownKey(pem: string): KnownKey {
  const { fingerprint, algorithm } = importCallbackKey(pem);
  return { pem, fingerprint, algorithm };
}

/** @throws {DeployError} if the key can't be used */
function importKey(pem: string, where: string, next: string): KnownKey {
  try {
    return toKnownKey(pem);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new DeployError(error.code, `${where} can't be used as the callback key: ${error.message}`, next);
  }
}

function tryImportKey(pem: string): KnownKey | undefined {
  try {
    return toKnownKey(pem);
  } catch {
    return undefined;
  }
}
