// Tests the log of the real process: every answer has its decision line, at any level and with a slow reader.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createCosigner } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload } from '../../cli/cosigner/request.js';
import { freePort } from '../helpers/port.js';
import { type Handler, startHandler, until } from '../helpers/process.js';

/** More lines than a pipe and the buffers of the reader hold together. */
const REQUESTS = 400;

t.jobs = 3;

function start(t: Test, env: Readonly<Record<string, string>> = {}) {
  const cwd = t.testdir();
  const handler = startHandler(t, { built: true, cwd, args: ['--local'], env });
  return { cwd, handler };
}

/** Sends requests until all are answered. @returns their ids */
async function send(url: string, cwd: string, count: number): Promise<readonly string[]> {
  const client = createCosigner({ url, keys: keysIn(join(cwd, '.local/keys')) });
  const requests = Array.from({ length: count }, async () => {
    const { answer } = await client.send('transaction', samplePayload('transaction'));
    return answer?.requestId ?? 'no answer';
  });
  const ids = await Promise.all(requests);
  // An open connection would delay the stop.
  client.close();
  return ids;
}

/** The ids in decision lines, sorted: requests that arrive together are decided in any order. */
function decided({ lines }: Handler): readonly string[] {
  return lines
    .filter(({ event }) => event === 'decision')
    .map(({ requestId }) => String(requestId))
    .sort();
}

for (const level of ['silent', 'fatal', 'warn']) {
  t.test(`logs decisions at LOG_LEVEL=${level}, and nothing else below it`, async (t) => {
    const port = String(await freePort());
    const { cwd, handler } = start(t, { LOG_LEVEL: level, PORT: port });
    const url = `http://127.0.0.1:${port}`;
    await until(
      () => fetch(`${url}/health`, { headers: { connection: 'close' } }).catch(() => undefined),
      15_000,
    );
    const ids = await send(url, cwd, 3);
    t.equal(await handler.stop(), 0);
    t.strictSame(decided(handler), [...ids].sort());
    // The example's hold is warned about until somebody has a passkey.
    const atTheLevel = level === 'warn' ? ['policy_warning warn'] : [];
    t.strictSame(
      new Set(handler.lines.map(({ event, level: of }) => [event, of].join(' '))),
      new Set([...atTheLevel, 'decision info']),
    );
  });
}

t.test('writes what was answered before the stop, although the reader is slow', async (t) => {
  const { cwd, handler } = start(t);
  const url = await handler.listening();
  handler.child.stdout?.pause();
  const ids = await send(url, cwd, REQUESTS);
  t.ok(decided(handler).length < REQUESTS, 'lines are still waiting');
  handler.child.kill('SIGTERM');
  await sleep(2000);
  handler.child.stdout?.resume();
  t.equal(await handler.exited, 0);
  t.strictSame(decided(handler), [...ids].sort());
});

t.test('exits in time if nothing reads the log', async (t) => {
  const { cwd, handler } = start(t, { SHUTDOWN_TIMEOUT_MS: '5000' });
  const url = await handler.listening();
  handler.child.stdout?.pause();
  await send(url, cwd, REQUESTS);
  const startedAt = performance.now();
  handler.child.kill('SIGTERM');
  const exited = new Promise((resolve) => handler.child.once('exit', resolve));
  t.equal(await exited, 0);
  t.ok(performance.now() - startedAt < 6500, `after ${(performance.now() - startedAt).toFixed(0)} ms`);
});
