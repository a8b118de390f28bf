// Free TCP ports, and servers that listen on one.
import { once } from 'node:events';
import type { Server } from 'node:http';
import { createServer } from 'node:net';
import type { Scope } from './scope.js';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || address === null) throw new Error('the server has no TCP address');
  return address.port;
}

/** Listens until the test ends. @returns host and port */
export async function listen(t: Scope, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no TCP address');
  return `127.0.0.1:${address.port}`;
}
