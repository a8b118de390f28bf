// The real process behind a real TLS proxy that keeps connections alive.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type Cosigner, createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import { keepAsking } from '../helpers/load.js';
import { type Nginx, nginx } from '../helpers/nginx.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler } from '../helpers/process.js';

const CONNECTIONS = 16;

async function setUp(t: Test, port: number, nextPort?: number) {
  const cwd = t.testdir();
  const keys = join(cwd, '.local/keys');
  await createMissingKeys(keys);
  const front = await nginx(t, port, nextPort);
  const client = cosignerThrough(t, front, keys);
  const start = (port: number, env: Record<string, string> = {}): Handler =>
    startHandler(t, { built: true, cwd, args: ['--local'], env: { PORT: String(port), ...env } });
  return { front, client, start };
}

function cosignerThrough(t: Test, { url, ca }: Nginx, directory: string): Cosigner {
  const client = createCosigner({ url, ca, maxSockets: CONNECTIONS, keys: keysIn(directory) });
  t.teardown(() => client.close());
  return client;
}

/** The ids of the requests that a handler decided. */
function decidedBy(handler: Handler): string[] {
  return handler.lines.filter(({ event }) => event === 'decision').map(({ requestId }) => String(requestId));
}

t.test('requests pass through TLS, and carry the load balancer’s trace id', async (t) => {
  const port = await freePort();
  const { client, start } = await setUp(t, port);
  const handler = start(port);
  await handler.listening();
  t.match(await client.ask('transaction', samplePayload('transaction')), { answer: { action: 'APPROVE' } });
  t.match(await handler.line({ event: 'decision' }), { traceId: 'Root=1-67891233-abcdef012345678912345678' });
});

t.test('a restart by SIGTERM under load loses no request that the handler had received', async (t) => {
  const port = await freePort();
  const { front, client, start } = await setUp(t, port);
  const first = start(port, { SHUTDOWN_TIMEOUT_MS: '5000' });
  await first.listening();
  const load = keepAsking(() => client, CONNECTIONS);
  await sleep(1500);
  t.equal(await first.stop(), 0);
  const second = start(port);
  await second.listening();
  await sleep(1500);
  await load.stop();

  const decided = [...decidedBy(first), ...decidedBy(second)];
  t.ok(
    decidedBy(first).length > 100 && decidedBy(second).length > 100,
    `${decided.length} requests were decided`,
  );
  t.strictSame(
    decided.filter((requestId) => !load.answered.has(requestId)),
    [],
    'every request that was decided was answered',
  );
  // Between the two nobody listens: nginx can't connect, or is reset by the kernel before the process has accepted.
  t.strictSame([...new Set(load.failed.values())], ['status 502']);
  t.notMatch(front.errors(), /prematurely closed/, 'no accepted connection was closed before its answer');
});

t.test('with the new process started before the old one stops, no request fails at all', async (t) => {
  const ports = [await freePort(), await freePort()] as const;
  const { front, client, start } = await setUp(t, ...ports);
  const old = start(ports[0], { SHUTDOWN_TIMEOUT_MS: '5000' });
  await old.listening();
  const load = keepAsking(() => client, CONNECTIONS);
  await sleep(1000);
  const next = start(ports[1]);
  await next.listening();
  front.deregister();
  t.equal(await old.stop(), 0);
  await sleep(1000);
  await load.stop();
  t.ok(
    decidedBy(old).length > 100 && decidedBy(next).length > 100,
    `${load.answered.size} requests were answered`,
  );
  t.strictSame([...load.failed.values()], []);
  t.equal(front.errors(), '');
});
