// Runs the Lambda edition as Lambda does: a server that speaks the runtime API to the real process, and a load balancer in
// front of it that turns HTTP requests into events.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { ROOT } from './paths.js';
import { listen } from './port.js';
import { type Handler, handlerOf } from './process.js';
import type { Scope } from './scope.js';

/** The bundle created by `npm run build`. */
export const RUNTIME = join(ROOT, 'dist/runtime.js');

/** How long a load balancer keeps a connection that nothing is sent on, in ms. */
const IDLE_TIMEOUT_MS = 60_000;

/** What the process returned for an event. */
export interface Returned {
  /** The answer as the process returned it, or the error in the runtime API's format. */
  readonly body: unknown;
  readonly isError: boolean;
}

export interface RuntimeApi {
  /** For the variable AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** Hands the process an event once it asks for one. */
  invoke(event: unknown): Promise<Returned>;
  /** Resolves with what the process reported, if it can't start. */
  readonly initError: Promise<unknown>;
  /** Resolves once the process waits for its first event. */
  readonly ready: Promise<void>;
  /** Resolves once the process waits for an event. */
  idle(): Promise<void>;
}

/** What Lambda returns if the process ends before it has answered. */
const EXITED: Returned = { body: { errorType: 'Runtime.ExitError' }, isError: true };

interface Invocation {
  readonly id: string;
  readonly event: string;
  readonly returned: (returned: Returned) => void;
}

/** Serves the runtime API to one process. */
export async function runtimeApi(t: Scope): Promise<RuntimeApi> {
  const waiting: Invocation[] = [];
  const underWay = new Map<string, Invocation>();
  const happened = new EventEmitter();
  const ready = once(happened, 'ready').then(() => undefined);
  const initError = once(happened, 'init error').then(([error]) => error as unknown);
  let asking: ServerResponse | undefined;
  const hand = (): void => {
    const [invocation] = waiting;
    if (invocation === undefined || asking === undefined) return;
    waiting.shift();
    underWay.set(invocation.id, invocation);
    asking
      .writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': invocation.id,
        'lambda-runtime-deadline-ms': String(Date.now() + 29_000),
        'lambda-runtime-invoked-function-arn':
          'arn:aws:lambda:eu-central-1:123456789012:function:callback:live',
        'lambda-runtime-trace-id': 'Root=1-67891233-abcdef012345678912345678;Sampled=0',
      })
      .end(invocation.event);
    asking = undefined;
  };
  const server = createServer((request, response) => {
    const [, action, id = '', what] =
      /^\/2018-06-01\/runtime\/(init|invocation)\/([^/]+)\/?(.*)$/.exec(request.url ?? '') ?? [];
    if (action === 'invocation' && id === 'next') {
      asking = response;
      happened.emit('ready');
      hand();
      return;
    }
    void readBody(request).then((body) => {
      response.writeHead(202).end('{"status":"OK"}');
      if (action === 'init') happened.emit('init error', JSON.parse(body.toString()));
      underWay.get(id)?.returned({ body: JSON.parse(body.toString()), isError: what === 'error' });
      underWay.delete(id);
    });
  });
  // The process waits for its next event for as long as it takes.
  server.requestTimeout = 0;
  // Like Lambda's, it closes no connection while the environment is frozen.
  server.keepAliveTimeout = 0;
  return {
    address: await listen(t, server),
    ready,
    initError,
    idle: async () => {
      if (asking === undefined) await once(happened, 'ready');
    },
    invoke: (event) =>
      new Promise((returned) => {
        waiting.push({ id: randomUUID(), event: JSON.stringify(event), returned });
        hand();
      }),
  };
}

export interface LambdaOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Options for Node.js itself. */
  readonly nodeArgs?: readonly string[];
}

export interface LambdaFunction extends RuntimeApi {
  readonly handler: Handler;
}

/** Starts one environment of the built function, and kills it at the end of the test. */
export async function startFunction(
  t: Scope,
  { env = {}, cwd, nodeArgs = [] }: LambdaOptions,
): Promise<LambdaFunction> {
  const api = await runtimeApi(t);
  const child: ChildProcess = spawn(process.execPath, [...nodeArgs, RUNTIME], {
    cwd,
    env: {
      ...process.env,
      AWS_LAMBDA_FUNCTION_NAME: 'callback',
      AWS_LAMBDA_RUNTIME_API: api.address,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const handler = handlerOf(t, child);
  const ended = handler.exited.then(() => EXITED);
  return { ...api, handler, invoke: (event) => Promise.race([api.invoke(event), ended]) };
}

/**
 * Listens for HTTP as a load balancer does whose target is the function, with multi-value headers.
 * @returns its base URL
 */
export async function loadBalancer(t: Scope, { invoke }: Pick<RuntimeApi, 'invoke'>): Promise<string> {
  const server = createServer((request, response) => {
    void readBody(request)
      .then((body) => invoke(albEvent(request, body)))
      .then(({ body, isError }) => {
        if (isError) {
          response.writeHead(502).end();
          return;
        }
        const answer = body as AlbAnswer;
        response
          .writeHead(answer.statusCode, { ...answer.headers, ...answer.multiValueHeaders })
          .end(Buffer.from(answer.body, answer.isBase64Encoded === true ? 'base64' : 'utf8'));
      })
      .catch(() => response.destroy());
  });
  // A Co-signer that sends on a connection as it is closed gets no answer.
  server.keepAliveTimeout = IDLE_TIMEOUT_MS;
  return `http://${await listen(t, server)}`;
}

interface AlbAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, string[]>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** Bodies of these types are passed as text. */
const TEXT = /^(text\/|application\/(json|javascript|xml))/;

/** @returns the event that a load balancer with multi-value headers passes for a request */
export function albEvent(
  { method = 'GET', url = '/', headers }: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  body: Buffer,
): unknown {
  const [path = '/'] = url.split('?');
  const isText = TEXT.test(headers['content-type'] ?? '');
  return {
    requestContext: {
      elb: {
        targetGroupArn:
          'arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/callback/49e9d65c45c6791a',
      },
    },
    httpMethod: method,
    path,
    multiValueQueryStringParameters: {},
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers)
        .filter(([name]) => name !== 'connection')
        .map(([name, value]) => [name, [value ?? []].flat()]),
    ),
    body: isText ? body.toString() : body.toString('base64'),
    isBase64Encoded: !isText && body.length > 0,
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
