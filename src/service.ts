// Runs the service: reads the configuration, loads keys and policy, listens, and stops on a signal.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { fail, ListenError, readVersion } from './boot-failure.js';
import { type Config, readConfig } from './config.js';
import { loadKeys, startKeyRefresh } from './keys/refresh.js';
import { localBanner } from './local.js';
import { createLog } from './log.js';
import type { Policy } from './policy/evaluate/policy.js';
import type { OpenMemory } from './memory/open.js';
import { buildHandler, keepLists, openMemory, prepare, type Prepared } from './parts.js';
import { BaseError } from './protocol/error.js';
import { loadPolicy } from './policy-setup.js';
import { type Lifecycle, stopOnSignal } from './shutdown.js';
import type { ServerCertificate } from './tls/certificate.js';
import { createCertificate } from './tls/listener.js';
import { favourSize, limitYoungGeneration } from './v8-flags.js';

async function main(): Promise<void> {
  const config = await configure();
  // A store on this machine's disk is never in a small container: there, speed is worth more than memory.
  const isSmall = config.store === undefined || 'table' in config.store;
  if (isSmall) limitYoungGeneration();
  const log = await createLog(config.logLevel);
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  try {
    const prepared = await prepare(
      config,
      log,
      keepLists(() => opening),
    );
    const { loading, policy, emergency, admission, candidate } = prepared;
    const version = readVersion();
    const certificate = await createCertificate(config.tls);
    const opening = openMemory(config, log, version, prepared);
    // The store is opened and the application built while waiting for SSM.
    const [app, opened] = await Promise.all([
      opening.then((store) =>
        buildHandler(config, prepared, store, { certificate, version, lifecycle, log }),
      ),
      opening,
      loadKeys(loading),
      loadPolicy(policy, admission),
      emergency.stop.load(),
      opening.then((store) => store?.ready()),
    ]);
    startKeyRefresh(loading, config.keyRefreshMs);
    policy.keepFresh(config.policyRefreshMs);
    // Twice as often as the policy: a stop is then in force in time, even though a read takes a while.
    emergency.stop.keepFresh(config.policyRefreshMs / 2);
    emergency.freshness.watch();
    const served: { console?: FastifyInstance | undefined } = {};
    app.addHook('onClose', async () => {
      await served.console?.close();
      await opened?.close();
    });
    lifecycle.app = app;
    await listen(app, config, log, version);
    served.console =
      opened && (await serveConsole(config, { opened, policy, candidate, certificate, lifecycle, log }));
    // Read only now, so that it can't delay the start.
    candidate?.keepFresh(config.policyRefreshMs);
    if (isSmall) favourSize();
  } catch (error) {
    fail(log, error);
  }
}

interface Served extends Pick<Prepared, 'policy'> {
  readonly candidate: { readonly current: Policy | undefined } | undefined;
  readonly opened: OpenMemory;
  readonly certificate: ServerCertificate | undefined;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
}

/** The service answers without it as well. @returns `undefined` if it is not served here, or can't be */
async function serveConsole(
  { host, console, notify }: Config,
  { opened, policy, candidate = { current: undefined }, certificate, lifecycle, log }: Served,
): Promise<FastifyInstance | undefined> {
  if (console?.port === undefined) return undefined;
  const { origin, port } = console;
  const { table, blobs } = opened.store;
  try {
    const { startConsole } = await import('./console/start.js');
    return await startConsole({
      ...{ host, port, origin, notify, table, blobs, policy, candidate, lifecycle, log },
      certificate,
      now: () => new Date(),
    });
  } catch (error) {
    const reason =
      error instanceof BaseError
        ? error.message
        : new ListenError(error, { host, port }, 'CONSOLE_PORT').message;
    log.error({ event: 'console_unavailable', reason }, `people can't decide: ${reason}`);
    return undefined;
  }
}

async function configure(): Promise<Config> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    return fail(await createLog('info'), error);
  }
}

async function listen(app: FastifyInstance, config: Config, log: Logger, version: string): Promise<void> {
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    throw new ListenError(error, config);
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const url = `${config.tls === undefined ? 'http' : 'https'}://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  if (config.auth === 'json') {
    log.warn({ event: 'json_mode' }, 'CALLBACK_AUTH=json: only the network authenticates requests');
  }
  log.info({ event: 'listening', url, version, auth: config.auth }, `listening on ${url}`);
  const { sources, auth, console } = config;
  if (!sources.local) return;
  const people = console?.port === undefined ? undefined : console.origin;
  process.stderr.write(localBanner({ ...sources, url, console: people, json: auth === 'json' }));
}

await main();
