// The testbed for every fault: the built handler behind nginx, its keys and policy in an emulated SSM, and Co-signers
// that send requests continuously and verify every response.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import type { Answer } from '../../src/protocol/decision.js';
import { type AwsProxy, awsProxy } from '../../test/helpers/aws-proxy.js';
import { type Pair, rsaPair } from '../../test/helpers/keys.js';
import { type Moto, PARAMETERS } from '../../test/helpers/moto.js';
import { type Nginx, nginx } from '../../test/helpers/nginx.js';
import { freePort } from '../../test/helpers/port.js';
import { type Handler, startHandler, until } from '../../test/helpers/process.js';
import type { Scope } from '../../test/helpers/scope.js';
import { waitUntilHealthy } from '../measure.js';

/** Results of the requests sent while a fault lasts. */
export interface Count {
  sent: number;
  /** Number of verified responses. */
  answered: number;
  /** Number of 503 responses with `Retry-After`. */
  unavailable: number;
  /** Problems with all other responses. */
  readonly wrong: string[];
  /** Reasons for missing responses. */
  readonly lost: string[];
  slowestMs: number;
}

export interface Testbed {
  readonly moto: Moto;
  /** Proxy between the handler and SSM. */
  readonly ssm: AwsProxy;
  readonly front: Nginx;
  /** Ports of the handler and of its successor. */
  readonly ports: readonly [number, number];
  readonly handler: Handler;
  /** URL of the handler itself, without nginx. */
  readonly handlerUrl: string;
  readonly callback: Pair;
  readonly cosigner: Pair;
  /** Sends requests through nginx. Replace this client when keys change. */
  client: Cosigner;
  clientWith(cosigner: Pair, ...callbacks: readonly Pair[]): Cosigner;
  /** Waits until a client that was replaced has received its last response. */
  untilAnswered(client: Cosigner): Promise<void>;
  /** Starts another handler, and waits until it is healthy. */
  start(port: number): Promise<Handler>;
  /** @returns the problem with a verified response, or undefined */
  expect: (answer: Answer, sentAt: number) => string | undefined;
  readonly count: Count;
  /** Number of requests without a response yet, by client. */
  readonly pending: Map<Cosigner, number>;
  /** Registers a cleanup; cleanups run in reverse order at the end. */
  teardown(close: () => unknown): void;
}

// The AWS SDK would print advice to upgrade Node.js among the results.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const CONNECTIONS = 8;

const APPROVING_POLICY = `version: 1
rules:
  - { id: small, for: transaction, when: 'tx.amount < decimal("1")', action: approve }
`;

/**
 * @param moto the emulator, which is reset first
 * @param env additional environment variables for the handler
 */
export async function openTestbed(
  moto: Moto,
  env: Readonly<Record<string, string>> = {},
): Promise<[Testbed, () => Promise<void>]> {
  const closers: (() => unknown)[] = [];
  const testdirName = mkdtempSync(join(tmpdir(), 'callback-handler-faults-'));
  const scope = { testdirName, teardown: (close: () => unknown): void => void closers.unshift(close) };
  const close = async (): Promise<void> => {
    const failures: unknown[] = [];
    // One by one, so that limits are removed before processes are killed. If one fails, the others still run.
    for (const closer of closers)
      await Promise.resolve(closer()).catch((error: unknown) => failures.push(error));
    rmSync(testdirName, { recursive: true, force: true });
    if (failures.length > 0) throw failures[0];
  };
  try {
    return [await setUp(scope, moto, env), close];
  } catch (error) {
    await close();
    throw error;
  }
}

