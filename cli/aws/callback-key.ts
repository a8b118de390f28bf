// The handler's key in SSM. A plain parameter holds its public key, so that no command has to decrypt the private key.
import { createPublicKey } from 'node:crypto';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import {
  type AnswerAlgorithm,
  importCallbackKey,
  importCallbackPublicKey,
  KeyError,
} from '../../src/protocol/key.js';
import { type ParameterVersion, readHistory } from './parameter-history.js';
import {
  assertEncrypted,
  type ParameterMetadata,
  readEncryptedParameter,
  readMetadata,
} from './parameters.js';
import type { Session } from './session.js';

export interface PublicKey {
  /** SPKI. */
  readonly pem: string;
  /** The algorithm of the answers that its private key signs. */
  readonly algorithm: AnswerAlgorithm;
  /** SHA-256 of the public key, in hex. */
  readonly fingerprint: string;
}

export interface StoredKey {
  /** Version of the parameter with the private key. */
  readonly version: number;
  /** Undefined if no public key is recorded for this version, such as for a key that was stored with the AWS CLI. */
  readonly publicKey: PublicKey | undefined;
}

/**
 * Reads what is known of the stored key without decrypting it.
 * @returns undefined if no key is stored
 * @throws {DeployError} if it is not encrypted
 */
export async function readStoredKey(session: Session): Promise<StoredKey | undefined> {
  const name = session.names.parameters.callbackPrivateKey;
  const [stored, [record]] = await Promise.all([
    readMetadata(session, name),
    readHistory(session, session.names.publicKey),
  ]);
  if (stored === undefined) return undefined;
  assertEncrypted(session, name, stored);
  const isRecorded = record?.description === descriptionOf(session, stored);
  return { version: stored.version, publicKey: isRecorded ? importRecord(record) : undefined };
}

/**
 * Records the public key of the stored private key. If somebody else has stored another key in the meantime, the record
 * belongs to no key, and the next deployment makes it again.
 * @param version the version of the private key
 */
export async function recordPublicKey(session: Session, { pem }: PublicKey, version: number): Promise<void> {
  const { aws, names } = session;
  const stored = await readMetadata(session, names.parameters.callbackPrivateKey);
  if (stored?.version !== version) return;
  await aws.ssm.send(
    new PutParameterCommand({
      Name: names.publicKey,
      Value: pem,
      Type: 'String',
      Description: descriptionOf(session, stored),
      Overwrite: true,
    }),
  );
}

/** Decrypts the private key. @returns undefined if no key is stored @throws {DeployError} if it is not encrypted */
export async function decryptStoredKey(
  session: Session,
): Promise<{ readonly version: number; readonly pem: string } | undefined> {
  const stored = await readEncryptedParameter(session, session.names.parameters.callbackPrivateKey);
  return stored && { version: stored.version, pem: stored.value };
}

/** @param pem a private key, in any form in which keys are pasted. @throws {KeyError} */
export function publicKeyOf(pem: string): PublicKey {
  const { key, algorithm, fingerprint } = importCallbackKey(pem);
  return {
    pem: createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString(),
    algorithm,
    fingerprint,
  };
}

/** With the time, because the versions of a parameter that was deleted begin with 1 again. */
function descriptionOf({ names }: Session, { version, modified }: ParameterMetadata): string {
  return `Public key of version ${version} of ${names.parameters.callbackPrivateKey}, stored ${modified?.toISOString() ?? ''}`;
}

/** @returns undefined for a value that is no public key */
function importRecord({ value }: ParameterVersion): PublicKey | undefined {
  try {
    const { algorithm, fingerprint } = importCallbackPublicKey(value);
    return { pem: value, algorithm, fingerprint };
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    return undefined;
  }
}
