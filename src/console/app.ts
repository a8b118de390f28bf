// The console: a server of its own, which serves nothing of the Co-signer's.
import { readFileSync } from 'node:fs';
import helmet from '@fastify/helmet';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { HEALTH_PATH } from '../timeouts.js';
import { Challenges } from './challenges.js';
import { type ConsoleContext, languageFor, sendHtml } from './page-context.js';
import { holdPage } from './pages/hold.js';
import { problemPage } from './pages/problem.js';
import { signInPages } from './pages/sign-in.js';
import { waitingPages } from './pages/waiting.js';
import { decisionRoutes } from './routes/decisions.js';
import { enrolRoutes } from './routes/enrol.js';
import { MAX_BODY_BYTES } from './routes/json.js';
import { signInRoutes } from './routes/sign-in.js';
import { Secret } from './secret.js';
import { readSession } from './session.js';

/** Files that pages load, with their types. They stand beside this file in the source, and in the build. */
const ASSETS = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Builds the console. The caller starts and closes the listener. */
export async function buildConsole(context: ConsoleContext): Promise<FastifyInstance> {
  const { log, origin } = context;
  const app = createServer(log);
  await app.register(helmet, securityHeaders());
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'cache-control': 'no-store', 'permissions-policy': 'publickey-credentials-get=(self)' });
    const problem = request.url === HEALTH_PATH ? undefined : addressProblem(request, origin);
    if (problem === undefined) done();
    else void reply.code(problem.status).type('text/plain; charset=utf-8').send(problem.text);
  });
  app.setNotFoundHandler((request, reply) =>
    sendHtml(reply, problemPage(languageFor(request), 'notFound'), 404),
  );
  app.setErrorHandler((error, request, reply) => fail(context, error, request, reply));
  app.get(HEALTH_PATH, () => ({ status: 'ok' }));
  assetRoutes(app);

  const secret = new Secret(context.table, context.now);
  const challenges = new Challenges(context.table, secret, context.now);
  signInPages(app);
  signInRoutes(app, context, { challenges, secret });
  enrolRoutes(app, context, challenges);
  await app.register((scope, _options, done) => {
    scope.addHook('onRequest', async (request, reply) => {
      const signedIn = await readSession(
        request,
        { origin, secret, now: context.now() },
        context.policy.current,
      );
      if (signedIn !== undefined) request.signedIn = signedIn;
      else if (request.method === 'GET') return reply.redirect('/sign-in', 303);
      else return reply.code(401).send({ error: 'sign in again', location: '/sign-in' });
    });
    waitingPages(scope, context);
    holdPage(scope, context);
    decisionRoutes(scope, context);
    done();
  });
  return app;
}

function createServer(log: ConsoleContext['log']): FastifyInstance {
  const loggerInstance: FastifyBaseLogger = log.child(
    {},
    log.isLevelEnabled('warn') ? { level: 'warn' } : {},
  );
  const app = fastify({
    loggerInstance,
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: 30_000,
    // No route has a JSON schema: see src/app.ts.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    routerOptions: { maxParamLength: 5000 },
  });
  app.removeContentTypeParser('text/plain');
  // The only form that is posted without the script has nothing in it.
  app.addContentTypeParser('application/x-www-form-urlencoded', { bodyLimit: 1024, parseAs: 'string' }, () =>
    Promise.resolve({}),
  );
  return app;
}

function noSchemas(): never {
  throw new Error('JSON schemas are turned off');
}

/** The policy of the content begins with `default-src 'none'`: what is not named is forbidden. */
function securityHeaders(): Parameters<typeof helmet>[1] {
  const self = ["'self'"];
  const none = ["'none'"];
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: none,
        scriptSrc: self,
        styleSrc: self,
        imgSrc: self,
        connectSrc: self,
        formAction: self,
        baseUri: none,
        frameAncestors: none,
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
  };
}

/**
 * Pages are served under their own name only, so that no other name of this address can have them (DNS rebinding), and
 * what is posted comes from these pages only.
 */
function addressProblem(
  { method, headers }: FastifyRequest,
  origin: string,
): { readonly status: number; readonly text: string } | undefined {
  if (headers.host !== new URL(origin).host) {
    return { status: 421, text: `The console is at ${origin}.\n` };
  }
  if (method === 'GET' || method === 'HEAD') return undefined;
  const site = headers['sec-fetch-site'];
  const isOwn = headers.origin === origin && (site === undefined || site === 'same-origin');
  return isOwn ? undefined : { status: 403, text: 'This request did not come from a page of the console.\n' };
}

function assetRoutes(app: FastifyInstance): void {
  for (const [name, type] of Object.entries(ASSETS)) {
    const bytes = readFileSync(new URL(`${ASSET_DIRECTORY}/${name}`, import.meta.url));
    app.get(`/assets/${name}`, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(bytes),
    );
  }
}

const ASSET_DIRECTORY = 'assets';

function fail(
  { log }: ConsoleContext,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { statusCode = 500 } = error as { readonly statusCode?: number };
  if (statusCode < 500) return reply.code(statusCode).send({ error: 'malformed request' });
  log.error({ event: 'console_failed', err: error, path: request.routeOptions.url }, 'a page failed');
  return request.method === 'GET'
    ? sendHtml(reply, problemPage(languageFor(request), 'unavailable'), 503)
    : reply.code(503).send({ error: 'The store can’t be reached. Try again.' });
}
