// With TLS: reports handshakes that fail, and does not let an unfinished one delay the end of the process.
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Logger } from 'pino';

/** Failed handshakes are logged at most this often, in ms. */
const LOG_INTERVAL_MS = 10_000;
/** How long a handshake may still take once the application closes, in ms. */
const LAST_HANDSHAKE_MS = 500;

interface HandshakesOptions {
  readonly log: Logger;
}

function registerHandshakes(app: FastifyInstance, { log }: HandshakesOptions, done: () => void): void {
  const { server } = app;
  /** Connections without a finished handshake, by the address of their client. */
  const unfinished = new Map<string, Socket>();
  const addressOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;
  server.on('connection', (socket: Socket) => {
    const address = addressOf(socket);
    unfinished.set(address, socket);
    socket.once('close', () => unfinished.delete(address));
  });
  server.on('secureConnection', (socket: Socket) => unfinished.delete(addressOf(socket)));

  let failed = 0;
  let loggedAt = -Infinity;
  server.on('tlsClientError', ({ code }: NodeJS.ErrnoException, { remoteAddress }: Socket) => {
    // The client has gone, as a port scan does.
    if (code === 'ECONNRESET') return;
    failed++;
    if (performance.now() - loggedAt < LOG_INTERVAL_MS) return;
    log.warn(
      { event: 'handshakes_failed', failed, cause: code, remoteAddress },
      `${failed} TLS handshakes failed: ${code}`,
    );
    failed = 0;
    loggedAt = performance.now();
  });

  // Closing waits for every connection, but closes only those that have got as far as HTTP.
  app.addHook('preClose', (closing) => {
    setTimeout(() => unfinished.forEach((socket) => socket.destroy()), LAST_HANDSHAKE_MS).unref();
    closing();
  });
  done();
}

export const handshakes = fastifyPlugin(registerHandshakes, { name: 'handshakes' });
