// Measures how long the service takes to become healthy, alternating with an empty Node.js process. Runs in the image
// from standard input, and prints two medians: the time in milliseconds, and the ratio to the empty process. With
// TLS=self-signed, the service serves HTTPS.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

const ROUNDS = 11;

const port = await freePort();
const boots = [];
const ratios = [];
await boot();
for (let round = 0; round < ROUNDS; round++) {
  const empty = (emptyNode() + emptyNode()) / 2;
  const ms = await boot();
  boots.push(ms);
  ratios.push(ms / empty);
}
process.stdout.write(`${median(boots).toFixed(0)} ${median(ratios).toFixed(1)}\n`);

async function boot() {
  const startedAt = performance.now();
  const service = spawn(process.execPath, ['dist/main.js'], {
    env: { ...process.env, HOST: '127.0.0.1', PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await listening(service);
  if (!(await healthy())) throw new Error('the service did not become healthy');
  const ms = performance.now() - startedAt;
  service.kill('SIGKILL');
  await once(service, 'exit');
  return ms;
}

/** Waits for a log line, because polling the port would slow the service down. */
function listening(service) {
  return new Promise((resolve, reject) => {
    let log = '';
    service.stdout.on('data', (chunk) => {
      log += chunk;
      if (log.includes('"event":"listening"')) resolve();
    });
    service.on('exit', () => reject(new Error(`the service did not start: ${log}`)));
  });
}

function healthy() {
  return new Promise((resolve) => {
    const get = process.env.TLS ? getHttps : getHttp;
    const options = { host: '127.0.0.1', port, path: '/health', agent: false, rejectUnauthorized: false };
    get(options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}

function emptyNode() {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
