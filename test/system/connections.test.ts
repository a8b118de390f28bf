// Tests the connections of the real process: behind a TLS proxy that keeps them alive, and with clients that stall.
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import t, { type Test } from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { createMissingKeys } from '../../src/keys/directory.js';
import { rsaPair } from '../helpers/keys.js';
import { startLoad } from '../helpers/load.js';
import { motoServer } from '../helpers/moto.js';
import { nginx } from '../helpers/nginx.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler } from '../helpers/process.js';

const CONNECTIONS = 16;
/** Number of responses to wait for before and after a restart. */
const ANSWERS = 150;

// The first test spends 30 s waiting for the handler's timeout, so the others run in parallel.
t.jobs = 3;

/** A handler with plain HTTP, and one with TLS, which local mode does not have. */
const HANDLERS: Readonly<Record<string, (t: Test) => Promise<Handler>>> = {
  'plain HTTP': (t) => Promise.resolve(startHandler(t, { built: true, cwd: t.testdir(), args: ['--local'] })),
  TLS: async (t) => {
    const moto = await motoServer(t);
    await moto.put('callback', rsaPair().privatePem);
    await moto.put('cosigner', rsaPair().publicPem);
    return startHandler(t, { built: true, cwd: t.testdir(), env: { ...moto.env, TLS: 'self-signed' } });
  },
};

for (const [protocol, start] of Object.entries(HANDLERS)) {
  t.test(`a client that stalls gets 408, with ${protocol}`, async (t) => {
    const url = new URL(await (await start(t)).listening());
    const open = (port: number, host: string) =>
      url.protocol === 'https:' ? connectTls({ port, host, rejectUnauthorized: false }) : connect(port, host);
    /** Sends the beginning of a request, and waits until the handler closes the connection. */
    const stall = async (beginning: string): Promise<{ reply: string; seconds: number }> => {
      const startedAt = performance.now();
      const socket = open(Number(url.port), url.hostname);
      let reply = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
      socket.write(beginning);
      await once(socket, 'close');
      return { reply, seconds: (performance.now() - startedAt) / 1000 };
    };

    t.jobs = 3;
    const post = 'POST /callback HTTP/1.1\r\nHost: x\r\n';
    for (const [part, beginning, least, most] of [
      ['headers', post, 29, 37],
      ['body', `${post}Content-Length: 100\r\n\r\nabc`, 29, 37],
      ['body, if it is large', `${post}Content-Length: 8000000\r\n\r\nabc`, 4, 10],
    ] as const) {
      t.test(`in the middle of the ${part}, after ${least + 1} s`, async (t) => {
        const { reply, seconds } = await stall(beginning);
        t.match(reply, /^HTTP\/1\.1 408 Request Timeout\r\n/);
        t.match(reply, /\{"code":"request_timeout"/);
        t.ok(seconds > least && seconds < most, `after ${seconds.toFixed(1)} s`);
      });
    }
  });
}

t.test('behind a TLS proxy', async (t) => {
  const cwd = t.testdir();
  const keys = join(cwd, '.local/keys');
  await createMissingKeys(keys);
  const ports = [await freePort(), await freePort()] as const;
  const front = await nginx(t, ...ports);
  const client = createCosigner({
    ...{ url: front.url, ca: front.ca },
    ...{ maxSockets: CONNECTIONS, keys: keysIn(keys) },
  });
  t.teardown(() => client.close());
  const start = async (port: number): Promise<Handler> => {
    const env = { PORT: String(port), SHUTDOWN_TIMEOUT_MS: '5000' };
    const handler = startHandler(t, { built: true, cwd, args: ['--local'], env });
    await handler.listening();
    return handler;
  };
  /** Request ids from the handler's decisions. */
  const decidedBy = ({ lines }: Handler): readonly string[] =>
    lines.filter(({ event }) => event === 'decision').map(({ requestId }) => String(requestId));

  await t.test('logs the trace id set by the load balancer', async (t) => {
    const handler = await start(ports[0]);
    t.match(await client.send('transaction', samplePayload('transaction')), {
      answer: { action: 'APPROVE' },
    });
    t.match(await handler.line({ event: 'decision' }), {
      traceId: 'Root=1-67891233-abcdef012345678912345678',
    });
    t.equal(await handler.stop(), 0);
  });

  await t.test('no request fails if the new process starts before the old one stops', async (t) => {
    const old = await start(ports[0]);
    const load = startLoad(() => client, CONNECTIONS);
    await load.untilAnswered(ANSWERS);
    const next = await start(ports[1]);
    front.deregister();
    t.equal(await old.stop(), 0);
    await load.untilAnswered(ANSWERS);
    await load.stop();
    t.ok(
      decidedBy(old).length > 100 && decidedBy(next).length > 100,
      `${load.answered.size} requests were answered`,
    );
    t.strictSame([...load.failed.values()], []);
    t.equal(front.errors(), '');
    front.register();
    t.equal(await next.stop(), 0);
  });

  await t.test('a restart under load answers every request received by the old process', async (t) => {
    const first = await start(ports[0]);
    const load = startLoad(() => client, CONNECTIONS);
    await load.untilAnswered(ANSWERS);
    t.equal(await first.stop(), 0);
    const second = await start(ports[0]);
    await load.untilAnswered(ANSWERS);
    await load.stop();

    const decided = [...decidedBy(first), ...decidedBy(second)];
    t.ok(
      decidedBy(first).length > 100 && decidedBy(second).length > 100,
      `${decided.length} requests were decided`,
    );
    t.strictSame(
      decided.filter((requestId) => !load.answered.has(requestId)),
      [],
      'every decision was delivered',
    );
    // In between, nothing is listening, so nginx can't connect, or the kernel resets the connection before it is
    // accepted.
    t.strictSame([...new Set(load.failed.values())], ['status 502']);
    t.notMatch(front.errors(), /prematurely closed/, 'no accepted connection was closed before its answer');
  });
});
