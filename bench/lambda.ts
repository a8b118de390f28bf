// `npm run bench -- lambda`: measures the Lambda edition on the runtime API: the time from the start of the process to its
// first answer on one core, and a request's time once it runs, compared with the same build as a service in the same run.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { readSignedAnswer } from '../cli/cosigner/client.js';
import { type Payload, samplePayload, signToken } from '../cli/cosigner/request.js';
import { rsaPair } from '../test/helpers/keys.js';
import { albEvent, RUNTIME, type RuntimeApi, runtimeApi } from '../test/helpers/lambda.js';
import { motoServer } from '../test/helpers/moto.js';
import { freePort } from '../test/helpers/port.js';
import { BUILT } from '../test/helpers/process.js';
import type { Scope } from '../test/helpers/scope.js';
import { atMost, type Check, none } from './limits.js';
import { kill, median, medianRatio, waitUntilHealthy } from './measure.js';
import { clearProgress, showProgress } from './progress.js';

const COLD_STARTS = 15;
const MAX_COLD_MS = 1200;
const ROUNDS = 21;
/** In each round, one after the other. */
const REQUESTS = 300;
const MAX_WARM_RATIO = 1.3;
const PATH = '/callback/v2/tx_sign_request';

const callback = rsaPair();
const cosigner = rsaPair();

type Environment = Readonly<Record<string, string>>;

interface Answer {
  readonly status: number;
  readonly body: string;
}

interface Way {
  /** Waits until the process can take a request. */
  readonly idle: () => Promise<void>;
  readonly send: (token: string) => Promise<Answer>;
}

export async function measureLambda(): Promise<readonly Check[]> {
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const closers: (() => unknown)[] = [];
  const scope: Scope = { teardown: (close) => void closers.unshift(close) };
  try {
    const moto = await motoServer(scope);
    await moto.put('callback', callback.privatePem);
    await moto.put('cosigner', cosigner.publicPem);
    return [...(await measureCold(scope, moto.env)), ...(await measureWarm(scope, moto.env))];
  } finally {
    for (const close of closers) await close();
  }
}

async function measureCold(scope: Scope, env: Environment): Promise<readonly Check[]> {
  const times: number[] = [];
  let wrong = 0;
  // The first one, which reads the files from disk, is not measured.
  for (let start = 0; start <= COLD_STARTS; start++) {
    const request = createRequest();
    const api = await runtimeApi(scope);
    const startedAt = performance.now();
    const child = startProcess(scope, ['taskset', '-c', '0', process.execPath, RUNTIME], {
      ...env,
      AWS_LAMBDA_RUNTIME_API: api.address,
    });
    const answer = await Promise.race([byRuntimeApi(api).send(request.token), failed(child)]);
    const ms = performance.now() - startedAt;
    await kill(child);
    if (start > 0) times.push(ms);
    if (!isVerified(answer, request)) wrong++;
  }
  const longest = Math.max(...times).toFixed(0);
  return [
    atMost(
      `start to the first answer on one core (median of ${COLD_STARTS}, at most ${longest} ms)`,
      median(times),
      MAX_COLD_MS,
      (ms) => `${ms.toFixed(0)} ms`,
    ),
    none('wrong or missing first answers', wrong),
  ];
}

async function measureWarm(scope: Scope, env: Environment): Promise<readonly Check[]> {
  const ways = [await startFunction(scope, env), await startService(scope, env)];
  const requests = Array.from({ length: REQUESTS }, createRequest);
  const times = ways.map((): number[] => []);
  let wrong = 0;
  // The first rounds warm up.
  for (let round = -2; round < ROUNDS; round++) {
    showProgress(`round ${round} of ${ROUNDS}`);
    for (const [place, way] of ways.entries()) {
      const { ms, answers } = await sendAll(way, requests);
      if (round >= 0) times[place]?.push(ms);
      wrong += requests.filter((request, index) => !isVerified(answers[index], request)).length;
    }
  }
  clearProgress();
  const [lambda = [], service = []] = times;
  const [ms, otherMs] = [lambda, service].map((all) => median(all).toFixed(2));
  return [
    atMost(
      `a request's time on the runtime API, compared with the service over HTTP (${ms} ms, ${otherMs} ms)`,
      medianRatio(lambda, service),
      MAX_WARM_RATIO,
      (ratio) => `${ratio.toFixed(2)}x`,
    ),
    none('wrong or missing answers', wrong),
  ];
}

/** Sends requests one after the other. @returns the answers, and the median of their times */
async function sendAll(
  { idle, send }: Way,
  requests: readonly Request[],
): Promise<{ ms: number; answers: readonly Answer[] }> {
  const times: number[] = [];
  const answers: Answer[] = [];
  for (const { token } of requests) {
    await idle();
    const startedAt = performance.now();
    answers.push(await send(token));
    times.push(performance.now() - startedAt);
  }
  return { ms: median(times), answers };
}

async function startFunction(scope: Scope, env: Environment): Promise<Way> {
  const api = await runtimeApi(scope);
  const child = startProcess(scope, [process.execPath, RUNTIME], {
    ...env,
    AWS_LAMBDA_RUNTIME_API: api.address,
  });
  await Promise.race([api.ready, failed(child)]);
  return byRuntimeApi(api);
}

async function startService(scope: Scope, env: Environment): Promise<Way> {
  const port = await freePort();
  const child = startProcess(scope, [process.execPath, BUILT], {
    ...env,
    ...{ HOST: '127.0.0.1', PORT: String(port) },
  });
  await waitUntilHealthy(child, `http://127.0.0.1:${port}`);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  scope.teardown(() => agent.destroy());
  const send = (token: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = http.request({ agent, port, path: PATH, method: 'POST' }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      request.on('error', reject);
      request.end(token);
    });
  return { idle: () => Promise.resolve(), send };
}

function byRuntimeApi(api: RuntimeApi): Way {
  return {
    idle: () => api.idle(),
    async send(token) {
      const headers = { 'x-amzn-trace-id': 'Root=1-67891233-abcdef012345678912345678' };
      const { body } = await api.invoke(albEvent({ method: 'POST', url: PATH, headers }, Buffer.from(token)));
      const answer = body as { readonly statusCode: number; readonly body: string };
      return { status: answer.statusCode, body: answer.body };
    },
  };
}

/** Starts a process whose log is read by another one, as in production, and kills it in the end. */
function startProcess(
  scope: Scope,
  [command = '', ...args]: readonly string[],
  env: Environment,
): ChildProcess {
  const child = spawn(command, args, {
    // The image sets MALLOC_ARENA_MAX (see Dockerfile).
    env: { ...process.env, MALLOC_ARENA_MAX: '1', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  spawn('cat', [], { stdio: [child.stdout, 'ignore', 'ignore'] });
  scope.teardown(() => kill(child));
  return child;
}

/** @throws {Error} once the process exits */
async function failed(child: ChildProcess): Promise<never> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  throw new Error(`the process exited with ${code ?? signal}`);
}

interface Request {
  readonly payload: Payload;
  readonly token: string;
}

function createRequest(): Request {
  const payload = samplePayload('transaction');
  return { payload, token: signToken(payload, cosigner.privateKey) };
}

function isVerified(answer: Answer | undefined, { payload }: Request): boolean {
  if (answer === undefined) return false;
  return readSignedAnswer(answer, payload['requestId'], [callback.publicKey]).answer !== undefined;
}
