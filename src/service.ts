// Runs the service: reads the configuration, loads keys and policy, listens, and stops on a signal.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.js';
import { fail, ListenError, readVersion } from './boot-failure.js';
import { type Config, readConfig, type SourceConfig } from './config.js';
import { createMissingKeys, directoryKeySource } from './keys/directory.js';
import { parameterKeySource } from './keys/parameters.js';
import { loadKeys, startKeyRefresh } from './keys/refresh.js';
import { KeyRing, type StoredKeys } from './keys/ring.js';
import { createMissingPolicy, localBanner } from './local.js';
import { createLog } from './log.js';
import type { Decide } from './policy/evaluate/decide.js';
import type { Policy } from './policy/evaluate/policy.js';
import type { OpenMemory } from './memory/open.js';
import { BaseError } from './protocol/error.js';
import { createAdmission, loadPolicy, parameterSource, policyDirectory } from './policy-setup.js';
import { Comparison } from './routes/comparison.js';
import { type Lifecycle, stopOnSignal } from './shutdown.js';
import { Candidate } from './sources/candidate.js';
import { decideUnless, emergencyDecision } from './sources/emergency.js';
import { readFileValue, readPolicyFile } from './sources/file.js';
import { Freshness } from './sources/freshness.js';
import { CurrentPolicy } from './sources/policy.js';
import type { OnList } from './sources/lists.js';
import { PolicyLoader } from './sources/policy-loader.js';
import type { Source, StoredValue } from './sources/source.js';
import { EmergencyStop } from './sources/stop.js';
import type { ServerCertificate } from './tls/certificate.js';
import { createCertificate } from './tls/listener.js';
import type { StoredPolicy } from './sources/stored-policy.js';
import { favourSize, limitYoungGeneration } from './v8-flags.js';

async function main(): Promise<void> {
  const config = await configure();
  // A store on this machine's disk is never in a small container: there, speed is worth more than memory.
  const isSmall = config.store === undefined || 'table' in config.store;
  if (isSmall) limitYoungGeneration();
  const log = await createLog(config.logLevel);
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  try {
    const { loading, policy, emergency, admission, candidate, comparison } = await prepare(
      config,
      log,
      // Were it not to open, the service would not start.
      (sha256, bytes) =>
        void opening.then(
          (store) => store?.keepList(sha256, bytes),
          () => undefined,
        ),
    );
    const byPolicy: Decide = (request) => comparison.decideBy(policy.current, request, new Date());
    const version = readVersion();
    const certificate = await createCertificate(config.tls);
    const opening = openMemory(config, log, version, { policy, emergency, comparison });
    // The store is opened and the application built while waiting for SSM.
    const [app, opened] = await Promise.all([
      opening.then((store) =>
        buildApp({
          ...config,
          memory: store?.memory,
          loss: store?.loss,
          keyRing: loading.ring,
          policy,
          emergency,
          decide: decideUnless(emergency, byPolicy),
          comparison,
          certificate,
          version,
          lifecycle,
          log,
        }),
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

type Prepared = Awaited<ReturnType<typeof prepare>>;

/** Prepares what is loaded at startup and refreshed from then on. */
async function prepare(config: Config, log: Logger, onList: OnList) {
  const sources = await openSources(config.sources);
  const freshness = new Freshness({
    watched: sources.stop === undefined ? ['keys', 'policy'] : ['keys', 'policy', 'stop'],
    maxMs: config.maxStalenessMs,
    log,
  });
  const loading = {
    ...{ source: sources.keys, ring: new KeyRing(), log, keyWithdrawal: config.keyWithdrawal },
    onConfirmed: () => freshness.confirm('keys'),
  };
  const loader = new PolicyLoader(policyDirectory(config.sources), undefined, {
    hasStore: config.store !== undefined,
    hasConsole: config.console !== undefined,
    onList,
  });
  const admission = createAdmission(config, log);
  const policy = new CurrentPolicy(sources.policy, log, {
    loader,
    admit: (stored, admitted) => admission?.admit(stored, admitted),
    onConfirmed: () => freshness.confirm('policy'),
  });
  const stop = new EmergencyStop(sources.stop, log, () => freshness.confirm('stop'));
  // With the policy's loader, so that a list that both use is in memory once.
  const candidate = sources.candidate && new Candidate({ source: sources.candidate, loader, log });
  const comparison = new Comparison({ candidate: candidate ?? { current: undefined }, log });
  return { loading, policy, emergency: { stop, freshness }, admission, candidate, comparison };
}

/** @returns `undefined` if there is no store */
async function openMemory(
  { store, console }: Config,
  log: Logger,
  version: string,
  { policy, emergency, comparison }: Pick<Prepared, 'policy' | 'emergency' | 'comparison'>,
): Promise<OpenMemory | undefined> {
  if (store === undefined) return undefined;
  // What only a store needs is not loaded without one.
  const { openMemory: open } = await import('./memory/open.js');
  return open({
    ...{ config: store, version, policy, log, consoleOrigin: console?.origin },
    emergency: () => emergencyDecision(emergency),
    decideBy: (...args) => comparison.decideBy(...args),
  });
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

interface Sources {
  readonly keys: Source<StoredKeys>;
  readonly policy: Source<StoredPolicy>;
  readonly stop: Source<StoredValue> | undefined;
  readonly candidate: Source<StoredPolicy> | undefined;
}

async function openSources(config: SourceConfig): Promise<Sources> {
  if (config.local) {
    const { keyDirectory, policyFile, stopFile, candidateFile, createPolicy } = config;
    await createMissingKeys(keyDirectory);
    if (createPolicy) await createMissingPolicy(policyFile);
    return {
      keys: directoryKeySource(keyDirectory),
      policy: () => readPolicyFile(policyFile),
      stop: () => readFileValue(stopFile),
      candidate: () => readFileValue(candidateFile),
    };
  }
  // Imported only where it is used, because loading the AWS SDK takes a third of the startup time.
  const { parameterReader } = await import('./sources/ssm.js');
  const read = parameterReader();
  // With clients of their own, so that a connection on which one read hangs can't delay the others, least of all an
  // emergency stop.
  const readStop = parameterReader();
  const { policy, stopParameter, candidateParameter } = config;
  return {
    keys: parameterKeySource(read, config),
    policy: 'file' in policy ? () => readPolicyFile(policy.file) : parameterSource(read, policy.parameter),
    stop: stopParameter === undefined ? undefined : parameterSource(readStop, stopParameter),
    candidate:
      candidateParameter === undefined ? undefined : parameterSource(parameterReader(), candidateParameter),
  };
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
