import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { errorReplies } from '../../src/plugins/error-replies.js';
import { BODY_LIMIT, requestBody, type RequestBodyOptions } from '../../src/plugins/request-body.js';
import { MEMORY_PER_BODY_BYTE } from '../../src/plugins/request-memory.js';
import { memoryLog } from '../helpers/log.js';
import { until } from '../helpers/process.js';

const KIB = 1024;

/** A server that replies with the body's length, and has memory for bodies of 1000 KiB together. */
async function server(t: Test, options: Partial<RequestBodyOptions> = {}) {
  const { log, of } = memoryLog();
  const app = fastify();
  await app.register(requestBody, { maxMemoryBytes: 1000 * KIB * MEMORY_PER_BODY_BYTE, ...options });
  await app.register(errorReplies, { log });
  const pending: (() => void)[] = [];
  app.post('/', (request) => String((request.body as Buffer | undefined)?.length ?? 'none'));
  app.post('/pending', async (request) => {
    const { length } = request.body as Buffer;
    await new Promise<void>((resolve) => pending.push(resolve));
    return String(length);
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  t.teardown(() => app.close());
  const { port } = app.server.address() as AddressInfo;

  /** Sends the beginning of a request, and collects the reply. */
  const send = async (beginning: string): Promise<Client> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    t.teardown(() => socket.destroy());
    await once(socket, 'connect');
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => (received += text));
    socket.on('error', () => undefined);
    socket.write(beginning);
    const reply = async (): Promise<string | undefined> =>
      until(() => (received.includes('\r\n\r\n') ? received : undefined), 5000);
    return { socket, reply, received: () => received };
  };
  return { send, of, pending };
}

interface Client {
  readonly socket: Socket;
  /** Waits for the reply. */
  readonly reply: () => Promise<string | undefined>;
  readonly received: () => string;
}

const head = (length: number, path = '/'): string =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
const x = (bytes: number): string => 'x'.repeat(bytes);
const isRefused = (reply: string | undefined): boolean =>
  /^HTTP\/1\.1 503 .*\r\nretry-after: 10\r\n.*"code":"overloaded"/s.test(reply ?? '');

/** Waits until the server has read what was sent before, by sending something after it. */
async function settle(send: (beginning: string) => Promise<Client>): Promise<void> {
  const { reply, socket } = await send(head(1) + x(1));
  await reply();
  socket.destroy();
}

