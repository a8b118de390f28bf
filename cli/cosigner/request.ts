// Requests as the Co-signer makes them: published payloads with fresh ids, signed, or tampered with on purpose.
// Made and signed apart from src/protocol, so that a fault there can't hide on both sides.
import { createHmac, createPublicKey, type KeyObject, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Kind } from '../../src/protocol/request.js';

export type Payload = Record<string, unknown>;

const SAMPLES: Readonly<Record<Kind, Payload>> = {
  transaction: readPayload(new URL('./samples/tx-eth-transfer.json', import.meta.url)),
  configuration: readPayload(new URL('./samples/config-unmanaged-wallet.json', import.meta.url)),
};

/** A payload as published, with ids of its own. */
export function samplePayload(kind: Kind): Payload {
  const id = randomUUID();
  return { ...SAMPLES[kind], ...(kind === 'transaction' && { txId: id }), requestId: id };
}

/** @throws {SyntaxError} or {TypeError} if the file does not hold a JSON object */
export function readPayload(file: string | URL): Payload {
  const payload: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new TypeError('not a JSON object');
  }
  return payload as Payload;
}

export const TAMPERINGS = ['signature', 'alg-none', 'hmac', 'zero'] as const;
/**
 * - `signature`: one bit of it is changed
 * - `alg-none`: unsigned, and says so
 * - `hmac`: an HMAC with the public key as the secret
 * - `zero`: a signature of zeros
 */
export type Tampering = (typeof TAMPERINGS)[number];

/** A compact JWS over the payload, RS256. */
export function signToken(payload: Payload, privateKey: KeyObject): string {
  const input = signingInput('RS256', payload);
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

/** A token that a handler must refuse. */
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
