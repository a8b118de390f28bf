// Security headers on every response.
import type { OutgoingHttpHeaders } from 'node:http';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

async function registerSecurityHeaders(app: FastifyInstance): Promise<void> {
  await app.register(helmet, {
    global: false,
    // No response is a web page, so browsers are forbidden to load anything.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
  });
  // Cached, because helmet would compute the same headers for every request: 15 µs of the 160 µs that a request takes
  // without signatures.
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

export const securityHeaders = fastifyPlugin(registerSecurityHeaders, { name: 'security-headers' });
