// What each fault is tried on: the built handler behind nginx, its keys and policy in a real SSM endpoint, and Co-signers
// that keep asking and look at every answer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import type { Answer } from '../../src/protocol/decision.js';
import { type AwsProxy, awsProxy } from '../../test/helpers/aws-proxy.js';
import { type Pair, rsaPair } from '../../test/helpers/keys.js';
import { healthy } from '../../test/helpers/measure.js';
import { type Moto, motoServer, PARAMETERS } from '../../test/helpers/moto.js';
import { type Nginx, nginx } from '../../test/helpers/nginx.js';
import { freePort } from '../../test/helpers/port.js';
import { type Handler, startHandler } from '../../test/helpers/process.js';
import type { Scope } from '../../test/helpers/scope.js';

/** What became of the requests of one fault. */
export interface Count {
  sent: number;
  /** With a verified answer. */
  answered: number;
  /** With 503 and `Retry-After`. */
  turnedAway: number;
  /** With anything else: what. */
  readonly wrong: string[];
  /** Without an answer: why. */
  readonly lost: string[];
  worstMs: number;
}

export interface Stand {
  readonly moto: Moto;
  /** Between the handler and SSM. */
  readonly ssm: AwsProxy;
  readonly front: Nginx;
  readonly ports: readonly [number, number];
  /** The first handler. */
  readonly handler: Handler;
  readonly handlerUrl: string;
  readonly callback: Pair;
  readonly cosigner: Pair;
  /** Asks through nginx; replaced when keys are. */
  client: Cosigner;
  clientWith(cosigner: Pair, ...callbacks: readonly Pair[]): Cosigner;
  /** Starts another, and waits until it listens. */
  start(port: number, env?: Readonly<Record<string, string>>): Promise<Handler>;
  /** What is wrong with an answer, beyond its signature. */
  expect: (answer: Answer, sentAt: number) => string | undefined;
  readonly count: Count;
  /** Closed with the stand. */
  teardown(close: () => unknown): void;
}

// The SDK's advice to upgrade Node.js is for operators.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const CONNECTIONS = 8;

/** Approves the published transaction. */
export const APPROVING = `version: 1
rules:
  - { id: small, for: transaction, when: 'tx.amount < decimal("1")', action: approve }
`;

export async function openStand(
  env: Readonly<Record<string, string>> = {},
): Promise<[Stand, () => Promise<void>]> {
  const closers: (() => unknown)[] = [];
  const testdirName = mkdtempSync(join(tmpdir(), 'callback-handler-faults-'));
  const scope = { testdirName, teardown: (close: () => unknown): void => void closers.unshift(close) };
  const close = async (): Promise<void> => {
    const results: unknown[] = [];
    // One after the other: what is limited is let go before it is killed. A failure keeps none of the others from it.
    for (const closer of closers)
      await Promise.resolve(closer()).catch((error: unknown) => results.push(error));
    rmSync(testdirName, { recursive: true, force: true });
    if (results.length > 0) throw results[0];
  };
  try {
    return [await setUp(scope, env), close];
  } catch (error) {
    await close();
    throw error;
  }
}

async function setUp(
  scope: Scope & { readonly testdirName: string },
  env: Readonly<Record<string, string>>,
): Promise<Stand> {
  const moto = await motoServer(scope);
  const ssm = await awsProxy(scope, moto.endpoint);
  const [callback, cosigner] = [rsaPair(), rsaPair()];
  await moto.put('callback', callback.privatePem);
  await moto.put('cosigner', cosigner.publicPem);
  await moto.put('policy', APPROVING, 'String');
  const ports = [await freePort(), await freePort()] as const;
  const front = await nginx(scope, ...ports);

  const start = async (port: number, more: Readonly<Record<string, string>> = {}): Promise<Handler> => {
    const handler = startHandler(scope, {
      built: true,
      cwd: scope.testdirName,
      env: {
        ...moto.env,
        AWS_ENDPOINT_URL: ssm.endpoint,
        POLICY_FILE: '',
        POLICY_PARAMETER: PARAMETERS.policy,
        KEY_REFRESH_SECONDS: '1',
        POLICY_REFRESH_SECONDS: '1',
        SHUTDOWN_TIMEOUT_MS: '5000',
        PORT: String(port),
        ...env,
        ...more,
      },
    });
    await healthy(handler.child, `http://127.0.0.1:${port}`);
    return handler;
  };
  const clientWith = (asker: Pair, ...callbacks: readonly Pair[]): Cosigner => {
    const client = createCosigner({
      url: front.url,
      ca: front.ca,
      maxSockets: CONNECTIONS,
      keys: {
        privateKey: asker.privateKey,
        callbackPublicKeys: callbacks.map(({ publicKey }) => publicKey),
      },
    });
    scope.teardown(() => client.close());
    return client;
  };
  return {
    ...{ moto, ssm, front, ports, callback, cosigner, start, clientWith },
    handler: await start(ports[0]),
    handlerUrl: `http://127.0.0.1:${ports[0]}`,
    client: clientWith(cosigner, callback),
    expect: ({ action }) => (action === 'APPROVE' ? undefined : `${action} in place of APPROVE`),
    count: { sent: 0, answered: 0, turnedAway: 0, wrong: [], lost: [], worstMs: 0 },
    teardown: (close) => scope.teardown(close),
  };
}

/** @param perSecond requests a second, of all connections together */
export function keepAsking(stand: Stand, perSecond: number): () => Promise<void> {
  let asking = true;
  const { count } = stand;
  const ask = async (): Promise<void> => {
    while (asking) {
      const next = performance.now() + (1000 * CONNECTIONS) / perSecond;
      const payload = samplePayload('transaction');
      const sentAt = Date.now();
      count.sent++;
      try {
        const { answer, problem, status, retryAfter, durationMs } = await stand.client.ask(
          'transaction',
          payload,
        );
        count.worstMs = Math.max(count.worstMs, durationMs);
        const wrong = answer === undefined ? problem : stand.expect(answer, sentAt);
        if (status === 503 && retryAfter !== undefined) count.turnedAway++;
        else if (wrong !== undefined) count.wrong.push(wrong);
        else count.answered++;
      } catch (error) {
        count.lost.push(String(error));
      }
      await sleep(Math.max(0, next - performance.now()));
    }
  };
  const asked = Promise.all(Array.from({ length: CONNECTIONS }, ask));
  return async () => {
    asking = false;
    await asked;
  };
}