async function setUp(
  scope: Scope & { readonly testdirName: string },
  moto: Moto,
  env: Readonly<Record<string, string>>,
): Promise<Testbed> {
  const [callback, cosigner] = [rsaPair(), rsaPair()];
  await moto.reset();
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  await moto.put('policy', APPROVING_POLICY, 'String');
  const ssm = await awsProxy(scope, moto.endpoint);
  const ports = [await freePort(), await freePort()] as const;
  const scheme = env['TLS'] === undefined ? 'http' : 'https';
  const front = await nginx(scope, ...ports, scheme);
  const pending = new Map<Cosigner, number>();

  const start = async (port: number): Promise<Handler> => {
    const handler = startHandler(scope, {
      built: true,
      cwd: scope.testdirName,
      env: { ...handlerEnvironment({ moto, ssm }, port), ...env },
    });
    await waitUntilHealthy(handler.child, `${scheme}://127.0.0.1:${port}`);
    return handler;
  };
  const clientWith = (sender: Pair, ...callbacks: readonly Pair[]): Cosigner => {
    const callbackPublicKeys = callbacks.map(({ publicKey }) => publicKey);
    const keys = { privateKey: sender.privateKey, callbackPublicKeys };
    const client = createCosigner({ url: front.url, ca: front.ca, maxSockets: CONNECTIONS, keys });
    scope.teardown(() => client.close());
    return client;
  };
  return {
    ...{ moto, ssm, front, ports, callback, cosigner, start, clientWith, pending },
    handler: await start(ports[0]),
    handlerUrl: `${scheme}://127.0.0.1:${ports[0]}`,
    client: clientWith(cosigner, callback),
    async untilAnswered(client) {
      await until(() => (pending.get(client) ?? 0) === 0 || undefined, 30_000);
    },
    expect: ({ action }) => (action === 'APPROVE' ? undefined : `${action} instead of APPROVE`),
    count: { sent: 0, answered: 0, unavailable: 0, wrong: [], lost: [], slowestMs: 0 },
    teardown: (close) => scope.teardown(close),
  };
}

/** Environment for a handler that reads keys and policy from the emulated SSM every second. */
export function handlerEnvironment(
  { moto, ssm }: Pick<Testbed, 'moto' | 'ssm'>,
  port: number,
): Readonly<Record<string, string>> {
  return {
    ...moto.env,
    AWS_ENDPOINT_URL: ssm.endpoint,
    POLICY_FILE: '',
    POLICY_PARAMETER: PARAMETERS.policy,
    KEY_REFRESH_SECONDS: '1',
    POLICY_REFRESH_SECONDS: '1',
    SHUTDOWN_TIMEOUT_MS: '5000',
    HOST: '127.0.0.1',
    PORT: String(port),
  };
}

/**
 * Sends requests on all connections, and counts their results.
 * @param perSecond requests per second, for all connections together
 * @returns a function that stops sending and waits for outstanding responses
 */
export function startLoad(testbed: Testbed, perSecond: number): () => Promise<void> {
  let sending = true;
  const send = async (): Promise<void> => {
    while (sending) {
      const next = performance.now() + (1000 * CONNECTIONS) / perSecond;
      await sendOne(testbed);
      await sleep(Math.max(0, next - performance.now()));
    }
  };
  const sent = Promise.all(Array.from({ length: CONNECTIONS }, send));
  return async () => {
    sending = false;
    await sent;
  };
}

async function sendOne(testbed: Testbed): Promise<void> {
  const { client, count, pending } = testbed;
  const sentAt = Date.now();
  count.sent++;
  pending.set(client, (pending.get(client) ?? 0) + 1);
  try {
    const outcome = await client.send('transaction', samplePayload('transaction'));
    const { answer, problem, status, retryAfter, durationMs } = outcome;
    count.slowestMs = Math.max(count.slowestMs, durationMs);
    const wrong = answer === undefined ? problem : testbed.expect(answer, sentAt);
    if (status === 503 && retryAfter !== undefined) count.unavailable++;
    else if (wrong !== undefined) count.wrong.push(wrong);
    else count.answered++;
  } catch (error) {
    count.lost.push(String(error));
  } finally {
    pending.set(client, (pending.get(client) ?? 0) - 1);
  }
}
