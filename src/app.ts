// The Fastify instance: plugins, timeouts and routes. Everything it works with is passed in.
import type { OutgoingHttpHeaders } from 'node:http';
import helmet from '@fastify/helmet';
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { LOAD_BALANCER_IDLE_MS, LONGEST_REQUEST_MS } from './timeouts.js';
import { BODY_LIMIT, type CallbackOptions, callbackRoutes } from './routes/callback.js';
import { type HealthOptions, healthRoute } from './routes/health.js';
import { refuse, refuseUnreadable, replyToErrors } from './routes/refusals.js';

export type AppOptions = CallbackOptions & HealthOptions;

// Were we to close an idle connection before the load balancer does, it could send a request into a closing one.
const KEEP_ALIVE_TIMEOUT_MS = LOAD_BALANCER_IDLE_MS + 5000;
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
    // A logger for each request would carry an id that no line of ours has.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: LONGEST_REQUEST_MS,
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
  // Who has said all it has to say still wants its answer. Node.js would close the connection before it.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  // Node.js takes the longer one of this and requestTimeout for the whole request.
  app.server.headersTimeout = LONGEST_REQUEST_MS;

  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (lifecycle.stopping) reply.header('connection', 'close');
    done();
  });
  acceptAnyBody(app);
  replyToErrors(app, log);

  await secureHeaders(app);
  healthRoute(app, options);
  await app.register(callbackRoutes, options);
  return app;
}

/** helmet's headers, asked for once: it would work them out anew for each request, which takes as long as the policy. */
async function secureHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    global: false,
    // No answer is a page.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  let headers: OutgoingHttpHeaders | undefined;
  app.addHook('onRequest', (_request, reply, done) => {
    if (headers === undefined) {
      reply.helmet();
      headers = { ...reply.raw.getHeaders() };
    } else {
      reply.headers(headers);
    }
    done();
  });
}

/** The content type is not documented: any is accepted, even a malformed one, and none. */
function acceptAnyBody(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, _reply, done) => {
    // Fastify answers 415 to a header it can't parse, before any parser is asked.
    request.headers['content-type'] = undefined;
    done();
  });
}

function noSchemas(): never {
  throw new Error('JSON schemas are turned off: see schemaController');
}
