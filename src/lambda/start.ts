// Starts the application in a Lambda environment: reads the configuration, loads keys and policy, opens the store.
import { buildApp } from '../app.js';
import { logFailure, readVersion } from '../boot-failure.js';
import type { Config } from '../config.js';
import { loadKeys } from '../keys/refresh.js';
import { createLog } from '../log.js';
import { openMemory, prepare } from '../parts.js';
import type { Decide } from '../policy/evaluate/decide.js';
import { loadPolicy } from '../policy-setup.js';
import { stopOnSignal } from '../shutdown.js';
import { decideUnless } from '../sources/emergency.js';
import type { Logger } from 'pino';
import { readLambdaConfig } from './config.js';
import { answerEvents, type HttpAnswer } from './events.js';

/** Answers the events of this environment. */
export type Handler = (event: unknown) => Promise<HttpAnswer>;

/** @throws {Error} if the configuration, the keys or the policy can't be used; the reason is logged */
export async function start(env: NodeJS.ProcessEnv): Promise<Handler> {
  let log = await createLog('info');
  try {
    const config = readLambdaConfig(env);
    log = await createLog(config.logLevel);
    return await open(config, log);
  } catch (error) {
    logFailure(log, error);
    throw error;
  }
}

async function open(config: Config, log: Logger): Promise<Handler> {
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  const { loading, policy, emergency, admission, comparison } = await prepare(
    config,
    log,
    (sha256, bytes) =>
      void opening.then(
        (store) => store?.keepList(sha256, bytes),
        () => undefined,
      ),
  );
  const byPolicy: Decide = (request) => comparison.decideBy(policy.current, request, new Date());
  const version = readVersion();
  const opening = openMemory(config, log, version, { policy, emergency, comparison });
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
        overload: { maxEventLoopDelayMs: 0 },
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
  app.addHook('onClose', () => opened?.close());
  lifecycle.app = app;
  const handler = answerEvents(app);
  await app.ready();
  return handler;
}
