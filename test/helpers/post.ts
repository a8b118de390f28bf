// Sends requests to an application that does not listen.
import type { FastifyInstance } from 'fastify';
import { type Payload, signToken } from '../../cli/cosigner/request.js';
import { cosigner } from './app.js';

export function post(
  app: FastifyInstance,
  url: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
) {
  return app.inject({ method: 'POST', url, headers, ...(body !== undefined && { payload: body }) });
}

export function signed(payload: Payload): string {
  return signToken(payload, cosigner.privateKey);
}

export function claimsOf(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
}
