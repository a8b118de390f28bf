// A network that forgets connections, as a NAT gateway or an endpoint does with idle ones: what is sent on them is lost, and
// nobody reports it.
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Scope } from './scope.js';

export interface ForgetfulNetwork {
  readonly endpoint: string;
  /** Forgets the connections that are open now. New ones work. @returns how many */
  forget(): number;
}

/** @param target such as `http://127.0.0.1:5000` */
export async function forgetfulNetwork(t: Scope, target: string): Promise<ForgetfulNetwork> {
  const { hostname, port } = new URL(target);
  const pairs = new Map<Socket, Socket>();
  const server = createServer({ allowHalfOpen: false }, (near) => {
    const far = connect(Number(port), hostname);
    pairs.set(near, far);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => pairs.delete(near));
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    pairs.forEach((far, near) => [far, near].forEach((socket) => socket.destroy()));
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    forget() {
      const { size } = pairs;
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        far.destroy();
        // Whatever is sent is read and lost.
        near.resume();
        t.teardown(() => near.destroy());
      }
      pairs.clear();
      return size;
    },
  };
}
