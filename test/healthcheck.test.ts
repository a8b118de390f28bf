import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import t, { type Test } from 'tap';
import { selfSignedCertificate } from '../src/tls/certificate.js';
import { programPath } from './helpers/paths.js';
import { freePort } from './helpers/port.js';

async function serving(
  t: Test,
  answer: RequestListener,
  { tls = false, host = '127.0.0.1' } = {},
): Promise<string> {
  const server = (tls ? createTlsServer(selfSignedCertificate(), answer) : createServer(answer)).listen(
    0,
    host,
  );
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return String((server.address() as AddressInfo).port);
}

/** Makes socket timeouts elapse 40 times as fast. */
const FAST_TIMEOUTS = `data:text/javascript,${encodeURIComponent(`
  import { Socket } from 'node:net';
  const { setTimeout } = Socket.prototype;
  Socket.prototype.setTimeout = function (ms, ...rest) { return setTimeout.call(this, ms / 40, ...rest); };
`)}`;

async function check(
  variables: Record<string, string>,
  nodeArgs: readonly string[] = [],
  args: readonly string[] = [],
): Promise<{ code: number; stderr: string }> {
  const program = [...process.execArgv, ...nodeArgs, programPath('src/healthcheck.ts')];
  const child = spawn(process.execPath, [...program, ...args], {
    env: { ...process.env, HOST: '', TLS: '', ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

t.test('passes only if /health responds with 200', async (t) => {
  const requested: string[] = [];
  const healthy = await serving(t, ({ url }, response) => {
    requested.push(url ?? '');
    response.end();
  });
  t.match(await check({ PORT: healthy }), { code: 0, stderr: '' });
  t.match(await check({ PORT: healthy, HOST: '0.0.0.0' }), { code: 0 });
  t.strictSame(requested, ['/health', '/health']);
  const stopping = await serving(t, (_request, response) => response.writeHead(503).end());
  t.match(await check({ PORT: stopping }), { code: 1 });
});

t.test('prints the reason if there is no response', async (t) => {
  t.match(await check({ PORT: String(await freePort()) }), {
    code: 1,
    stderr: /unhealthy: connect ECONNREFUSED/,
  });
  const silent = await serving(t, () => undefined);
  t.match(await check({ PORT: silent }, ['--import', FAST_TIMEOUTS]), {
    code: 1,
    stderr: /unhealthy: no response within 4 s/,
  });
});

t.test('checks the port that it is given, such as that of the console', async (t) => {
  const healthy = await serving(t, (_request, response) => response.end());
  t.match(await check({ PORT: String(await freePort()) }, [], [healthy]), { code: 0 });
});

t.test('with TLS, does not verify the certificate on loopback', async (t) => {
  const healthy = await serving(t, (_request, response) => response.end(), { tls: true });
  for (const HOST of ['', '0.0.0.0', '127.0.0.1']) {
    t.match(await check({ PORT: healthy, HOST, TLS: 'self-signed' }), { code: 0, stderr: '' });
  }
  t.match(await check({ PORT: healthy }), { code: 1, stderr: /unhealthy: / }, 'without TLS');
});

t.test('with TLS, verifies the certificate of any other address', async (t) => {
  const host = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;
  if (host === undefined) {
    t.comment('this machine has no other address');
    return;
  }
  const requested: string[] = [];
  const port = await serving(t, ({ url }) => void requested.push(url ?? ''), { tls: true, host });
  t.match(await check({ PORT: port, HOST: host, TLS: 'self-signed' }), {
    code: 1,
    stderr: /unhealthy: self-signed certificate/,
  });
  t.strictSame(requested, []);
});
