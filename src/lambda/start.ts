// Starts the application in a Lambda environment: loads keys and policy, opens the store, and answers events. Nothing here
// relies on timers, because the environment is frozen as soon as an answer is returned.
import type { Logger } from 'pino';
import { logFailure, readVersion } from '../boot-failure.js';
import type { Config } from '../config.js';
import { loadKeys, startKeyRefresh } from '../keys/refresh.js';
import { createLog } from '../log.js';
import type { OpenMemory } from '../memory/open.js';
import { buildHandler, keepLists, openMemory, prepare, type Prepared } from '../parts.js';
import { loadPolicy } from '../policy-setup.js';
import { stopOnSignal } from '../shutdown.js';
import { within } from '../sources/read.js';
import { readLambdaConfig, SETTLE_LIMIT_MS } from './config.js';
import { answerEvents, type HttpAnswer } from './events.js';
import { atMost, clock, RequestSchedule } from './refresh.js';

/** Answers an event. @throws {EventError} if it is not an HTTP request */
export type Handler = (event: unknown) => Promise<HttpAnswer>;

/** How long after the start of the process loading must have ended, in ms: Lambda gives an environment 10 s to start. */
const START_LIMIT_MS = 8_000;
/** How long it may take at least, in ms, however slowly the process starts. */
const LEAST_LOAD_MS = 1_000;
/** How long the start may wait for what the store still does, in ms: if the store is slow, the first decision waits instead. */
const START_SETTLE_LIMIT_MS = 1_500;
/** The share of the start's time that the store may take. After that, it counts as lost until it responds. */
const STORE_SHARE = 0.5;
/** How often to look whether a store that counts as lost is back, in ms. */
const LOSS_CHECK_MS = 5_000;

/** @throws {Error} if the configuration, the keys or the policy can't be used; the reason is logged */
export async function start(env: NodeJS.ProcessEnv): Promise<Handler> {
  let log = await createLog('info', { sync: true });
  try {
    const config = readLambdaConfig(env);
    log = await createLog(config.logLevel, { sync: true });
    const limitMs = Math.round(Math.max(START_LIMIT_MS - performance.now(), LEAST_LOAD_MS));
    return await within(
      limitMs,
      'check that the function reaches SSM Parameter Store, and S3 if the policy or its lists are there: keys, policy and emergency stop were not loaded',
      () => open(config, log, limitMs),
    );
  } catch (error) {
    logFailure(log, error);
    throw error;
  }
}

async function open(config: Config, log: Logger, limitMs: number): Promise<Handler> {
  const lifecycle = stopOnSignal({ log, timeoutMs: config.shutdownTimeoutMs });
  const prepared = await prepare(
    config,
    log,
    keepLists(() => opening),
    clock,
  );
  const { loading, policy, emergency, admission, candidate, comparison } = prepared;
  const version = readVersion();
  const opening = openMemory(config, log, version, prepared, false);
  const schedule = new RequestSchedule();
  candidate?.keepFresh(config.policyRefreshMs, schedule.add);
  const [app, opened] = await Promise.all([
    opening.then((store) =>
      buildHandler(config, prepared, store, {
        // After a freeze, the event loop seems to have been delayed.
        overload: { maxEventLoopDelayMs: 0 },
        refresh: () => schedule.refresh().then(() => emergency.freshness.report()),
        ...{ version, lifecycle, log },
      }),
    ),
    opening,
    loadKeys(loading),
    loadPolicy(policy, admission),
    emergency.stop.load(),
    opening.then((store) => store && atMost(limitMs * STORE_SHARE, startStore(store))),
    // The candidate.
    schedule.refresh(),
  ]);
  refreshOnRequests(schedule, config, prepared, opened);
  app.addHook('onClose', () => opened?.close());
  lifecycle.app = app;
  await app.ready();
  logStart(log, config, version);
  return distrusting(settled(answerEvents(app, log), comparison, opened), config, emergency);
}

async function startStore(store: OpenMemory): Promise<void> {
  await store.ready();
  // The start record. The first answer seals it, together with the decision.
  await atMost(START_SETTLE_LIMIT_MS, store.idle());
}

function logStart(log: Logger, { auth }: Config, version: string): void {
  if (auth === 'json') {
    log.warn({ event: 'json_mode' }, 'CALLBACK_AUTH=json: only the network authenticates requests');
  }
  log.info({ event: 'started', version, auth }, 'started in a Lambda environment');
}

function refreshOnRequests(
  schedule: RequestSchedule,
  { keyRefreshMs, policyRefreshMs }: Config,
  { loading, policy, emergency }: Prepared,
  opened: OpenMemory | undefined,
): void {
  startKeyRefresh(loading, keyRefreshMs, undefined, schedule.add);
  policy.keepFresh(policyRefreshMs, schedule.add);
  // Twice as often as the policy, as on Fargate.
  emergency.stop.keepFresh(policyRefreshMs / 2, schedule.add);
  if (opened === undefined) return;
  const lookAgain = async (): Promise<void> => {
    if (opened.loss.isLost) await opened.ready();
  };
  schedule.add(lookAgain, () => LOSS_CHECK_MS);
}

/** Finishes before the answer is returned what would be done after it elsewhere. */
function settled(
  answer: Handler,
  comparison: Prepared['comparison'],
  opened: OpenMemory | undefined,
): Handler {
  return async (event) => {
    const answered = await answer(event);
    comparison.settle();
    if (opened !== undefined) await atMost(SETTLE_LIMIT_MS, opened.settle());
    return answered;
  };
}

/** After a long freeze, what was loaded before it decides nothing until it is read again: a stop may be hours old. */
function distrusting(
  answer: Handler,
  { keyRefreshMs, policyRefreshMs }: Config,
  { freshness }: Prepared['emergency'],
): Handler {
  let answeredAt = clock();
  return async (event) => {
    if (clock() - answeredAt > 2 * Math.max(keyRefreshMs, policyRefreshMs)) freshness.expire();
    try {
      return await answer(event);
    } finally {
      answeredAt = clock();
    }
  };
}
