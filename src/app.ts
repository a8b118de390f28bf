// The Fastify instance: plugins, timeouts and routes. Everything it works with is passed in.
import helmet from '@fastify/helmet';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { LOAD_BALANCER_IDLE_MS, LONGEST_REQUEST_MS } from './limits.js';
import { BODY_LIMIT, type CallbackOptions, callbackRoutes } from './routes/callback.js';
import { type HealthOptions, healthRoute } from './routes/health.js';
import { refuse, refuseUnreadable, replyToErrors } from './routes/refusals.js';

export type AppOptions = CallbackOptions & HealthOptions;

// Were we to close an idle connection before the load balancer does, it could send a request into a closing one.
// Headers may come as late as the connection may be idle.
const KEEP_ALIVE_TIMEOUT_MS = LOAD_BALANCER_IDLE_MS + 5000;
const HEADERS_TIMEOUT_MS = KEEP_ALIVE_TIMEOUT_MS + 1000;
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
    // Of this and the limit for headers Node.js gives the shorter one to the headers and the longer one to the body;
    // so Fastify minds the body.
    requestTimeout: LONGEST_REQUEST_MS,
    handlerTimeout: LONGEST_REQUEST_MS,
    http: { connectionsCheckingInterval: TIMEOUT_CHECK_MS },
    // No route has a JSON schema; the compilers for them would cost a fifth of the start-up time.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // A base URL with a slash at its end must work too.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    // While the load balancer notices that we stop, requests are still answered.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseUnreadable(log, error, socket),
    frameworkErrors: (error, request, reply) => void refuse(log, error, request, reply),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;

  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.stopping) reply.header('connection', 'close');
    done();
  });
  acceptAnyBody(app);
  replyToErrors(app, log);

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
