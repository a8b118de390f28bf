// Error replies: whatever goes wrong becomes `{ code, message }` with its status, and one line in the log.
import type { Socket } from 'node:net';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { Refusal, type RefusalCode, REFUSALS } from '../protocol/refusal.js';
import { traceId } from './decision-line.js';

/** To be called before routes are added: it takes note of them. */
export function replyToErrors(app: FastifyInstance, log: Logger): void {
  const methods = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    methods.set(url, (methods.get(url) ?? []).concat(method));
  });

  /** An unknown path gets 404; a known one with another method 405, with what it allows. */
  const refuseUnknown = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const path = pathOf(request)
      .replace(/\/+/g, '/')
      .replace(/(.)\/$/, '$1');
    const allowed = methods.get(path);
    if (allowed === undefined) return refuse(log, new Refusal('not_found', 'unknown path'), request, reply);
    reply.header('allow', allowed.join(', '));
    return refuse(log, new Refusal('method_not_allowed', `method ${request.method}`), request, reply);
  };

  app.setNotFoundHandler(refuseUnknown);
  app.setErrorHandler((error, request, reply) =>
    // Whatever else is wrong with it, there is no route that it could be right for.
    request.is404 ? refuseUnknown(request, reply) : refuse(log, error, request, reply),
  );
}

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
    remoteAddress: request.ip,
    traceId: traceId(request),
  };
  const summary = `refused: ${refusal.message}`;
  if (refusal.code === 'internal_error') log.error({ ...line, err: refusal.cause }, summary);
  // A broken body is reported by the parser first.
  else if (!unreadable.has(request.raw.socket)) log.warn(line, summary);

  if (refusal.code === 'body_too_large') closeInStages(request.raw.socket);
  if ('retryAfterSeconds' in rest) reply.header('retry-after', String(rest.retryAfterSeconds));
  return reply.code(status).type('application/json; charset=utf-8').send({ code: refusal.code, message });
}

/** How long what still comes is thrown away, after a reply that did not wait for it, in ms. */
const LINGER_MS = 2000;

/**
 * Has the connection closed as RFC 9112 asks, in 9.6: to close it for reading, too, while the peer still sends resets it,
 * and a peer whose writing fails does not read the reply.
 */
function closeInStages(socket: Socket): void {
  socket.destroySoon = () => {
    socket.end();
    setTimeout(() => socket.destroy(), LINGER_MS).unref();
  };
}

/** Without the query. */
function pathOf({ url }: FastifyRequest): string {
  return url.split('?', 1)[0] ?? '';
}

/** Strangers put into a path what they like, a token for example: anything longer than our own words is left out. */
function loggable(path: string): string {
  return path.replace(/[^/]{33,}/g, '…').slice(0, 100);
}

/** Fastify's own errors, and ours that nobody expected. */
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

/** Not taken from node:http: importing that as a module loads all it exports, which costs a sixth of the start-up. */
const REASON_PHRASES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** Sockets that were answered by hand. */
const unreadable = new WeakSet<Socket>();

/** What Node's HTTP parser gave up on never becomes a request: the reply is written by hand, and the socket closed. */
export function refuseUnreadable(log: Logger, error: Error & { code?: string }, socket: Socket): void {
  // The peer is gone, or has been answered: there is nobody to talk to.
  if (error.code === 'ECONNRESET' || !socket.writable) {
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
