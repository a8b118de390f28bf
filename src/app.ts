// Assembles the Fastify instance from plugins, timeouts and routes. All dependencies are passed in.
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { connectionClose } from './plugins/connection-close.js';
import { connectionLimit } from './plugins/connection-limit.js';
import { handshakes } from './plugins/handshakes.js';
import { errorReplies, refuse, refuseUnreadable } from './plugins/error-replies.js';
import { defaultRequestMemory } from './plugins/memory-limit.js';
import { overload, type OverloadOptions } from './plugins/overload.js';
import { requestBody } from './plugins/request-body.js';
import { securityHeaders } from './plugins/security-headers.js';
import { type CallbackOptions, callbackRoutes } from './routes/callback.js';
import { type HealthOptions, healthRoute } from './routes/health.js';
import { LOAD_BALANCER_IDLE_MS, LONGEST_REQUEST_MS } from './timeouts.js';
import type { ServerCertificate } from './tls/certificate.js';
import { listenerOptions } from './tls/listener.js';

export interface AppOptions extends CallbackOptions, HealthOptions {
  readonly lifecycle: CallbackOptions['lifecycle'] & HealthOptions['lifecycle'];
  readonly comparison?: NonNullable<CallbackOptions['comparison']> & NonNullable<HealthOptions['comparison']>;
  /** @default - reject requests while the event loop is delayed by more than 1 s */
  readonly overload?: OverloadOptions;
  /**
   * Maximum memory that all requests together may hold, in bytes.
   * @default - a quarter of the memory of the container or machine
   */
  readonly maxRequestMemoryBytes?: number | undefined;
  /** @default - plain HTTP */
  readonly certificate?: ServerCertificate | undefined;
  /** @default 11,000, or 4,000 with TLS */
  readonly maxConnections?: number;
  /** Called before each request is handled, which waits for it. @default - timers refresh what requests need */
  readonly refresh?: () => Promise<void>;
}

/** Longer than the load balancer's timeout; otherwise, it could send requests on connections that are being closed. */
const KEEP_ALIVE_TIMEOUT_MS = LOAD_BALANCER_IDLE_MS + 5000;
/** How often Node.js checks connections for these timeouts. */
const TIMEOUT_CHECK_MS = 5_000;

/** Builds the application. The caller starts and closes the listener. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const app = createFastify(options);
  const { refresh } = options;
  if (refresh !== undefined) app.addHook('onRequest', () => refresh());
  await app.register(connectionLimit, options);
  if (options.certificate !== undefined) await app.register(handshakes, options);
  await app.register(connectionClose, { lifecycle: options.lifecycle });
  await app.register(requestBody, {
    maxMemoryBytes: options.maxRequestMemoryBytes ?? defaultRequestMemory(),
  });
  await app.register(errorReplies, { log: options.log });
  await app.register(securityHeaders);
  healthRoute(app, options);
  // Only this scope has overload protection, because /health must respond even under load.
  await app.register(async (scope) => {
    await scope.register(overload, options.overload ?? {});
    callbackRoutes(scope, options);
  });
  return app;
}

function createFastify({ log, certificate }: AppOptions): FastifyInstance {
  // The handler logs each request itself; Fastify logs only warnings and errors.
  const loggerInstance: FastifyBaseLogger = log.child(
    {},
    log.isLevelEnabled('warn') ? { level: 'warn' } : {},
  );
  const app = fastify({
    loggerInstance,
    // Fastify's child logger would add a request id that the handler's own lines do not have.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: LONGEST_REQUEST_MS,
    ...listenerOptions(certificate, { connectionsCheckingInterval: TIMEOUT_CHECK_MS }),
    // No route has a JSON schema, and loading the schema compilers takes a fifth of the startup time.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // The base URL given to the Co-signer may end with a slash.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
    // The load balancer keeps sending requests until it notices that the process is stopping.
    return503OnClosing: false,
    clientErrorHandler: (error, socket) => refuseUnreadable(log, error, socket),
    frameworkErrors: (error, request, reply) => void refuse(log, error, request, reply),
  });
  // A client that has closed its side after sending the request still gets its response.
  Object.assign(app.server, { httpAllowHalfOpen: true });
  // Node.js applies the longer of this and requestTimeout to the whole request.
  app.server.headersTimeout = LONGEST_REQUEST_MS;
  return app;
}

function noSchemas(): never {
  throw new Error('JSON schemas are turned off: see schemaController in src/app.ts');
}
