// Stops the process: on a signal, without losing any requests; after an unexpected error, with exit code 1.
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';

export interface Lifecycle {
  /** Once set, `/health` responds with 503, and responses carry `Connection: close`. */
  stopping: boolean;
  /** Aborted when the process can no longer wait for pending decisions. */
  readonly giveUp: AbortSignal;
  /** The application to close, once it exists. */
  app?: FastifyInstance;
}

interface StopOptions {
  readonly log: Logger;
  /** Maximum time between the signal and process exit, in ms. */
  readonly timeoutMs: number;
}

/** Share of the time during which new requests are accepted; the rest is for requests in flight. */
const DRAIN_SHARE = 0.8;
/** Time before the exit at which pending decisions are abandoned, in ms. */
const GIVE_UP_MS = 600;
/** Time before the exit at which open connections are cut, in ms. */
const CUT_MS = 300;
/** Time before the exit at which lines that standard output does not accept are abandoned, in ms. */
const ABANDON_LOG_MS = 100;
/** How long to wait for requests in flight after an unexpected error, in ms. */
const CRASH_TIMEOUT_MS = 2000;
/** If there has been no connection for this long, the load balancer has stopped sending. In ms. */
const QUIET_MS = 1000;
const POLL_MS = 100;
/** Maximum wait for an event-loop turn in which closing the listener is safe, in ms. */
const ACCEPT_LIMIT_MS = 200;
/** Maximum duration of an event-loop turn in which no new connection is expected to arrive, in ms. */
const SHORT_TURN_MS = 0.05;

/**
 * Faults of the process itself, which end it at once. A JavaScript handler would return into the fault, and the process
 * would spin forever: seen when a terminal is closed, where Node.js aborts as it exits.
 */
const FAULT_SIGNALS = ['SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGSEGV'] as const;

/** Installs the handlers for signals and unexpected errors. A signal stops the process even during startup. */
export function stopOnSignal({ log, timeoutMs }: StopOptions): Lifecycle {
  const giveUp = new AbortController();
  const lifecycle: Lifecycle = { stopping: false, giveUp: giveUp.signal };
  closeWithGrace(
    {
      delay: timeoutMs,
      logger: false,
      skip: [...FAULT_SIGNALS],
      onSecondSignal: (signal) =>
        log.error({ event: 'stopped', signal }, 'stopped at once by a second signal'),
      onSecondError: (err) => log.fatal({ event: 'crashed', err }, 'second unexpected error'),
      onTimeout: () => log.error({ event: 'stopped' }, `not stopped within ${timeoutMs} ms`),
    },
    async ({ signal, err }) => {
      lifecycle.stopping = true;
      const limitMs = err === undefined ? timeoutMs : Math.min(timeoutMs, CRASH_TIMEOUT_MS);
      const end = performance.now() + limitMs;
      if (err === undefined) {
        log.info(
          { event: 'stopping', signal },
          `stopping within ${timeoutMs / 1000} s: requests are still answered; a second signal stops at once`,
        );
        await close(lifecycle.app, { log, timeoutMs }, giveUp, true);
      } else {
        log.fatal({ event: 'crashed', err }, 'unexpected error');
        await close(lifecycle.app, { log, timeoutMs: limitMs }, giveUp, false);
      }
      log.info({ event: 'stopped' }, 'stopped');
      await flush(log, end - performance.now() - ABANDON_LOG_MS);
    },
  );
  return lifecycle;
}

/** @param graceful whether new requests are still accepted until the load balancer has stopped sending */
async function close(
  app: FastifyInstance | undefined,
  { log, timeoutMs }: StopOptions,
  giveUp: AbortController,
  graceful: boolean,
): Promise<void> {
  const timers = [
    setTimeout(() => giveUp.abort(), timeoutMs - GIVE_UP_MS),
    setTimeout(() => void cutConnections(app, log), timeoutMs - CUT_MS),
  ];
  if (app?.server.listening) {
    if (graceful) await drain(app, timeoutMs * DRAIN_SHARE);
    await stopAccepting(app);
  }
  await app?.close();
  timers.forEach(clearTimeout);
}

/** Waits until all lines are written, because they include decisions that were answered. A reader may be slow. */
async function flush(log: Logger, limitMs: number): Promise<void> {
  const flushOnce = (): Promise<void> => new Promise((resolve) => log.flush(() => resolve()));
  // The first one ends with the write in progress, after which the remaining lines are written.
  await Promise.race([flushOnce().then(flushOnce), sleep(Math.max(0, limitMs))]);
}

async function cutConnections(app: FastifyInstance | undefined, log: Logger): Promise<void> {
  if (app === undefined) return;
  const connections = await countConnections(app);
  app.server.closeAllConnections();
  log.warn({ event: 'connections_cut', connections }, 'cut the connections that were still open');
}

/**
 * Waits until no client is connected. Idle connections stay open, because a request that the load balancer is sending
 * on one of them would be lost; each is closed with its next response.
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
 * Closes the listener when no connection is waiting to be accepted, because such a connection would be reset. If no
 * connection was accepted during an event-loop turn, the queue was empty; if the turn was also short, the queue is
 * still empty.
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
    await nextTurn();
  } while ((connections > before || performance.now() - startedAt > SHORT_TURN_MS) && startedAt < end);
  server.close();
}

function countConnections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}
