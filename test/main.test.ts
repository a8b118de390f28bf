import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, type ClientRequest, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { prettyFactory } from 'pino-pretty';
import t from 'tap';
import { createCosigner } from '../cli/cosigner/client.js';
import { keysIn } from '../cli/cosigner/keys.js';
import { readPayload, samplePayload, signToken } from '../cli/cosigner/request.js';
import { KEY_FILES, createMissingKeys } from '../src/keys/directory.js';
import { createLog, PRETTY_OPTIONS } from '../src/log.js';
import { ROOT } from './helpers/cli.js';
import { type Handler, startHandler } from './helpers/process.js';

function localKeys(cwd: string) {
  return keysIn(join(cwd, '.local/keys'));
}

t.test('in local mode, creates keys and listens on the loopback address', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], env: { HOST: '', SHUTDOWN_TIMEOUT_MS: '5000' } });
  const url = await handler.listening();
  t.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  t.equal(statSync(join(cwd, '.local/keys')).mode & 0o777, 0o700);
  t.match(handler.stderr(), /LOCAL MODE/);
  t.match(handler.stderr(), new RegExp(`npm run cosigner -- --url ${url}`));
  t.match(await handler.line({ event: 'key_loaded', key: 'callback' }), { level: 'info', after: [String] });
  const health = (await (await fetch(`${url}/health`)).json()) as object;
  t.match(health, { status: 'ok', version: /^\d+\.\d+\.\d+$/, auth: 'jwt' });
  t.equal(await handler.stop('SIGINT'), 0);
});

t.test('in local mode, creates a policy and applies each valid change to it', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'] });
  const url = await handler.listening();
  const client = createCosigner({ url, keys: localKeys(cwd) });
  t.teardown(() => client.close());
  t.match(handler.stderr(), /policy {2}\.local\/policy\.yaml/);
  const first = await handler.line({ event: 'policy_loaded' });
  t.match(await (await fetch(`${url}/health`)).json(), { policy: first['after'] });

  const answers: Record<string, unknown> = {};
  for (const [name, payload] of [
    ['sample', samplePayload('transaction')],
    ['large', readPayload(`${ROOT}examples/large-transfer.json`)],
    ['blocked', readPayload(`${ROOT}examples/blocked-address.json`)],
  ] as const) {
    const { answer } = await client.send('transaction', payload);
    const { rule } = await handler.line({ event: 'decision', requestId: payload['requestId'] });
    answers[name] = [answer?.action, rule];
  }
  t.strictSame(answers, {
    sample: ['APPROVE', 'small-internal'],
    large: ['RETRY', 'hold-large-transfers'],
    blocked: ['REJECT', 'blocked-address'],
  });

  const file = join(cwd, '.local/policy.yaml');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('decimal("10000")', 'decimal("10")'));
  await handler.line({ event: 'policy_loaded', before: first['after'] });
  t.match(await client.send('transaction', samplePayload('transaction')), { answer: { action: 'RETRY' } });

  writeFileSync(file, text.replace('decimal("10000")', '10'));
  t.match(await handler.line({ event: 'policy_refused' }), {
    level: 'error',
    problems: [{ rule: 'hold-large-transfers', line: 38, message: /write an amount as decimal/ }],
  });
  t.match(await client.send('transaction', samplePayload('transaction')), { answer: { action: 'RETRY' } });
  client.close();
});

t.test('exits with 1 and reports the problems of an invalid policy, and does not overwrite it', async (t) => {
  const bad = 'version: 1\nrules: []\nonError: approve\n';
  const cwd = t.testdir({ '.local': { 'policy.yaml': bad } });
  const handler = startHandler(t, { cwd, args: ['--local'] });
  t.equal(await handler.exited, 1);
  t.match(handler.failure(), {
    level: 'fatal',
    event: 'boot_failed',
    problems: [{ file: '.local/policy.yaml', line: 3, column: 10, message: /onError must be/ }],
    msg: /the policy is invalid:\n\.local\/policy\.yaml:3:10\n/,
  });
  t.equal(readFileSync(join(cwd, '.local/policy.yaml'), 'utf8'), bad);
});

t.test('exits with 1 if the named policy does not exist', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], env: { POLICY_FILE: 'mine.yaml' } });
  t.equal(await handler.exited, 1);
  t.match(handler.failure(), { level: 'fatal', msg: /There is no policy at mine\.yaml/ });
});

t.test('the build behaves like the source', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], built: true });
  const client = createCosigner({ url: await handler.listening(), keys: localKeys(cwd) });
  t.teardown(() => client.close());
  t.match(await client.send('transaction', samplePayload('transaction')), { answer: { action: 'APPROVE' } });
  client.close();
  t.equal(await handler.stop(), 0);
});

t.test('without --local, creates nothing, lists every missing variable and exits with 1', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, env: { PORT: 'x' } });
  t.equal(await handler.exited, 1);
  t.match(handler.lines, [
    {
      level: 'fatal',
      event: 'boot_failed',
      problems: [/PORT must be/, /CALLBACK_PRIVATE_KEY_PARAMETER/, /COSIGNER_PUBLIC_KEY_PARAMETER/],
    },
  ]);
  t.equal(handler.lines.length, 1);
  t.notOk(existsSync(join(cwd, '.local')));
});

