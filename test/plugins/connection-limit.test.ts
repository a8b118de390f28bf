import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import t from 'tap';
import { testApp } from '../helpers/app.js';
import { until } from '../helpers/process.js';

t.test('closes connections above the limit at once, and goes on serving the others', async (t) => {
  const { app, of } = await testApp(t, { maxConnections: 2 });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  const [first, second] = [await open(), await open()];
  for (const refused of [await open(), await open()]) {
    await once(refused.resume(), 'close', { signal: AbortSignal.timeout(2000) });
  }
  t.match(of('connections_refused'), [{ level: 'warn', refused: 1, maxConnections: 2 }], 'one line for both');

  first.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  const [reply] = (await once(first, 'data')) as [Buffer];
  t.match(reply.toString(), /^HTTP\/1\.1 200 /);

  second.destroy();
  const count = promisify(app.server.getConnections.bind(app.server));
  await until(async () => ((await count()) === 1 ? true : undefined), 2000);
  const next = await open();
  next.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(next, 'data', { signal: AbortSignal.timeout(2000) });
});
