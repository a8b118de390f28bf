// Accepts a body with any content type, because Fireblocks does not document which one the Co-signer sends, if any.
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

function registerAnyBody(app: FastifyInstance, _options: object, done: () => void): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body));
  app.addHook('onRequest', (request, _reply, next) => {
    // Fastify replies 415 to a malformed header before it calls any parser.
    request.headers['content-type'] = undefined;
    next();
  });
  done();
}

/** Gives handlers the request body as a `Buffer`. */
export const anyBody = fastifyPlugin(registerAnyBody, { name: 'any-body' });