t.test('exits with 1 if the port is in use', async (t) => {
  const cwd = t.testdir();
  const first = startHandler(t, { cwd, args: ['--local'] });
  const { port } = new URL(await first.listening());
  const second = startHandler(t, { cwd, args: ['--local'], env: { PORT: port } });
  t.equal(await second.exited, 1);
  t.match(second.failure(), { level: 'fatal', msg: /Can't listen .*EADDRINUSE.*set PORT/ });
});

t.test('exits with 1 if the private key can’t be used', async (t) => {
  const cwd = t.testdir();
  await createMissingKeys(join(cwd, '.local/keys'));
  writeFileSync(join(cwd, '.local/keys', KEY_FILES.callbackPrivate), 'junk');
  const handler = startHandler(t, { cwd, args: ['--local'] });
  t.equal(await handler.exited, 1);
  t.match(handler.failure(), {
    level: 'fatal',
    msg: /callback_private\.pem can't be used: it is not a complete PEM file/,
  });
});

t.test('logs an unexpected error at startup and exits with 1', async (t) => {
  const cwd = t.testdir({ '.local': 'a file instead of a directory' });
  const handler = startHandler(t, { cwd, args: ['--local'] });
  t.equal(await handler.exited, 1);
  t.match(handler.failure(), { level: 'fatal', event: 'boot_failed', err: { code: 'ENOTDIR' } });
});

t.test('logs an uncaught error and exits with 1', async (t) => {
  const code = 'process.once("SIGWINCH", () => { throw new Error("provoked"); })';
  const cwd = t.testdir();
  const handler = startHandler(t, {
    cwd,
    args: ['--local'],
    nodeArgs: ['--import', `data:text/javascript,${code}`],
  });
  await handler.listening();
  t.equal(await handler.stop('SIGWINCH'), 1);
  t.match(await handler.line({ event: 'crashed' }), { level: 'fatal', err: { message: 'provoked' } });
});

t.test(
  'after SIGTERM, /health responds with 503 and idle connections stay open until their next response',
  async (t) => {
    const cwd = t.testdir();
    const handler = startHandler(t, { cwd, args: ['--local'] });
    const url = await handler.listening();
    const client = createCosigner({ url, keys: localKeys(cwd), maxSockets: 1 });
    t.teardown(() => client.close());
    t.ok((await client.send('transaction', samplePayload('transaction'))).answer, 'a connection is open');

    handler.child.kill('SIGTERM');
    await handler.line({ event: 'stopping' });
    const health = await fetch(`${url}/health`);
    t.equal(health.status, 503);
    t.match(await health.json(), { status: 'stopping' });
    t.equal(health.headers.get('connection'), 'close');
    t.ok((await client.send('transaction', samplePayload('transaction'))).answer, 'still answered');
    t.equal(await handler.exited, 0);
  },
);

t.test('after SIGTERM, waits for and answers a request that has partially arrived', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], env: { SHUTDOWN_TIMEOUT_MS: '5000' } });
  const url = await handler.listening();
  const token = signToken({ requestId: 'late' }, localKeys(cwd).privateKey);
  const { request, answered } = startRequest(`${url}/callback`, token.length);
  request.write(token.slice(0, 100));
  await once(request, 'socket');
  handler.child.kill('SIGTERM');
  await handler.line({ event: 'stopping' });
  request.end(token.slice(100));
  t.equal(await answered, 200);
  t.equal(await handler.exited, 0);
});

t.test('ends at once on a fault of the process itself', async (t) => {
  const handler = startHandler(t, { cwd: t.testdir(), args: ['--local'] });
  await handler.listening();
  t.equal(await handler.stop('SIGSEGV'), null, 'a handler for it would stop the process with 0');
  t.equal(handler.child.signalCode, 'SIGSEGV');
});

t.test('after SIGTERM, exits in time even if a client never finishes its request', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], env: { SHUTDOWN_TIMEOUT_MS: '5000' } });
  const url = await handler.listening();
  const { request, answered } = startRequest(`${url}/callback`, 1000);
  request.write('x');
  await once(request, 'socket');
  const startedAt = performance.now();
  t.equal(await handler.stop(), 0);
  t.ok(performance.now() - startedAt < 5500);
  t.match(await handler.line({ event: 'connections_cut' }), { level: 'warn', connections: 1 });
  await t.rejects(answered);
});

t.test('exits at once on a second signal', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'] });
  await sendSignalTwice(handler);
  t.equal(await handler.exited, 1);
});

t.test('applies LOG_LEVEL on a terminal, too', async (t) => {
  t.intercept(process.stdout, 'isTTY', { value: true });
  const log = await createLog('error');
  t.equal(log.level, 'error');
  t.notOk(log.isLevelEnabled('info'));
});

t.test('shows only the time, level, message and a few fields on a terminal', (t) => {
  const pretty = prettyFactory({ ...PRETTY_OPTIONS, colorize: false });
  const line = {
    level: 'info',
    time: '2026-03-03T10:00:00Z',
    event: 'decision',
    asset: 'ETH',
    facts: {},
    msg: 'APPROVE',
  };
  t.match(
    pretty(JSON.stringify(line)),
    /^\[2026-03-0\d \d\d:\d\d:00 [+-]\d\d:\d\d\] INFO: APPROVE \{"asset":"ETH"\}\n$/,
  );
  t.end();
});

async function sendSignalTwice(handler: Handler): Promise<void> {
  const url = await handler.listening();
  const agent = new Agent({ keepAlive: true });
  await new Promise((resolve) => httpRequest(`${url}/health`, { agent }, resolve).end());
  handler.child.kill('SIGTERM');
  await handler.line({ event: 'stopping' });
  handler.child.kill('SIGTERM');
  await handler.exited;
  agent.destroy();
}

/** A request whose body the test sends itself. */
function startRequest(url: string, length: number): { request: ClientRequest; answered: Promise<number> } {
  const request = httpRequest(url, { method: 'POST', headers: { 'content-length': length } });
  const answered = new Promise<number>((resolve, reject) => {
    request.on('response', (response) => resolve(response.statusCode ?? 0));
    request.on('error', reject);
  });
  answered.catch(() => undefined);
  return { request, answered };
}
