// The process: configuration → keys → listen → stop.
import './memory.js';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.js';
import { type Config, ConfigError, readConfig } from './config.js';
import { directoryKeySource, makeMissingKeys } from './keys/directory.js';
import { keepKeysFresh, loadKeys, UnusableCallbackKeyError } from './keys/refresh.js';
import { KeyRing } from './keys/ring.js';
import { type KeySource, KeySourceError } from './keys/source.js';
import { createLog } from './log.js';
import { rejectEverything } from './policy/decide.js';
import { stopOnSignal } from './stop.js';

async function main(): Promise<void> {
  const config = await configure();
  const log = await createLog(config.logLevel);
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  try {
    const ring = new KeyRing();
    const loading = { source: await openKeySource(config), ring, log };
    await loadKeys(loading);
    keepKeysFresh(loading, config.keyRefreshMs);

    const version = readVersion();
    const app = await buildApp({
      ...config,
      keyRing: ring,
      decide: rejectEverything,
      version,
      lifecycle,
      log,
    });
    lifecycle.app = app;
    await listen(app, config, log, version);
  } catch (error) {
    fail(log, error);
  }
}

async function configure(): Promise<Config> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (error) {
    return fail(await createLog('info'), error);
  }
}

async function openKeySource({ keys }: Config): Promise<KeySource> {
  if (keys.from === 'directory') {
    await makeMissingKeys(keys.directory);
    return directoryKeySource(keys.directory);
  }
  // Loaded only where it is used: the SDK takes a third of the time to start.
  const { ssmKeySource } = await import('./keys/ssm.js');
  return ssmKeySource(keys);
}

async function listen(app: FastifyInstance, config: Config, log: Logger, version: string): Promise<void> {
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    throw new BootError(listenProblem(error, config));
  }
  const address = app.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : config.port;
  const url = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
  if (config.auth === 'json') {
    log.warn({ event: 'json_mode' }, 'CALLBACK_AUTH=json: requests are authenticated by the network alone');
  }
  log.info({ event: 'listening', url, version, auth: config.auth }, `listening on ${url}`);
  if (config.keys.from === 'directory') {
    process.stderr.write(localBanner(url, config.keys.directory, config.auth === 'json'));
  }
}

function localBanner(url: string, keyDirectory: string, json: boolean): string {
  return `
  LOCAL MODE, for trying things out. Keys: ${keyDirectory}. AWS is not used.
  Ask it for a decision, in another terminal:

      npm run cosigner -- --url ${url}${json ? ' --json-mode' : ''}

`;
}

/** A fault at start that the message explains in full. */
class BootError extends Error {}

function listenProblem(error: unknown, { host, port }: Config): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const hint =
    {
      EADDRINUSE: 'another process listens there: stop it, or set PORT',
      EACCES: 'this user may not listen there: set PORT to 1024 or above',
      EADDRNOTAVAIL: 'this machine has no such address: set HOST',
    }[code] ?? 'check HOST and PORT';
  return `Can't listen on ${host}:${port} (${code}): ${hint}`;
}

function fail(log: Logger, error: unknown): never {
  if (error instanceof ConfigError) {
    log.fatal({ event: 'boot_failed', problems: error.problems }, "the configuration can't be used");
  } else if (
    error instanceof KeySourceError ||
    error instanceof UnusableCallbackKeyError ||
    error instanceof BootError
  ) {
    log.fatal({ event: 'boot_failed', reason: error.message }, error.message);
  } else {
    log.fatal({ event: 'boot_failed', err: error }, 'unexpected fault at start');
  }
  process.exit(1);
}

function readVersion(): string {
  const file = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(file) as { version: string }).version;
}

await main();
