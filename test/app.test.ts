import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { FastifyInstance } from 'fastify';
import { testApp } from './helpers/app.js';
import { until } from './helpers/process.js';

/** Opens a connection that can still send after the server has closed its side. */
async function connected({ server }: FastifyInstance): Promise<Socket> {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  const socket = connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** Sends bytes unchanged and returns everything received until the connection closes. */
async function raw(app: FastifyInstance, bytes: string): Promise<string> {
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening');
  const socket = connect(address.port, '127.0.0.1');
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return text;
}

function countConnections({ server }: FastifyInstance): Promise<number> {
  return new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
}

t.test('responds with 404 to an unknown path', async (t) => {
  const { app, of } = await testApp(t);
  for (const [method, url] of [
    ['GET', '/'],
    ['POST', '/'],
    ['POST', '/v2'],
    ['POST', '/v2/tx_sign_request/more'],
    ['POST', '/callback/health'],
  ] as const) {
    const reply = await app.inject({ method, url });
    t.equal(reply.statusCode, 404, `${method} ${url}`);
    t.match(reply.json(), { code: 'not_found' });
  }
  t.equal(of('refused').length, 5);
});

t.test('responds with 405 and the allowed methods if a path does not support the method', async (t) => {
  const { app } = await testApp(t);
  for (const [method, url, allow] of [
    ['GET', '/callback', 'POST'],
    ['PUT', '/v2/tx_sign_request', 'POST'],
    ['PATCH', '/callback/v2/config_change_sign_request', 'POST'],
    ['GET', '/callback//v2/tx_sign_request/?x=1', 'POST'],
    ['POST', '/health', 'GET, HEAD'],
  ] as const) {
    const reply = await app.inject({ method, url });
    t.equal(reply.statusCode, 405, `${method} ${url}`);
    t.equal(reply.headers.allow, allow);
    t.match(reply.json(), { code: 'method_not_allowed' });
  }
});

t.test('sends security headers with every response', async (t) => {
  const { app } = await testApp(t);
  for (const url of ['/health', '/nowhere', '/callback']) {
    const { headers } = await app.inject(url);
    t.equal(headers['x-content-type-options'], 'nosniff', url);
    t.match(headers['strict-transport-security'], /max-age/);
  }
});

t.test('does not log query strings or long path segments', async (t) => {
  const { app, of } = await testApp(t);
  await app.inject(`/nowhere?token=eyJhbGciOiJSUzI1NiJ9.secret.secret`);
  await app.inject(`/eyJhbGciOiJSUzI1NiJ9.eyJyZXF1ZXN0SWQiOiJyIn0.c2lnbmF0dXJl/v2`);
  await app.inject(`/${'a/'.repeat(500)}`);
  t.equal(of('refused')[0]?.['path'], '/nowhere');
  t.equal(of('refused')[1]?.['path'], '/…/v2');
  t.equal(String(of('refused')[2]?.['path']).length, 100);
});

t.test('logs the address of the load balancer’s client', async (t) => {
  const { app, of } = await testApp(t);
  const cases = [
    [undefined, '127.0.0.1'],
    ['10.0.0.7', '10.0.0.7'],
    // Entries before the last are whatever the client sent.
    ['1.2.3.4, 10.0.0.7', '10.0.0.7'],
    ['1.2.3.4,2001:db8::1 ', '2001:db8::1'],
    ['', '127.0.0.1'],
    ['10.0.0.7,', '127.0.0.1'],
    ['unknown', '127.0.0.1'],
    ['10.0.0.7, <script>', '127.0.0.1'],
    ['10.0.0.7\t\u001b[2J', '127.0.0.1'],
    [`fe80::1%${'x'.repeat(5000)}`, '127.0.0.1'],
    ['eyJhbGciOiJSUzI1NiJ9.secret.secret', '127.0.0.1'],
  ] as const;
  for (const [forwarded] of cases) {
    await app.inject({
      url: '/nowhere',
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    });
  }
  t.strictSame(
    of('refused').map(({ remoteAddress }) => remoteAddress),
    cases.map(([, logged]) => logged),
  );
});

t.test('joins repeated X-Forwarded-For headers, of which the load balancer’s is the last', async (t) => {
  const { app, of } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  await raw(
    app,
    'GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 10.0.0.7\r\nConnection: close\r\n\r\n',
  );
  t.match(of('refused'), [{ remoteAddress: '10.0.0.7' }]);
});

t.test('responds with 400 to a path that can’t be decoded', async (t) => {
  const { app, of } = await testApp(t);
  const reply = await app.inject({ method: 'POST', url: '/callback/%zz' });
  t.equal(reply.statusCode, 400);
  t.match(reply.json(), { code: 'bad_request' });
  t.equal(of('refused').length, 1);
});

t.test('responds to malformed HTTP with the usual error response', async (t) => {
  const { app, of } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const malformed = await raw(app, 'this is not HTTP\r\n\r\n');
  t.match(malformed, /^HTTP\/1\.1 400 Bad Request\r\n/);
  t.match(malformed, /\{"code":"bad_request","message":".+"\}$/);
  const headers = await raw(app, `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
  t.match(headers, /^HTTP\/1\.1 431 .*"code":"headers_too_large"/s);
  const short = await raw(app, 'POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 6\r\n\r\n');
  t.match(short, /"code":"bad_request"/);
  t.equal(of('refused').length, 3);
  t.match(
    await raw(app, 'PROPFIND /callback HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 405 /,
  );
});

t.test('treats QUERY like any other method', async (t) => {
  const { app } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const query = (path: string) => raw(app, `QUERY ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  // Node.js 20 does not support this method.
  t.match(await query('/callback'), /^HTTP\/1\.1 40[05] /);
  t.match(await query('/nowhere'), /^HTTP\/1\.1 40[04] /);
});

t.test('logs one refusal for a malformed body and closes the connection', async (t) => {
  const { app, of } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const broken = await raw(
    app,
    'POST /callback HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  );
  t.match(broken, /^HTTP\/1\.1 400 /);
  t.equal(of('refused').length, 1);
  const connections = await until(async () => ((await countConnections(app)) === 0 ? 0 : undefined), 2000);
  t.equal(connections, 0);
});

t.test('closes a connection that the client leaves open', async (t) => {
  const { app } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = await connected(app);
  t.teardown(() => socket.destroy());
  socket.write('not HTTP\r\n\r\n');
  await once(socket.resume(), 'end');
  t.equal(await until(async () => ((await countConnections(app)) === 0 ? 0 : undefined), 2000), 0);
});

t.test('delivers the refusal to a client that is still sending an oversized body', async (t) => {
  const { app } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  for (const length of ['Content-Length: 1073741824', 'Transfer-Encoding: chunked']) {
    const socket = await connected(app);
    socket.on('error', (error) => t.fail(`${length}: ${error.message}`));
    socket.write(`POST /callback HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n`);
    // Behaves like a proxy that reads the response only after it has sent everything.
    for (let time = 0; time < 10; time++) {
      socket.write(`100000\r\n${'x'.repeat(0x100000)}\r\n`);
      await sleep(20);
    }
    const [reply] = (await once(socket, 'data', { signal: AbortSignal.timeout(5000) })) as [Buffer];
    t.match(reply.toString(), /^HTTP\/1\.1 413 .*"code":"body_too_large"/s, length);
    socket.destroy();
  }
});

t.test('closes the connection if the client keeps sending an oversized body', async (t) => {
  const { app } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = await connected(app);
  socket.write('POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\n');
  const sending = setInterval(() => socket.write('x'.repeat(1000)), 10);
  const error: unknown = await once(socket.resume(), 'error', { signal: AbortSignal.timeout(5000) });
  clearInterval(sending);
  t.match(error, [{ code: /ECONNRESET|EPIPE/ }]);
});

t.test('keeps serving after a client disconnects in the middle of a request', async (t) => {
  const { app } = await testApp(t);
  await app.listen({ port: 0, host: '127.0.0.1' });
  const socket = await connected(app);
  socket.write('POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc');
  await sleep(50);
  socket.resetAndDestroy();
  t.equal((await app.inject('/health')).statusCode, 200);
});

t.test('keeps idle connections open longer than the load balancer does, which is 60 s', async (t) => {
  const { app } = await testApp(t);
  t.ok(app.server.keepAliveTimeout > 60_000);
  t.equal(app.server.headersTimeout, 30_000);
  t.equal(app.server.requestTimeout, 30_000);
});
