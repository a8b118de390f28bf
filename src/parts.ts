// Creates what the service and its Lambda edition have in common: sources, keys, policy, emergency stop, candidate, store,
// and the application that decides by them.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { type AppOptions, buildApp } from './app.js';
import type { Config, SourceConfig } from './config.js';
import { createMissingKeys, directoryKeySource } from './keys/directory.js';
import { parameterKeySource } from './keys/parameters.js';
import { KeyRing, type StoredKeys } from './keys/ring.js';
import { createMissingPolicy } from './local.js';
import type { OpenMemory } from './memory/open.js';
import { createAdmission, parameterSource, policyDirectory } from './policy-setup.js';
import { Comparison } from './routes/comparison.js';
import { Candidate } from './sources/candidate.js';
import { decideUnless, emergencyDecision } from './sources/emergency.js';
import { readFileValue, readPolicyFile } from './sources/file.js';
import { Freshness } from './sources/freshness.js';
import { CurrentPolicy } from './sources/policy.js';
import type { OnList } from './sources/lists.js';
import { PolicyLoader } from './sources/policy-loader.js';
import type { Source, StoredValue } from './sources/source.js';
import { EmergencyStop } from './sources/stop.js';
import type { StoredPolicy } from './sources/stored-policy.js';

export type Prepared = Awaited<ReturnType<typeof prepare>>;

/**
 * Prepares what is loaded at startup and refreshed from then on.
 * @param now a monotonic clock, in ms
 */
export async function prepare(config: Config, log: Logger, onList: OnList, now?: () => number) {
  const sources = await openSources(config.sources);
  const freshness = new Freshness({
    watched: sources.stop === undefined ? ['keys', 'policy'] : ['keys', 'policy', 'stop'],
    maxMs: config.maxStalenessMs,
    ...{ log, now },
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
export async function openMemory(
  { store, console }: Config,
  log: Logger,
  version: string,
  { policy, emergency, comparison }: Pick<Prepared, 'policy' | 'emergency' | 'comparison'>,
  sealsOnTimer = true,
): Promise<OpenMemory | undefined> {
  if (store === undefined) return undefined;
  // What only a store needs is not loaded without one.
  const { openMemory: open } = await import('./memory/open.js');
  return open({
    ...{ config: store, version, policy, log, consoleOrigin: console?.origin, sealsOnTimer },
    emergency: () => emergencyDecision(emergency),
    decideBy: (...args) => comparison.decideBy(...args),
  });
}

/** @returns what keeps lists in a store that is being opened. Were it not to open, the process would not start */
export function keepLists(opening: () => Promise<OpenMemory | undefined>): OnList {
  return (sha256, bytes) =>
    void opening().then(
      (store) => store?.keepList(sha256, bytes),
      () => undefined,
    );
}

/** What the service and its Lambda edition set in ways of their own. */
type OwnOptions = Pick<AppOptions, 'certificate' | 'overload' | 'refresh' | 'version' | 'lifecycle' | 'log'>;

/** Builds the application: it decides by the emergency stop, by stale data, then by the policy. */
export function buildHandler(
  config: Config,
  { loading, policy, emergency, comparison }: Prepared,
  store: OpenMemory | undefined,
  own: OwnOptions,
): Promise<FastifyInstance> {
  return buildApp({
    ...config,
    memory: store?.memory,
    loss: store?.loss,
    keyRing: loading.ring,
    policy,
    emergency,
    decide: decideUnless(emergency, (request) => comparison.decideBy(policy.current, request, new Date())),
    comparison,
    ...own,
  });
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
