// Runs the service: reads the configuration, loads keys and policy, listens, and stops on a signal.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.js';
import { type Config, type ConfigError, readConfig, type SourceConfig } from './config.js';
import { createMissingKeys, directoryKeySource } from './keys/directory.js';
import { parameterKeySource } from './keys/parameters.js';
import { loadKeys, startKeyRefresh, type UnusableCallbackKeyError } from './keys/refresh.js';
import { KeyRing, type StoredKeys } from './keys/ring.js';
import { createMissingPolicy, localBanner } from './local.js';
import { createLog } from './log.js';
import type { Decide } from './policy/evaluate/decide.js';
import type { PolicyError } from './policy/parse/problem.js';
import type { OpenMemory } from './memory/open.js';
import { BaseError, codeOf } from './protocol/error.js';
import { Comparison } from './routes/comparison.js';
import { stopOnSignal } from './shutdown.js';
import { Admission } from './sources/admission.js';
import { Candidate } from './sources/candidate.js';
import { decideUnless, emergencyDecision } from './sources/emergency.js';
import { readFileValue, readPolicyFile } from './sources/file.js';
import { Freshness } from './sources/freshness.js';
import { CurrentPolicy, type MissingPolicyError } from './sources/policy.js';
import { lazyObjectReader, type OnList } from './sources/lists.js';
import { PolicyLoader } from './sources/policy-loader.js';
import type { Source, SourceError, StoredValue } from './sources/source.js';
import { EmergencyStop } from './sources/stop.js';
import type { ParameterReader } from './sources/ssm.js';
import type { StoredPolicy } from './sources/stored-policy.js';
import type { StoreError } from './store/error.js';
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
    app.addHook('onClose', () => opened?.close());
    lifecycle.app = app;
    await listen(app, config, log, version);
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
  { store }: Config,
  log: Logger,
  version: string,
  { policy, emergency, comparison }: Pick<Prepared, 'policy' | 'emergency' | 'comparison'>,
): Promise<OpenMemory | undefined> {
  if (store === undefined) return undefined;
  // What only a store needs is not loaded without one.
  const { openMemory: open } = await import('./memory/open.js');
  return open({
    ...{ config: store, version, policy, log },
    emergency: () => emergencyDecision(emergency),
    decideBy: (...args) => comparison.decideBy(...args),
  });
}

/** @returns `undefined` if policies need no signatures */
function createAdmission({ signers, sources }: Config, log: Logger): Admission | undefined {
  if (signers === undefined) return undefined;
  const bucket = sources.local ? undefined : sources.policyBucket;
  const newest = bucket === undefined ? undefined : { bucket, readObject: lazyObjectReader() };
  return new Admission({ signers, target: policyTarget(sources), newest, log });
}

/** What a policy must be signed for. */
function policyTarget(config: SourceConfig): string {
  if (config.local) return config.policyFile;
  return 'file' in config.policy ? config.policy.file : config.policy.parameter;
}

/** The serial of the newest policy must be known before a policy is taken. */
async function loadPolicy(policy: CurrentPolicy, admission: Admission | undefined): Promise<void> {
  await admission?.load();
  await policy.load();
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

function parameterSource(read: ParameterReader, name: string): Source<StoredValue> {
  return async () => (await read([name]))[0];
}

/** What relative paths of lists are relative to. */
function policyDirectory(config: SourceConfig): string {
  if (config.local) return dirname(config.policyFile);
  return 'file' in config.policy ? dirname(config.policy.file) : '.';
}

async function listen(app: FastifyInstance, config: Config, log: Logger, version: string): Promise<void> {
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    throw new ListenError(error, config);
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  if (config.auth === 'json') {
    log.warn({ event: 'json_mode' }, 'CALLBACK_AUTH=json: only the network authenticates requests');
  }
  log.info({ event: 'listening', url, version, auth: config.auth }, `listening on ${url}`);
  const { sources, auth } = config;
  if (sources.local) process.stderr.write(localBanner({ ...sources, url, json: auth === 'json' }));
}

class ListenError extends BaseError<'LISTEN_FAILED'> {
  constructor(cause: unknown, { host, port }: Config) {
    const code = codeOf(cause) ?? String(cause);
    const hint =
      {
        EADDRINUSE: 'another process is listening there: stop it, or set PORT',
        EACCES: 'this user may not listen there: set PORT to 1024 or above',
        EADDRNOTAVAIL: 'this machine does not have that address: set HOST',
      }[code] ?? 'check HOST and PORT';
    super('LISTEN_FAILED', `Can't listen on ${host}:${port} (${code}): ${hint}`, { cause });
  }
}

/** Errors at startup whose messages say what to do. */
type BootError =
  | ConfigError
  | PolicyError
  | SourceError
  | MissingPolicyError
  | UnusableCallbackKeyError
  | StoreError
  | ListenError;

function isBootError(error: unknown): error is BootError {
  return error instanceof BaseError;
}

/** Logs why the service can't start, and exits with code 1. */
function fail(log: Logger, error: unknown): never {
  const expected = isBootError(error) ? error : undefined;
  switch (expected?.code) {
    case 'CONFIG_INVALID':
      log.fatal({ event: 'boot_failed', problems: expected.problems }, expected.message);
      break;
    case 'POLICY_INVALID': {
      const { problems, report } = expected.brief;
      log.fatal({ event: 'boot_failed', problems }, `the policy is invalid:\n${report}`);
      break;
    }
    case 'SOURCE_UNREADABLE':
    case 'POLICY_MISSING':
    case 'CALLBACK_KEY_UNUSABLE':
    case 'LISTEN_FAILED':
    case 'STORE_FAILED':
      log.fatal({ event: 'boot_failed', reason: expected.message }, expected.message);
      break;
    default:
      log.fatal({ event: 'boot_failed', err: error }, 'unexpected error at startup');
  }
  process.exit(1);
}

function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

await main();
