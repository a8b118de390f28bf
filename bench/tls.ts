// `npm run bench -- tls`: measures what TLS to the task costs, compared with plain HTTP in the same run: throughput and
// CPU time on connections that are kept alive, as the load balancer keeps them, and start-up time.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOCAL_KEY_DIRECTORY } from '../src/config.js';
import { KEY_FILES } from '../src/keys/directory.js';
import type { AnswerAlgorithm } from '../src/protocol/key.js';
import { motoServer, putParameter } from '../test/helpers/moto.js';
import { atMost, type Check, megabytes, none, percent } from './limits.js';
import { bootMs, median, medianRatio } from './measure.js';
import { clearProgress } from './progress.js';
import { measureInTurns, medianOf, perSecond, type Series } from './throughput/rounds.js';
import { createTargets, type Target, type Targets, withRunning } from './throughput/targets.js';

const ROUNDS = 9;
const ROUND_SECONDS = 2;
const CONNECTIONS = 16;
const BOOTS = 15;
/**
 * CPU time per request, compared with plain HTTP: on a small machine, throughput includes what TLS costs the load
 * generator. An ES256 answer takes half of the time, so TLS is a larger part of it.
 */
const MAX_CPU: Readonly<Record<AnswerAlgorithm, number>> = { RS256: 1.3, ES256: 1.45 };
/** Of the start-up time with plain HTTP. */
const MAX_BOOT = 1.3;
const MAX_MORE_RSS_MB = 20;

export async function measureTls(): Promise<readonly Check[]> {
  // Like the load balancer, the Co-signers here do not verify the certificate, which each handler makes itself.
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-tls-'));
  const closers: (() => unknown)[] = [];
  try {
    // Local mode has no TLS, so all of them read their keys as in production.
    const { endpoint, env } = await motoServer({ teardown: (close) => void closers.push(close) });
    const { createHandler } = createTargets(directory);
    const create = async (algorithm: AnswerAlgorithm, tls: boolean): Promise<Target> =>
      createTarget(createHandler, { directory, endpoint, env, algorithm, tls });
    const checks: Check[] = [];
    for (const algorithm of ['RS256', 'ES256'] as const) {
      const pair = [await create(algorithm, false), await create(algorithm, true)] as const;
      checks.push(...(await measureLoad(pair, algorithm)));
      if (algorithm === 'RS256') checks.push(await measureBoot(pair));
    }
    return checks;
  } finally {
    for (const close of closers) await close();
    rmSync(directory, { recursive: true });
  }
}

interface Wanted {
  readonly directory: string;
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  readonly algorithm: AnswerAlgorithm;
  readonly tls: boolean;
}

/** Creates a handler that reads its keys from the emulated SSM. */
async function createTarget(
  createHandler: Targets['createHandler'],
  { directory, endpoint, env, algorithm, tls }: Wanted,
): Promise<Target> {
  const name = `${algorithm}${tls ? '-tls' : ''}`;
  const parameters = {
    CALLBACK_PRIVATE_KEY_PARAMETER: [`/bench/${name}/callback`, KEY_FILES.callbackPrivate],
    COSIGNER_PUBLIC_KEY_PARAMETER: [`/bench/${name}/cosigner`, KEY_FILES.cosignerPublic],
  } as const;
  const target = await createHandler(name, {
    ...{ algorithm, isLocal: false },
    env: {
      ...env,
      ...Object.fromEntries(
        Object.entries(parameters).map(([variable, [parameter]]) => [variable, parameter]),
      ),
      ...{ STORE_PATH: '', HOST: '127.0.0.1' },
      ...(tls && { TLS: 'self-signed' }),
    },
  });
  for (const [parameter, file] of Object.values(parameters)) {
    const value = readFileSync(join(directory, name, LOCAL_KEY_DIRECTORY, file), 'utf8');
    await putParameter(endpoint, parameter, value);
  }
  return target;
}

async function measureLoad(
  targets: readonly [Target, Target],
  algorithm: AnswerAlgorithm,
): Promise<readonly Check[]> {
  const series = await withRunning(targets, (running) =>
    measureInTurns(running, {
      ...{ rounds: ROUNDS, connections: [CONNECTIONS], seconds: ROUND_SECONDS, warmUp: true },
    }),
  );
  clearProgress();
  const [plain, tls] = series;
  if (plain === undefined || tls === undefined) throw new Error('a target was not measured');
  const rate = (each: Series): string => median(perSecond(each)).toFixed(0);
  const cpu = medianRatio(
    tls.rounds.map(({ cpuMs }) => cpuMs),
    plain.rounds.map(({ cpuMs }) => cpuMs),
  );
  const throughput = medianRatio(perSecond(tls), perSecond(plain));
  const wrong = series.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.wrong, 0);
  const rss = (each: Series): number => medianOf(each, ({ rssMb }) => rssMb);
  return [
    atMost(
      `${algorithm} CPU time per request with TLS, compared with plain HTTP (${percent(throughput)} of the throughput: ${rate(tls)} of ${rate(plain)} requests/s)`,
      cpu,
      MAX_CPU[algorithm],
      percent,
    ),
    atMost(`${algorithm} RSS that TLS adds`, rss(tls) - rss(plain), MAX_MORE_RSS_MB, megabytes),
    none(`${algorithm} wrong or missing answers`, wrong),
  ];
}

async function measureBoot([plain, tls]: readonly [Target, Target]): Promise<Check> {
  const boots: number[] = [];
  const others: number[] = [];
  for (let round = 0; round < BOOTS; round++) {
    others.push(await bootMs(plain.start, plain.url));
    boots.push(await bootMs(tls.start, tls.url));
  }
  const what = `start to healthy with TLS (median of ${BOOTS}: ${median(boots).toFixed(0)} ms), compared with ${median(others).toFixed(0)} ms`;
  return atMost(what, medianRatio(boots, others), MAX_BOOT, percent);
}
