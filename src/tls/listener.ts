// How a Fastify instance listens: plain HTTP, or HTTPS with a certificate made at start-up.
import type { Server, ServerOptions } from 'node:http';
import type { FastifyHttpOptions } from 'fastify';
import type { ServerCertificate } from './certificate.js';

/** The values of the variable TLS; unset stands for plain HTTP. */
export const TLS_MODES = ['self-signed'] as const;
export type TlsMode = (typeof TLS_MODES)[number];

/** A handshake with the load balancer takes milliseconds. Node.js would wait 120 s for one. */
const HANDSHAKE_TIMEOUT_MS = 5000;

/**
 * @returns `undefined` for plain HTTP. The code for certificates is loaded only if it is needed.
 */
export async function createCertificate(mode: TlsMode | undefined): Promise<ServerCertificate | undefined> {
  if (mode === undefined) return undefined;
  const { selfSignedCertificate } = await import('./certificate.js');
  return selfSignedCertificate();
}

/**
 * @param certificate `undefined`: plain HTTP
 * @param options of the HTTP server, in both cases
 * @returns Fastify's options for its server
 */
export function listenerOptions(
  certificate: ServerCertificate | undefined,
  options: ServerOptions = {},
): Pick<FastifyHttpOptions<Server>, 'http'> {
  if (certificate === undefined) return { http: options };
  const https = {
    ...options,
    ...certificate,
    minVersion: 'TLSv1.2' as const,
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    // As with HTTP: a client that has closed its side still gets its response.
    allowHalfOpen: true,
  };
  // Fastify has a type of its own for instances with HTTPS, although their servers have the same properties.
  return { https } as object;
}
