// The handler's own key pair, on the operator's machine and in SSM. It is never replaced by mistake.
import { generateKeyPair } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KEY_FILES } from '../../src/keys/directory.js';
import { type AnswerAlgorithm, KeyError, RSA_BITS } from '../../src/protocol/key.js';
import {
  decryptStoredKey,
  type PublicKey,
  publicKeyOf,
  readStoredKey,
  recordPublicKey,
  type StoredKey,
} from '../aws/callback-key.js';
import { DeployError } from '../aws/error.js';
import { putParameter } from '../aws/parameters.js';
import { npmCommand } from '../aws/printed-commands.js';
import { readPrivateFile, writePrivateFile } from '../aws/private-files.js';
import type { Session } from '../aws/session.js';

/** Name of the file that a rotated-out key is kept in. */
function previousKeyFile(fingerprint: string): string {
  return `callback_private.${short(fingerprint)}.pem`;
}

/** The key pair on this machine. */
interface LocalKey {
  /** PEM, as it is in the file. */
  readonly pem: string;
  readonly publicKey: PublicKey;
}

export interface CallbackKeyState {
  /** Path of the private key on this machine. */
  readonly file: string;
  readonly local: LocalKey | undefined;
  /** The key in SSM. */
  readonly stored: StoredKey | undefined;
  /** How to change the parameters in SSM; `record`: only the public key is missing. */
  readonly action: 'create' | 'rotate' | 'record' | 'none';
  /** Whether a new key pair is created; otherwise the one on this machine is used. Undefined if `mustDecrypt`. */
  readonly makesPair: boolean | undefined;
  /** Whether the stored key must be decrypted, because no public key is recorded to compare with. */
  readonly mustDecrypt: boolean;
}

/**
 * Determines the changes, without making any or decrypting the stored key. A stored key is kept even if the settings
 * specify another algorithm: only a rotation replaces it.
 * @param rotate whether the key in SSM may be replaced
 * @throws {DeployError} if this machine and SSM hold different keys, a key can't be used, or the key on this machine
 *   would be stored although it is for another algorithm than the settings specify
 */
export async function inspectCallbackKey(session: Session, rotate: boolean): Promise<CallbackKeyState> {
  const file = join(session.keyDirectory, KEY_FILES.callbackPrivate);
  const [localPem, stored] = await Promise.all([readPrivateFile(file), readStoredKey(session)]);
  const local = localPem === undefined ? undefined : importLocalKey(localPem, file);
  if (stored === undefined) {
    assertAlgorithm(session, local, file);
    const makesPair = local === undefined;
    return { file, local, stored, action: 'create', makesPair, mustDecrypt: false };
  }
  if (stored.publicKey === undefined && (!rotate || local !== undefined)) {
    const action = rotate ? 'rotate' : 'record';
    return { file, local, stored, action, makesPair: undefined, mustDecrypt: true };
  }
  return compare(session, { file, local, stored }, rotate);
}

type Keys = Pick<CallbackKeyState, 'file' | 'local' | 'stored'>;

/** @param stored its public key is undefined if it need not be known, or the stored key can't be used */
function compare(session: Session, { file, local, stored }: Keys, rotate: boolean): CallbackKeyState {
  const differs = local !== undefined && stored?.publicKey?.fingerprint !== local.publicKey.fingerprint;
  const known = { file, local, stored, mustDecrypt: false };
  if (rotate) {
    if (differs) assertAlgorithm(session, local, file);
    return { ...known, action: 'rotate', makesPair: !differs };
  }
  if (differs) {
    throw new DeployError(
      'CALLBACK_KEY_DIFFERS',
      `${session.names.parameters.callbackPrivateKey} holds the key ${describe(stored?.publicKey)}, but ${file} holds another key, ${describe(local.publicKey)}`,
      'to keep the key in use, move the file away; to use the key in the file, add --rotate-callback-key',
    );
  }
  return { ...known, action: 'none', makesPair: false };
}

/**
 * Makes the changes that `inspectCallbackKey` determined. A rotation that was interrupted continues with the new key
 * pair, which is already on this machine.
 * @returns the key that is now in SSM
 * @throws {DeployError} as `inspectCallbackKey`, if the stored key had to be decrypted first
 */
