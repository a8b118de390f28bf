// Error replies: every failure becomes `{ code, message }` with its HTTP status, and one line in the log.
import { isIP, type Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { Logger } from 'pino';
import { diagnosePath } from '../protocol/diagnose.js';
import { Refusal, type RefusalCode, REFUSALS } from '../protocol/refusal.js';
import { traceId } from './trace-id.js';

interface ErrorRepliesOptions {
  readonly log: Logger;
}

function registerErrorReplies(app: FastifyInstance, { log }: ErrorRepliesOptions, done: () => void): void {
  const methods = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    // In a route, "::" stands for a colon.
    const path = url.replaceAll('::', ':');
    methods.set(path, (methods.get(path) ?? []).concat(method));
  });

  /** 404 for an unknown path; 405 with the allowed methods for a known path. */
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = pathOf(request)
      .replace(/\/+/g, '/')
      .replace(/(.)\/$/, '$1');
    const allowed = methods.get(path);
    if (allowed === undefined) {
      const cause = diagnosePath(path, (candidate) => methods.has(candidate));
      return refuse(log, new Refusal('not_found', cause), request, reply);
    }
    reply.header('allow', allowed.join(', '));
    return refuse(log, new Refusal('method_not_allowed', `method ${request.method}`), request, reply);
  };

  app.setNotFoundHandler(refuseUnknown);
  app.setErrorHandler((error, request, reply) =>
    // If a request without a route also has another error, such as a body that is too long, report the missing route.
    request.is404 ? refuseUnknown(request, reply) : refuse(log, error, request, reply),
  );
  done();
}

/** Must be registered before the routes, because it records their methods. */
export const errorReplies = fastifyPlugin(registerErrorReplies, { name: 'error-replies' });

/** Sends the error reply for a request and logs it. */
export function refuse(
  log: Logger,
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
    path: loggable(pathOf(request)),
    remoteAddress: clientAddress(request),
    traceId: traceId(request),
  };
  const summary = `refused: ${refusal.message}`;
  if (refusal.code === 'internal_error') log.error({ ...line, err: refusal.cause }, summary);
  // If the body is malformed, Node's HTTP parser has failed first, and that failure is logged already.
  else if (!unreadable.has(request.raw.socket)) log.warn(line, summary);

  // Fastify closes the connection if the body was refused while it was arriving.
  if (reply.getHeader('connection') === 'close' && !request.raw.complete) closeInStages(request.raw.socket);
  if ('retryAfterSeconds' in rest) reply.header('retry-after', String(rest.retryAfterSeconds));
  return reply.code(status).type('application/json; charset=utf-8').send({ code: refusal.code, message });
}

/** How long to keep reading and discarding incoming data after replying before the end of the body, in ms. */
const LINGER_MS = 2000;

/**
 * Closes the connection in two stages (RFC 9112, section 9.6): a full close while the client is still sending would
 * reset the connection, and a client whose write fails does not read the reply.
 */
function closeInStages(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}

/** The longest IP address is an IPv6 address with a zone. */
const MAX_ADDRESS_LENGTH = 64;

/**
 * The address of the load balancer's client, which the load balancer appends to `X-Forwarded-For`: the last entry, one
 * trusted hop. Entries before it are the client's own. Without a load balancer, the header is the client's as well: the
 * address is for the log only, and nothing decides by it.
 */
function clientAddress({ headers, ip }: FastifyRequest): string {
  const forwarded = headers['x-forwarded-for'];
  const last = [forwarded ?? ''].flat().join().split(',').at(-1)?.trim() ?? '';
  return last.length <= MAX_ADDRESS_LENGTH && isIP(last) !== 0 ? last : ip;
}

/** The path without the query string. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** Shortens path segments longer than those in the handler's own paths, because a client may have put a token there. */
function loggable(path: string): string {
  return path.replace(/[^/]{33,}/g, '…').slice(0, 100);
}

/** Converts Fastify's own errors and unexpected errors. */
function toRefusal(error: unknown): Refusal {
  const { statusCode, code } = error instanceof Error ? (error as Partial<FastifyError>) : {};
  if (statusCode === 413) return new Refusal('body_too_large', 'body over the limit');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return new Refusal('bad_request', code ?? 'unreadable request');
  }
  return new Refusal('internal_error', 'unexpected error', error);
}

const UNREADABLE_CODES: Readonly<Record<string, RefusalCode>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
};

/** Copied from node:http, because importing that as an ES module takes a sixth of the startup time. */
const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Sockets that `refuseUnreadable` has replied on. */
const unreadable = new WeakSet<Socket>();

/**
 * Replies to a request that Node's HTTP parser could not read. Such a request never reaches Fastify, so the reply is
 * written to the socket directly.
 */
export function refuseUnreadable(log: Logger, error: Error & { code?: string }, socket: Socket): void {
  // The client has disconnected, already has a reply, or does not speak TLS, which src/plugins/handshakes.ts reports.
  if (error.code === 'ECONNRESET' || /^ERR_(SSL|TLS)_/.test(error.code ?? '') || !socket.writable) {
    socket.destroy();
    return;
  }
  unreadable.add(socket);
  const code = UNREADABLE_CODES[error.code ?? ''] ?? 'bad_request';
  const { status, message } = REFUSALS[code];
  log.warn(
    { event: 'refused', code, cause: error.code, status, remoteAddress: socket.remoteAddress },
    `refused: ${error.code}`,
  );
  const body = JSON.stringify({ code, message });
  socket.write(
    `HTTP/1.1 ${status} ${REASON_PHRASES[status]}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  socket.destroySoon();
}
