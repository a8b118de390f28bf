// Assembles the console: pages for people, on a port of its own. It shares nothing with the Co-signer's port.
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from 'fastify';
import { HEALTH_PATH, LOAD_BALANCER_IDLE_MS, LONGEST_REQUEST_MS } from '../timeouts.js';
import { handshakes } from '../plugins/handshakes.js';
import type { ServerCertificate } from '../tls/certificate.js';
import { listenerOptions } from '../tls/listener.js';
import { assetRoutes } from './assets.js';
import { Challenges } from './challenges.js';
import { decisionRoutes } from './decisions.js';
import { enrolRoutes } from './enrol.js';
import { addErrorPages } from './error-pages.js';
import { addGuard } from './guard.js';
import { addHeaders, HEADERS } from './headers.js';
import { addOriginChecks } from './origin.js';
import type { ConsoleContext } from './page-context.js';
import { historyPages } from './pages/history.js';
import { holdPage } from './pages/hold.js';
import { limitsPages } from './pages/limits.js';
import { policyPages } from './pages/policy.js';
import { signInPages } from './pages/sign-in.js';
import { storyPages } from './pages/story.js';
import { waitingPages } from './pages/waiting.js';
import { Secret } from './secret.js';
import { signInRoutes, signOutRoute } from './sign-in.js';

export interface ConsoleOptions extends ConsoleContext {
  /** `stopping`: `/health` responds with 503, so that the load balancer sends nothing more. */
  readonly lifecycle: { readonly stopping: boolean };
  /** @default - plain HTTP */
  readonly certificate?: ServerCertificate | undefined;
}

/** Registers the routes of a page behind the guard: `signedInTo(request)` says who looks at it. */
export type RegisterPage = (app: FastifyInstance, context: ConsoleContext) => void;

const PAGES: readonly RegisterPage[] = [
  ...[waitingPages, holdPage],
  ...[historyPages, storyPages, limitsPages, policyPages],
];

/** Longer than the load balancer's, which could otherwise send a request on a connection that is being closed. */
const KEEP_ALIVE_TIMEOUT_MS = LOAD_BALANCER_IDLE_MS + 5000;
/** An attestation is the largest thing that a browser posts. */
const BODY_LIMIT = 128 * 1024;
/** The id of a request, percent-encoded. */
const MAX_PARAM_LENGTH = 4000;

/** Builds the console. The caller starts and closes the listener. */
export async function buildConsole(options: ConsoleOptions): Promise<FastifyInstance> {
  const { lifecycle, certificate, ...context } = options;
  const app = createFastify(context, certificate);
  if (certificate !== undefined) await app.register(handshakes, context);
  addHeaders(app, context.origin);
  addErrorPages(app, context.log);
  app.get(HEALTH_PATH, (_request, reply) =>
    reply.code(lifecycle.stopping ? 503 : 200).send({ status: lifecycle.stopping ? 'stopping' : 'ok' }),
  );
  const secret = new Secret(context.table, context.now);
  const challenges = new Challenges(context.table, secret, context.now);
  await app.register(async (scope) => {
    addOriginChecks(scope, context.origin);
    await assetRoutes(scope);
    signInPages(scope);
    signInRoutes(scope, { ...context, secret, challenges });
    enrolRoutes(scope, { ...context, challenges });
    await scope.register((guarded, _options, done) => {
      addGuard(guarded, { ...context, secret });
      for (const register of PAGES) register(guarded, context);
      signOutRoute(guarded, context);
      decisionRoutes(guarded, context);
      done();
    });
  });
  return app;
}

function createFastify({ log }: ConsoleContext, certificate: ServerCertificate | undefined): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log.child(
    {},
    log.isLevelEnabled('warn') ? { level: 'warn' } : {},
  );
  const app = fastify({
    loggerInstance,
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    ...listenerOptions(certificate),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: LONGEST_REQUEST_MS,
    bodyLimit: BODY_LIMIT,
    // No route has a JSON schema.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_PARAM_LENGTH },
    return503OnClosing: false,
    // Such as a path that can't be decoded: no hook runs.
    frameworkErrors: (_error, _request, reply: FastifyReply) =>
      void reply.code(400).headers(HEADERS).type('text/plain').send('Bad request'),
  });
  // Only JSON is read, which no form of another site can send.
  app.removeContentTypeParser('text/plain');
  app.server.headersTimeout = LONGEST_REQUEST_MS;
  return app;
}

function noSchemas(): never {
  throw new Error('JSON schemas are turned off: see schemaController in src/console/app.ts');
}
