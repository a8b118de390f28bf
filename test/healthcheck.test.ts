import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { programPath } from './helpers/paths.js';
import { freePort } from './helpers/port.js';

async function serving(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return String((server.address() as AddressInfo).port);
}

async function check(variables: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const child = spawn(process.execPath, [...process.execArgv, programPath('src/healthcheck.ts')], {
    env: { ...process.env, HOST: '', ...variables },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stderr };
}

t.test('the health check passes if /health answers 200, and only then', async (t) => {
  const asked: string[] = [];
  const healthy = await serving(t, ({ url }, response) => {
    asked.push(url ?? '');
    response.end();
  });
  t.match(await check({ PORT: healthy }), { code: 0, stderr: '' });
  t.match(await check({ PORT: healthy, HOST: '0.0.0.0' }), { code: 0 });
  t.strictSame(asked, ['/health', '/health']);
  const stopping = await serving(t, (_request, response) => response.writeHead(503).end());
  t.match(await check({ PORT: stopping }), { code: 1 });
});

t.test('it says why nobody answers', async (t) => {
  t.match(await check({ PORT: String(await freePort()) }), {
    code: 1,
    stderr: /not healthy: connect ECONNREFUSED/,
  });
  const silent = await serving(t, () => undefined);
  t.match(await check({ PORT: silent }), { code: 1, stderr: /not healthy: no answer within 4 s/ });
});
