// Once the process is stopping, closes each connection after its next response.
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';

interface ConnectionCloseOptions {
  readonly lifecycle: { readonly stopping: boolean };
}

function registerConnectionClose(
  app: FastifyInstance,
  { lifecycle }: ConnectionCloseOptions,
  done: () => void,
): void {
  app.addHook('onSend', (_request, reply, _payload, next) => {
    if (lifecycle.stopping) reply.header('connection', 'close');
    next();
  });
  done();
}

export const connectionClose = fastifyPlugin(registerConnectionClose, { name: 'connection-close' });
