// The Fastify instance: plugins, routes and error replies. Everything it works with is passed in.
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { Refusal, type RefusalCode, REFUSALS } from './protocol/refusal.js';
import { BODY_LIMIT, type CallbackOptions, callbackRoutes } from './routes/callback.js';
import { traceId } from './routes/decision-line.js';
import { type HealthOptions, healthRoute } from './routes/health.js';

export interface AppOptions extends CallbackOptions, HealthOptions {}

// An application load balancer keeps idle connections for 60 s. Were ours to close first, it could send a request into
// a closing connection. Headers may come as late as the connection may be idle.
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
const HEADERS_TIMEOUT_MS = 66_000;
/**
 * The Co-signer gives up after 30 s: a request that takes longer to arrive is of no use. Of the two limits above and
 * here Node.js gives the shorter one to the headers and the longer one to the body, so Fastify minds the whole.
 */
const REQUEST_TIMEOUT_MS = 30_000;
/** How often those limits are looked at. */
const TIMEOUT_CHECK_MS = 5_000;

export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { log, lifecycle } = options;
  // Our own lines tell what happens; of Fastify's only what is wrong.
  const loggerInstance: FastifyBaseLogger = log.child(
    {},
    log.isLevelEnabled('warn') ? { level: 'warn' } : {},
  );
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: REQUEST_TIMEOUT_MS,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    // No route has a JSON schema; the compilers for them would cost a fifth of the start-up time.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // A base URL with a slash at its end must work too.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    // While the load balancer notices that we stop, requests are still answered.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseUnreadable(options, error, socket),
    frameworkErrors: (error, request, reply) => void refuse(options, error, request, reply),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;

  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.stopping) reply.header('connection', 'close');
    done();
  });
  app.setErrorHandler((error, request, reply) => refuse(options, error, request, reply));
  acceptAnyBody(app);
  refuseUnknownRoutes(app, options);

  await app.register(helmet);
  healthRoute(app, options);
  await app.register(callbackRoutes, options);
  return app;
}

/** The content type is not documented: any is accepted, even a malformed one, and none. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, _reply, done) => {
    // Fastify answers 415 to a header it can't parse, before any parser is asked.
    delete request.headers['content-type'];
    done();
  });
}

function noSchemas(): never {
  throw new Error('JSON schemas are turned off: see schemaController');
}

/** An unknown path gets 404; a known one with another method 405, with what it allows. */
function refuseUnknownRoutes(app: FastifyInstance, options: AppOptions): void {
  const methods = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, (methods.get(url) ?? []).concat(method));
  });
  app.setNotFoundHandler((request, reply) => {
    const allowed = methods.get(
      pathOf(request)
        .replace(/\/+/g, '/')
        .replace(/(.)\/$/, '$1'),
    );
    if (allowed === undefined) {
      return refuse(options, new Refusal('not_found', 'unknown path'), request, reply);
    }
    reply.header('allow', allowed.join(', '));
    return refuse(options, new Refusal('method_not_allowed', `method ${request.method}`), request, reply);
  });
}

/** Turns any error into the reply for it, and one line in the log. */
function refuse(
  { log }: AppOptions,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const refusal = error instanceof Refusal ? error : toRefusal(error);
  const { status, message, ...rest } = refusal.reply;
  const line = {
    event: 'refused',
    code: refusal.code,
    cause: refusal.message,
    status,
    method: request.method,
    // Without the query, and cut: what strangers put there has no place in a log.
    path: pathOf(request).slice(0, 100),
    remoteAddress: request.ip,
    traceId: traceId(request),
  };
  const summary = `refused: ${refusal.message}`;
  if (refusal.code === 'internal_error') log.error({ ...line, err: refusal.cause }, summary);
  else log.warn(line, summary);

  // What is still on its way belongs to the request that was given up.
  if (refusal.code === 'request_timeout') reply.header('connection', 'close');
  if ('retryAfterSeconds' in rest) reply.header('retry-after', String(rest.retryAfterSeconds));
  return reply.code(status).type('application/json; charset=utf-8').send({ code: refusal.code, message });
}

function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** Fastify's own errors, and ours that nobody expected. */
function toRefusal(error: unknown): Refusal {
  const { statusCode, code } = error instanceof Error ? (error as Partial<FastifyError>) : {};
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return new Refusal('request_timeout', 'not all there in time');
  if (statusCode === 413) return new Refusal('body_too_large', 'body over the limit');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Refusal('bad_request', code ?? 'unreadable request');
  }
  return new Refusal('internal_error', 'unexpected error', error);
}

const UNREADABLE: Readonly<Record<string, RefusalCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** What Node's HTTP parser gave up on never becomes a request: the reply is written by hand. */
function refuseUnreadable({ log }: AppOptions, error: Error & { code?: string }, socket: Socket): void {
  // The peer is gone; there is nobody to answer.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const code = UNREADABLE[error.code ?? ''] ?? 'bad_request';
  const { status, message } = REFUSALS[code];
  log.warn(
    { event: 'refused', code, cause: error.code, status, remoteAddress: socket.remoteAddress },
    `refused: ${code}`,
  );
  if (!socket.writable) return;
  const body = JSON.stringify({ code, message });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
}
