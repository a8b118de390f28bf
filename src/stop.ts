// How the process ends: on a signal without losing a request, on an unexpected error with exit code 1.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

export interface Lifecycle {
  /** From then on `/health` says 503 and answers carry `Connection: close`. */
  stopping: boolean;
  /** What is to be closed, once there is something. */
  app?: FastifyInstance;
}

interface StopOptions {
  readonly log: Logger;
  /** Time from signal to exit, in ms. */
  readonly timeoutMs: number;
}

/** Part of the time that new requests are still waited for; the rest is for those in flight. */
const DRAIN_SHARE = 0.8;
/** Connections still open this long before the end, in ms, are cut. */
const CUT_MS = 500;
/** The load balancer is taken to be gone once there was no connection for this long, in ms. */
const QUIET_MS = 1000;
const POLL_MS = 100;
/** For how long a good moment to close the listener is waited for, and what turn of the event loop is short, in ms. */
const ACCEPT_LIMIT_MS = 300;
const SHORT_TURN_MS = 0.05;

/** Installs the handlers; from here on a signal ends the process, even while it starts. */
export function stopOnSignal({ log, timeoutMs }: StopOptions): Lifecycle {
  const lifecycle: Lifecycle = { stopping: false };
  closeWithGrace(
    {
      delay: timeoutMs,
      logger: false,
      onSecondSignal: (signal) => log.error({ event: 'stopped', signal }, 'second signal: stopped at once'),
      onSecondError: (err) => log.fatal({ event: 'crashed', err }, 'second unexpected error'),
      onTimeout: () => log.error({ event: 'stopped' }, `not stopped within ${timeoutMs} ms`),
    },
    async ({ signal, err }) => {
      lifecycle.stopping = true;
      const { app } = lifecycle;
      const end = performance.now() + timeoutMs;
      if (err === undefined) {
        log.info(
          { event: 'stopping', signal },
          `stopping within ${timeoutMs / 1000} s: requests are still answered; a second signal stops at once`,
        );
        if (app?.server.listening) {
          await drain(app, timeoutMs * DRAIN_SHARE);
          await stopAccepting(app);
        }
      } else {
        log.fatal({ event: 'crashed', err }, 'unexpected error');
      }
      const cut = setTimeout(() => app?.server.closeAllConnections(), end - performance.now() - CUT_MS);
      await app?.close();
      clearTimeout(cut);
      log.info({ event: 'stopped' }, 'stopped');
    },
  );
  return lifecycle;
}

/**
 * Waits until nobody is connected. Idle connections are left open: closing one just as the load balancer sends into it
 * would lose that request. Each is closed with its next answer instead.
 */
async function drain(app: FastifyInstance, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  let lastSeen = performance.now();
  while (performance.now() < end && performance.now() - lastSeen < QUIET_MS) {
    if ((await countConnections(app)) > 0) lastSeen = performance.now();
    await sleep(POLL_MS);
  }
}

/**
 * Closes the listener at a moment when no connection waits to be accepted: one that does would be reset. A turn of the
 * event loop that accepted nothing has seen the queue empty; if it was short, too, nothing has come since.
 */
async function stopAccepting({ server }: FastifyInstance): Promise<void> {
  const end = performance.now() + ACCEPT_LIMIT_MS;
  let connections = 0;
  let before: number;
  let startedAt: number;
  server.on('connection', () => connections++);
  do {
    before = connections;
    startedAt = performance.now();
    await turn();
  } while ((connections > before || performance.now() - startedAt > SHORT_TURN_MS) && startedAt < end);
  server.close();
}

function countConnections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