t.test('puts the chunks of a body together', async (t) => {
  const { send } = await server(t);
  const known = await send(head(300_000) + x(100_000));
  await sleep(20);
  known.socket.write(x(200_000));
  t.match(await known.reply(), /\r\n\r\n300000$/);
  const chunked = await send(
    'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  );
  await sleep(20);
  chunked.socket.write('6\r\n world\r\n0\r\n\r\n');
  t.match(await chunked.reply(), /\r\n\r\n11$/);
  t.match(await (await send('POST / HTTP/1.1\r\nHost: x\r\n\r\n')).reply(), /\r\n\r\nnone$/);
});

t.test('refuses a body above the limit, without reading it if its length is known', async (t) => {
  const { send } = await server(t, { maxMemoryBytes: 1e9 });
  t.match(await (await send(head(BODY_LIMIT + 1))).reply(), /^HTTP\/1\.1 413 .*"code":"body_too_large"/s);
  const chunked = await send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  chunked.socket.write(`${(BODY_LIMIT + 1).toString(16)}\r\n${x(BODY_LIMIT + 1)}`);
  t.match(await chunked.reply(), /^HTTP\/1\.1 413 .*"code":"body_too_large"/s);
});

t.test('drops the oldest incomplete body if the next ones need its memory', async (t) => {
  const { send, of } = await server(t);
  const oldest = await send(head(500 * KIB) + x(400 * KIB));
  await settle(send);
  const younger = await send(head(500 * KIB) + x(400 * KIB));
  t.ok(isRefused(await oldest.reply()));
  younger.socket.write(x(100 * KIB));
  t.match(await younger.reply(), /\r\n\r\n512000$/);
  t.match(of('refused'), [{ code: 'overloaded', cause: 'the memory for requests is used up' }]);
});

t.test(
  'serves small bodies in several packets beside many large ones that never become complete',
  async (t) => {
    const { send } = await server(t);
    await Promise.all(Array.from({ length: 30 }, () => send(head(200 * KIB) + x(200 * KIB - 1))));
    for (let time = 0; time < 10; time++) {
      const small = await send(head(50 * KIB) + x(25 * KIB));
      await sleep(5);
      small.socket.write(x(25 * KIB));
      t.match(await small.reply(), /\r\n\r\n51200$/);
    }
  },
);

t.test('counts what chunks of one byte take', async (t) => {
  const { send } = await server(t);
  const other = await send(head(1000 * KIB) + x(500 * KIB));
  await settle(send);
  await send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n' + '1\r\nx\r\n'.repeat(3000));
  t.ok(isRefused(await other.reply()));
});

t.test('refuses a body at once if it could not fit beside the complete ones', async (t) => {
  const { send, pending } = await server(t);
  const first = await send(head(600 * KIB, '/pending') + x(600 * KIB));
  await until(() => pending[0], 5000);
  t.ok(isRefused(await (await send(head(500 * KIB))).reply()), 'nothing of it was sent');
  t.match(await (await send(head(300 * KIB) + x(300 * KIB))).reply(), /\r\n\r\n307200$/);
  const chunked = await send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
  chunked.socket.write(`${(500 * KIB).toString(16)}\r\n${x(500 * KIB)}\r\n0\r\n\r\n`);
  t.ok(isRefused(await chunked.reply()), 'of unknown length');
  pending[0]?.();
  t.match(await first.reply(), /\r\n\r\n614400$/);
  t.match(await (await send(head(600 * KIB) + x(600 * KIB))).reply(), /\r\n\r\n614400$/, 'it fits now');
});

t.test('forgets bodies of clients that disconnect, at any time', async (t) => {
  const { send, pending } = await server(t);
  for (let time = 0; time < 5; time++) {
    (await send(head(700 * KIB) + x(600 * KIB))).socket.resetAndDestroy();
    const complete = await send(head(700 * KIB, '/pending') + x(700 * KIB));
    const decide = await until(() => pending.pop(), 5000);
    complete.socket.resetAndDestroy();
    decide?.();
    await settle(send);
  }
  // With pipelining, the second reply waits for the first one.
  const pipelined = await send(
    head(300 * KIB, '/pending') + x(300 * KIB) + head(300 * KIB, '/pending') + x(300 * KIB),
  );
  await until(() => pending[1], 5000);
  pipelined.socket.resetAndDestroy();
  for (const decide of pending) decide();
  await settle(send);
  t.match(await (await send(head(740 * KIB) + x(740 * KIB))).reply(), /\r\n\r\n757760$/);
});

t.test('refuses a large body that stops arriving', async (t) => {
  const { send } = await server(t, { progressCheckMs: 100 });
  const timedOut = /^HTTP\/1\.1 408 .*"code":"request_timeout"/s;
  const stalled = await send(head(500 * KIB) + x(10));
  const chunked = await send('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n');
  const small = await send(head(64 * KIB) + x(10));
  t.match(await stalled.reply(), timedOut);
  t.match(await chunked.reply(), timedOut);
  t.equal(small.received(), '', 'a small body has the time of the whole request');
});

t.test('does not refuse a large body that arrives steadily', async (t) => {
  const { send } = await server(t, { progressCheckMs: 200 });
  const steady = await send(head(640 * KIB));
  for (let time = 0; time < 8; time++) {
    steady.socket.write(x(80 * KIB));
    await sleep(60);
  }
  t.match(await steady.reply(), /\r\n\r\n655360$/);
});

t.test('delivers the refusal to a client that reads only after it has sent everything', async (t) => {
  const { send } = await server(t);
  const first = await send(head(900 * KIB) + x(700 * KIB));
  first.socket.pause();
  await settle(send);
  await send(head(900 * KIB) + x(700 * KIB));
  await sleep(50);
  first.socket.write(x(200 * KIB));
  first.socket.resume();
  t.ok(isRefused(await first.reply()));
});
