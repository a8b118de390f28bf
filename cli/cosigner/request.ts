// Creates requests as the Co-signer does: published payloads with new ids, signed, or tampered with on purpose.
// The tokens are built without src/protocol, so that a bug there can't cancel itself out in tests.
import { createHmac, createPublicKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { InputError, readJson } from '../command.js';
import type { Kind } from '../../src/protocol/request.js';

export type Payload = Record<string, unknown>;

const SAMPLES: Readonly<Record<Kind, Payload>> = {
  transaction: readSample('tx-eth-transfer.json'),
  configuration: readSample('config-unmanaged-wallet.json'),
};

function readSample(name: string): Payload {
  return readPayload(fileURLToPath(new URL(`./samples/${name}`, import.meta.url)));
}

/** Returns a payload that Fireblocks published, with new ids. */
export function samplePayload(kind: Kind): Payload {
  const id = randomUUID();
  return { ...SAMPLES[kind], ...(kind === 'transaction' && { txId: id }), requestId: id };
}

/** @throws {InputError} if the file can't be read or does not contain a JSON object */
export function readPayload(file: string): Payload {
  const payload = readJson(file);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new InputError(`${file} is not a JSON object`);
  }
  return payload as Payload;
}

/**
 * Returns a payload with new ids, as Fireblocks would send it for another transaction. The `requestId` of an entry of a
 * batch keeps its suffix. Ids that are missing or no strings stay as they are.
 */
export function withFreshIds(payload: Payload): Payload {
  const { requestId, txId } = payload;
  const id = randomUUID();
  const fresh = { ...payload };
  if (typeof txId === 'string' && txId !== '') fresh['txId'] = id;
  if (typeof requestId === 'string' && requestId !== '') {
    const suffix = typeof txId === 'string' && requestId.startsWith(txId) ? requestId.slice(txId.length) : '';
    fresh['requestId'] = `${id}${suffix}`;
  }
  return fresh;
}

export const TAMPERINGS = ['signature', 'alg-none', 'hmac', 'zero'] as const;
/**
 * - `signature`: one bit of the signature is flipped
 * - `alg-none`: no signature, `alg` is `none`
 * - `hmac`: an HMAC with the public key as its secret
 * - `zero`: all bytes of the signature are 0
 */
export type Tampering = (typeof TAMPERINGS)[number];

/** Returns a compact JWS with the payload as its claims, signed with RS256. */
export function signToken(payload: Payload, privateKey: KeyObject): string {
  const input = signingInput('RS256', payload);
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

/** Returns a token that a handler must reject. */
export function tamperedToken(payload: Payload, privateKey: KeyObject, tampering: Tampering): string {
  switch (tampering) {
    case 'signature': {
      const [header, claims, signature = ''] = signToken(payload, privateKey).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
      return `${header}.${claims}.${bytes.toString('base64url')}`;
    }
    case 'alg-none':
      return `${signingInput('none', payload)}.`;
    case 'hmac': {
      const input = signingInput('HS256', payload);
      const publicPem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' });
      return `${input}.${createHmac('sha256', publicPem).update(input).digest('base64url')}`;
    }
    case 'zero':
      return `${signingInput('RS256', payload)}.${Buffer.alloc(256).toString('base64url')}`;
  }
}

function signingInput(alg: string, payload: Payload): string {
  return [{ alg, typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}
