// Limits the number of connections, because each takes memory that the limit on requests does not count.
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Logger } from 'pino';
import type { ServerCertificate } from '../tls/certificate.js';

/**
 * A connection takes 9 KB, or 24 KB with the longest headers. All of them, the requests and the process itself fit into
 * 512 MiB. The load balancer needs only a few connections, and keeps them while others are refused.
 */
const MAX_CONNECTIONS = 11_000;
/** With TLS, a connection takes 43 KB, or 65 KB with the longest headers. */
const MAX_TLS_CONNECTIONS = 4_000;
/** Refused connections are logged at most this often, in ms. */
const LOG_INTERVAL_MS = 10_000;

interface ConnectionLimitOptions {
  readonly log: Logger;
  /** @default 11,000, or 4,000 with TLS */
  readonly maxConnections?: number | undefined;
  /** @default - plain HTTP */
  readonly certificate?: ServerCertificate | undefined;
}

function registerConnectionLimit(
  app: FastifyInstance,
  { log, certificate, ...options }: ConnectionLimitOptions,
  done: () => void,
): void {
  const maxConnections =
    options.maxConnections ?? (certificate === undefined ? MAX_CONNECTIONS : MAX_TLS_CONNECTIONS);
  app.server.maxConnections = maxConnections;
  let refused = 0;
  let loggedAt = -Infinity;
  app.server.on('drop', () => {
    refused++;
    if (performance.now() - loggedAt < LOG_INTERVAL_MS) return;
    log.warn(
      { event: 'connections_refused', refused, maxConnections },
      `${refused} connections were closed at once because ${maxConnections} others are open`,
    );
    refused = 0;
    loggedAt = performance.now();
  });
  done();
}

/** Closes a connection at once if too many others are open. */
export const connectionLimit = fastifyPlugin(registerConnectionLimit, { name: 'connection-limit' });
