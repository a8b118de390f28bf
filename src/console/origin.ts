// Whether a request is from the console's own pages: its host, and for what changes something, its origin.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/**
 * Another host would be a name that somebody else resolves to this address (DNS rebinding), and passkeys would not work
 * there. Another origin would be somebody else's page.
 */
export function addOriginChecks(app: FastifyInstance, origin: string): void {
  const { host } = new URL(origin);
  app.addHook('onRequest', (request, reply, done) => {
    if (request.headers.host !== host) {
      void reply.code(421).type('text/plain; charset=utf-8').send(`The console is at ${origin}\n`);
    } else if (request.method !== 'GET' && request.method !== 'HEAD' && !isOwn(request, origin)) {
      refuseForeign(reply);
    } else done();
  });
}

/** Browsers always say where a POST is from; some say as well how the page is related. */
function isOwn({ headers }: FastifyRequest, origin: string): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === origin && (site === undefined || site === 'same-origin');
}

function refuseForeign(reply: FastifyReply): void {
  void reply.code(403).send({ message: 'This request is not from a page of the console.' });
}
