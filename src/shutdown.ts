// How the process ends: on a signal without losing a request, on an unexpected error with exit code 1.
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

export interface Lifecycle {
  /** From then on `/health` says 503 and answers carry `Connection: close`. */
  stopping: boolean;
  /** Aborted when decisions that are still open can be waited for no longer. */
  readonly giveUp: AbortSignal;
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
/** Before the end, in ms: decisions still open are given up; connections still open are cut. */
const GIVE_UP_MS = 600;
const CUT_MS = 300;
/** How long requests in flight are waited for after an unexpected error, in ms. */
const CRASH_TIMEOUT_MS = 2000;
/** The load balancer is taken to be gone once there was no connection for this long, in ms. */
const QUIET_MS = 1000;
const POLL_MS = 100;
/** For how long a good moment to close the listener is waited for, and what turn of the event loop is short, in ms. */
const ACCEPT_LIMIT_MS = 200;
const SHORT_TURN_MS = 0.05;

/** Installs the handlers; from here on a signal ends the process, even while it starts. */
export function stopOnSignal({ log, timeoutMs }: StopOptions): Lifecycle {
  const giveUp = new AbortController();
  const lifecycle: Lifecycle = { stopping: false, giveUp: giveUp.signal };
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
      if (err === undefined) {
        log.info(
          { event: 'stopping', signal },
          `stopping within ${timeoutMs / 1000} s: requests are still answered; a second signal stops at once`,
        );
      } else {
        log.fatal({ event: 'crashed', err }, 'unexpected error');
      }
      const leftMs = err === undefined ? timeoutMs : Math.min(timeoutMs, CRASH_TIMEOUT_MS);
      const timers = [
        setTimeout(() => giveUp.abort(), leftMs - GIVE_UP_MS),
        setTimeout(() => void cutConnections(app, log), leftMs - CUT_MS),
      ];
      if (app?.server.listening) {
        if (err === undefined) await drain(app, leftMs * DRAIN_SHARE);
        await stopAccepting(app);
      }
      await app?.close();
      timers.forEach(clearTimeout);
      log.info({ event: 'stopped' }, 'stopped');
    },
  );
  return lifecycle;
}

async function cutConnections(app: FastifyInstance | undefined, log: Logger): Promise<void> {
  if (app === undefined) return;
  const connections = await countConnections(app);
  app.server.closeAllConnections();
  log.warn({ event: 'connections_cut', connections }, 'connections that were still open at the end were cut');
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
