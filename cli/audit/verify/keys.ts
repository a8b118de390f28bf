// The public keys that records are verified with: those of the operator's choice, or those that were kept with them.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { InputError, readText } from '../../command.js';
import { codeOf } from '../../../src/protocol/error.js';
import { pemBlocks } from '../../../src/protocol/pem.js';
import { isObject } from '../../../src/protocol/request.js';
import type { Blobs } from '../../../src/store/blobs.js';

/** @returns the key with a fingerprint, or why there is none */
export type FindKey = (fingerprint: string) => Promise<KeyObject | string>;

/** @param file public keys in PEM, one after another. @throws {InputError} */
export function trustOnly(file: string): FindKey {
  const keys = new Map<string, KeyObject>();
  try {
    for (const { pem } of pemBlocks(readText(file))) {
      const key = createPublicKey(pem);
      keys.set(fingerprintOf(key.export({ type: 'spki', format: 'der' })), key);
    }
  } catch (error) {
    if (codeOf(error) === 'INPUT_UNUSABLE') throw error;
    throw new InputError(`${file} can't be used: it must have public keys in PEM, and nothing else`);
  }
  return (fingerprint) => Promise.resolve(keys.get(fingerprint) ?? `it is not in ${file}`);
}

export function keptKeys(blobs: Blobs): FindKey {
  const known = new Map<string, KeyObject | string>();
  return async (fingerprint) => {
    const key = known.get(fingerprint) ?? (await read(blobs, fingerprint));
    known.set(fingerprint, key);
    return key;
  };
}

async function read(blobs: Blobs, fingerprint: string): Promise<KeyObject | string> {
  const der = await blobs.get(fingerprint);
  if (der === undefined) return 'it is not kept in the store';
  try {
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  } catch {
    return 'what is kept in its place is no key';
  }
}

function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}

/**
 * Verifies a compact JWS. Its times are not looked at: they were when it was received.
 * @returns the claims; `undefined` if it does not verify
 */
export function verifiedClaims(token: string, key: KeyObject): Readonly<Record<string, unknown>> | undefined {
  const [header = '', claims = '', signature = '', ...rest] = token.trim().split('.');
  if (rest.length > 0) return undefined;
  try {
    const { alg } = JSON.parse(decode(header)) as { alg?: unknown };
    if (alg !== (key.asymmetricKeyType === 'ec' ? 'ES256' : 'RS256')) return undefined;
    const input = Buffer.from(`${header}.${claims}`, 'latin1');
    const isValid = verify(
      'sha256',
      input,
      // RSA keys ignore the encoding of ECDSA signatures (RFC 7518, section 3.4).
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    const payload: unknown = isValid ? JSON.parse(decode(claims)) : undefined;
    return isObject(payload) ? payload : undefined;
  } catch {
    return undefined;
  }
}

function decode(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}
