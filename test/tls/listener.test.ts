// The application over TLS: what a client of its port sees, and what a client that does not speak TLS leaves behind.
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { selfSignedCertificate } from '../../src/tls/certificate.js';
import { createCertificate } from '../../src/tls/listener.js';
import { testApp } from '../helpers/app.js';
import { consoleApp } from '../helpers/console-app.js';
import { until } from '../helpers/process.js';

const certificate = selfSignedCertificate();
const NEVER = 60_000;

async function listening(t: Test) {
  const parts = await testApp(t, { certificate });
  await parts.app.listen({ port: 0, host: '127.0.0.1' });
  return { ...parts, ...clientsOf(t, parts.app) };
}

function clientsOf(t: Test, { server }: FastifyInstance) {
  const { port } = server.address() as AddressInfo;
  const kept = <Client extends Socket>(client: Client): Client => {
    t.teardown(() => client.destroy());
    return client;
  };
  return {
    port,
    plain: (): Socket => kept(connect(port, '127.0.0.1')),
    /** Verifies the certificate, which only a test can know. */
    secure: (options: ConnectionOptions = {}): TLSSocket =>
      kept(
        connectTls({
          ...{ port, host: '127.0.0.1', ca: certificate.cert, servername: 'callback-handler' },
          ...options,
        }),
      ),
  };
}

async function received(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close', { signal: AbortSignal.timeout(NEVER) });
  return text;
}

t.test('nothing is created unless TLS is set', async (t) => {
  t.equal(await createCertificate(undefined), undefined);
  t.match(await createCertificate('self-signed'), { cert: /CERTIFICATE/, key: /PRIVATE/ });
});

t.test('answers over TLS 1.2 and 1.3', async (t) => {
  const { secure } = await listening(t);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = secure({ minVersion: version, maxVersion: version });
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    t.match(await received(socket), /^HTTP\/1\.1 200 /);
    t.ok(socket.authorized);
  }
});

t.test('refuses TLS 1.1', async (t) => {
  const { secure } = await listening(t);
  const socket = secure({ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await t.rejects(once(socket, 'secureConnect'), { code: /^ERR_SSL_|^ECONNRESET$/ });
});

t.test('a client that has closed its side still gets its response', async (t) => {
  const { secure } = await listening(t);
  const socket = secure({ allowHalfOpen: true } as ConnectionOptions);
  await once(socket, 'secureConnect');
  socket.end('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  t.match(await received(socket), /^HTTP\/1\.1 200 /);
});

t.test('plain HTTP is closed without a response, and logged once', async (t) => {
  const { plain, of } = await listening(t);
  for (let time = 0; time < 3; time++) {
    const socket = plain();
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    t.notMatch(await received(socket), /HTTP/);
  }
  t.match(of('handshakes_failed'), [
    { level: 'warn', failed: 1, cause: 'ERR_SSL_HTTP_REQUEST', remoteAddress: '127.0.0.1' },
  ]);
  t.equal(of('handshakes_failed').length, 1);
  t.strictSame(of('refused'), []);
});

t.test('a handshake that stalls is given up after 5 s', async (t) => {
  const { plain, of } = await listening(t);
  const startedAt = performance.now();
  t.equal(await received(plain()), '');
  const seconds = (performance.now() - startedAt) / 1000;
  t.ok(seconds > 4 && seconds < 9, `after ${seconds.toFixed(1)} s`);
  t.match(of('handshakes_failed'), [{ cause: 'ERR_TLS_HANDSHAKE_TIMEOUT' }]);
});

t.test('an unfinished handshake does not delay the end', async (t) => {
  const { app, plain } = await listening(t);
  const socket = plain();
  const closed = received(socket);
  await once(socket, 'connect');
  await until(async () => ((await countConnections(app)) === 1 ? true : undefined), NEVER);
  const startedAt = performance.now();
  await app.close();
  const seconds = (performance.now() - startedAt) / 1000;
  t.ok(seconds < 3, `after ${seconds.toFixed(1)} s`);
  await closed;
});

t.test('accepts fewer connections, because each takes more memory', async (t) => {
  const { app } = await listening(t);
  t.equal(app.server.maxConnections, 4000);
});

t.test('the console is served over TLS too', async (t) => {
  const { start } = await consoleApp(t);
  const app = await start(certificate);
  t.teardown(() => app.close());
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { secure, plain } = clientsOf(t, app);
  const socket = secure();
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  t.match(await received(socket), /^HTTP\/1\.1 200 /);
  const insecure = plain();
  insecure.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  t.notMatch(await received(insecure), /HTTP/);
});

function countConnections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}
