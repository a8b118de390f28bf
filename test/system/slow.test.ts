// Clients that take their time, against the real process.
import { once } from 'node:events';
import { connect } from 'node:net';
import t, { type Test } from 'tap';
import { startHandler } from '../helpers/process.js';

/** Sends the beginning of a request, and returns what comes back and after how long. */
async function stall(t: Test, bytes: string): Promise<{ reply: string; seconds: number }> {
  const url = new URL(
    await startHandler(t, { built: true, cwd: t.testdir(), args: ['--local'] }).listening(),
  );
  const startedAt = performance.now();
  const socket = connect(Number(url.port), url.hostname);
  let reply = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return { reply, seconds: (performance.now() - startedAt) / 1000 };
}

t.jobs = 2;
for (const [what, bytes] of [
  ['headers', 'POST /callback HTTP/1.1\r\nHost: x\r\n'],
  ['a body', 'POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc'],
] as const) {
  t.test(`a client that does not finish ${what} is given up after 30 s, with 408`, async (t) => {
    const { reply, seconds } = await stall(t, bytes);
    t.match(reply, /^HTTP\/1\.1 408 Request Timeout\r\n/);
    t.match(reply, /\{"code":"request_timeout"/);
    t.ok(seconds > 29 && seconds < 37, `after ${seconds.toFixed(1)} s`);
  });
}