export async function applyCallbackKey(session: Session, state: CallbackKeyState): Promise<PublicKey> {
  if (state.mustDecrypt) return applyDecrypted(session, state);
  const { file, action, makesPair } = state;
  let { local } = state;
  if (local === undefined || makesPair === true) {
    // The key that was in use, or is to be used by nobody. A key that is not on this machine stays in SSM's history only.
    if (local !== undefined) {
      const copy = join(session.keyDirectory, previousKeyFile(local.publicKey.fingerprint));
      await writePrivateFile(copy, local.pem);
    }
    local = await generateKey(session.settings.callbackKeyAlgorithm);
    await writePrivateFile(file, local.pem);
  }
  const version = await putParameter(session, session.names.parameters.callbackPrivateKey, {
    value: local.pem,
    replace: action === 'rotate',
  });
  await recordPublicKey(session, local.publicKey, version);
  return local.publicKey;
}

/** Decrypts the stored key once, to compare it and to record its public key. */
async function applyDecrypted(
  session: Session,
  { file, local, action }: CallbackKeyState,
): Promise<PublicKey> {
  const decrypted = await decryptStoredKey(session);
  if (decrypted === undefined) {
    throw new DeployError(
      'KEY_MISSING',
      `${session.names.parameters.callbackPrivateKey} has just been deleted`,
      'run the same command again',
    );
  }
  const { version, pem } = decrypted;
  if (action === 'rotate') {
    // A key that is replaced need not be valid.
    const stored = { version, publicKey: tryPublicKey(pem) };
    return applyCallbackKey(session, compare(session, { file, local, stored }, true));
  }
  const next = `replace it with a valid key: ${npmCommand(session, 'deploy', '--rotate-callback-key')}`;
  const publicKey = importPublicKey(pem, session.names.parameters.callbackPrivateKey, next);
  compare(session, { file, local, stored: { version, publicKey } }, false);
  await recordPublicKey(session, publicKey, version);
  return publicKey;
}

/** Writes the public key to the key directory. */
export async function writePublicKey({ keyDirectory }: Session, { pem }: PublicKey): Promise<void> {
  const file = join(keyDirectory, KEY_FILES.callbackPublic);
  if ((await readPrivateFile(file)) !== pem) await writePrivateFile(file, pem);
}

/** @returns the first characters of the fingerprint, enough for people to compare, and the algorithm */
export function describe(key: PublicKey | undefined): string {
  return key === undefined ? '' : `${short(key.fingerprint)} (${key.algorithm})`;
}

function short(fingerprint: string): string {
  return fingerprint.slice(0, 16);
}

/** @throws {DeployError} if the key is for another algorithm than the settings specify */
function assertAlgorithm({ settings }: Session, key: LocalKey | undefined, file: string): void {
  const { callbackKeyAlgorithm } = settings;
  const algorithm = key?.publicKey.algorithm;
  if (algorithm === undefined || algorithm === callbackKeyAlgorithm) return;
  throw new DeployError(
    'CALLBACK_KEY_ALGORITHM_DIFFERS',
    `${file} holds ${KEY_KINDS[algorithm]}, which signs with ${algorithm}, but the settings have "callbackKeyAlgorithm": "${callbackKeyAlgorithm}"`,
    `to use this key, set "callbackKeyAlgorithm" to "${algorithm}"; to create ${KEY_KINDS[callbackKeyAlgorithm]}, move the file away`,
  );
}

const KEY_KINDS: Readonly<Record<AnswerAlgorithm, string>> = { RS256: 'an RSA key', ES256: 'a P-256 key' };

async function generateKey(algorithm: AnswerAlgorithm): Promise<LocalKey> {
  const generate = promisify(generateKeyPair);
  const { privateKey } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength: RSA_BITS })
      : await generate('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { pem, publicKey: publicKeyOf(pem) };
}

/** @throws {DeployError} if the key can't be used */
function importLocalKey(pem: string, file: string): LocalKey {
  return { pem, publicKey: importPublicKey(pem, file, `move ${file} away`) };
}

/** @throws {DeployError} if the private key can't be used */
function importPublicKey(pem: string, where: string, next: string): PublicKey {
  try {
    return publicKeyOf(pem);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    throw new DeployError(error.code, `${where} can't be used as the callback key: ${error.message}`, next);
  }
}

function tryPublicKey(pem: string): PublicKey | undefined {
  try {
    return publicKeyOf(pem);
  } catch {
    return undefined;
  }
}
