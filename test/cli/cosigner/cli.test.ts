// Tests `npm run cosigner` against running handlers, mostly in this process.
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createCosignerProgram } from '../../../cli/cosigner/program.js';
import { TAMPERINGS, withFreshIds } from '../../../cli/cosigner/request.js';
import { runCosigner, runInProcess } from '../../helpers/cli.js';
import { p256Pair, rsaPair } from '../../helpers/keys.js';
import { startHandler } from '../../helpers/process.js';

const cosigner = (...args: readonly string[]) => runInProcess(createCosignerProgram, args);

/** Starts a handler in local mode. */
async function start(t: Test, cwd: string, env: Record<string, string> = {}) {
  const handler = startHandler(t, { cwd, args: ['--local'], env });
  return { handler, url: await handler.listening() };
}

t.test('verifies responses from a handler in local mode', async (t) => {
  const cwd = t.testdir({
    'payload.json': JSON.stringify({ requestId: 'mine', operation: 'RAW', asset: 'BTC', amountStr: '2' }),
    'other.pem': rsaPair().publicPem,
  });
  const { url } = await start(t, cwd);
  const send = (...args: string[]) => cosigner(...args, '--url', url, '--keys', join(cwd, '.local/keys'));

  await t.test('runs as a separate process, using the local-mode keys by default', async (t) => {
    const { code, stdout, stderr } = await runCosigner(['--url', url], { cwd });
    t.equal(code, 0);
    t.match(stdout, /^Request {2}POST http:.*\/v2\/tx_sign_request\n/);
    t.match(stdout, /amount +0\.010000000000000000 ETH\n/);
    t.match(stdout, /\nResponse APPROVE\n/);
    t.match(stdout, /status 200 after .* ms, RS256 signature and requestId verified\n$/);
    t.notMatch(stdout, '\u001b', 'no colours outside a terminal');
    t.equal(stderr, '');
  });

  await t.test('`config` sends the published sample configuration change', async (t) => {
    const { code, stdout } = await send('config');
    t.equal(code, 0);
    t.match(stdout, /config_change_sign_request\n +change +UNMANAGED_WALLET\n/);
  });

  for (const tampering of TAMPERINGS) {
    await t.test(`the handler rejects --tamper ${tampering} with 401`, async (t) => {
      const { code, stdout } = await send('--tamper', tampering);
      t.equal(code, 1);
      t.match(stdout, /NOT VERIFIED {2}status 401 {2}\{"code":"invalid_token"/);
    });
  }

  await t.test('--file sends a payload with new ids', async (t) => {
    const sent = async () =>
      JSON.parse((await send('--file', join(cwd, 'payload.json'), '--json')).stdout) as Record<
        string,
        Record<string, unknown>
      >;
    const [one, two] = [await sent(), await sent()];
    t.match(one, { verified: true, request: { operation: 'RAW' }, answer: { action: 'REJECT' } });
    t.equal(one['answer']?.['requestId'], one['request']?.['requestId']);
    t.not(one['request']?.['requestId'], 'mine');
    t.not(one['request']?.['requestId'], two['request']?.['requestId']);
  });

  await t.test('--keep-ids sends it unchanged', async (t) => {
    const { code, stdout } = await send('--file', join(cwd, 'payload.json'), '--keep-ids', '--json');
    t.equal(code, 0);
    t.match(JSON.parse(stdout), {
      verified: true,
      status: 200,
      request: { requestId: 'mine', operation: 'RAW' },
      answer: { action: 'REJECT', requestId: 'mine' },
    });
  });

  await t.test('--count sends several requests, and prints a line for each and a summary', async (t) => {
    const { code, stdout } = await send('--count', '3');
    t.equal(code, 0);
    t.match(stdout, /^(.+ms {2}APPROVE\n){3}3 sent, 3 verified, 0 not verified, [\d.]+ requests\/s\n$/);
    t.equal((await send('--count', '3', '--json')).stdout.trim().split('\n').length, 3);
  });

  await t.test('does not accept a response signed with another key', async (t) => {
    const otherKey = ['--callback-public-key', join(cwd, 'other.pem')];
    const { code, stdout } = await send(...otherKey);
    t.equal(code, 1);
    t.match(stdout, /NOT VERIFIED {2}the response's signature does not match the handler's public key/);
    t.match(JSON.parse((await send(...otherKey, '--json')).stdout), { verified: false });
  });

  await t.test('--json-mode gets 404 from a handler that expects JWT', async (t) => {
    const { code, stdout } = await send('--json-mode');
    t.equal(code, 1);
    t.match(stdout, /status 404/);
  });
});

t.test('--json-mode needs no keys', async (t) => {
  const { handler, url } = await start(t, t.testdir(), { CALLBACK_AUTH: 'json' });
  t.match(handler.stderr(), /npm run cosigner -- --url .* --json-mode/);
  t.match(await handler.line({ event: 'json_mode' }), { level: 'warn' });
  const { code, stdout } = await cosigner('--url', url, '--json-mode', '--keys', 'nowhere');
  t.equal(code, 0);
  t.match(stdout, /Response APPROVE/);
  t.match(stdout, / ms, requestId verified\n$/);
  t.notMatch(stdout, 'signature');
});

t.test('explains how to start the handler when the connection is refused', async (t) => {
  const { code, stdout } = await cosigner('--url', 'http://127.0.0.1:1', '--json-mode');
  t.equal(code, 1);
  t.match(
    stdout,
    /NOT VERIFIED {2}connection refused: start the handler with "npm start"\n +no response after/,
  );
});

t.test('reports a usage error and points to the help', async (t) => {
  for (const [args, message] of [
    [['both'], /'both' is invalid .* Allowed choices are tx, config\./],
    [['tx', 'config'], /too many arguments/],
    [['--bogus'], /unknown option '--bogus'/],
    [['--count', '0'], /'0' is invalid\. Use a whole number from 1 to 9999999\./],
    [['--tamper', 'x'], /'x' is invalid\. Allowed choices are signature, alg-none, hmac, zero\./],
    [['--tamper', 'zero', '--json-mode'], /'--tamper <how>' cannot be used with option '--json-mode'/],
    [['--url', 'ftp://x'], /'ftp:\/\/x' is invalid\. Use an http or https URL\./],
  ] as const) {
    const { code, stdout, stderr } = await cosigner(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.match(stderr, /\n\nnpm run cosigner -- --help shows how to use it\.\n$/);
  }
});

t.test('reports unusable files without pointing to the help', async (t) => {
  const directory = t.testdir({
    'list.json': '[]',
    'text.pem': 'text',
    'cosigner_private.pem': rsaPair().privatePem,
  });
  for (const [args, message] of [
    [
      ['--json-mode', '--file', 'nowhere.json'],
      /^error: nowhere\.json can't be read: there is no such file\n$/,
    ],
    [['--json-mode', '--file', join(directory, 'list.json')], /list\.json is not a JSON object\n$/],
    [['--json-mode', '--ca', 'nowhere.pem'], /^error: nowhere\.pem can't be read: there is no such file\n$/],
    [['--keys', 'nowhere'], /^error: nowhere\/cosigner_private\.pem can't be read: there is no such file\n$/],
    [['--keys', directory], /callback_public\.pem can't be read: there is no such file\n$/],
    [
      ['--cosigner-private-key', join(directory, 'text.pem')],
      /text\.pem contains no private key in PEM format\n$/,
    ],
  ] as const) {
    const { code, stdout, stderr } = await cosigner(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
  }
});

t.test('prints its help to stdout', async (t) => {
  t.match(await cosigner('--help'), {
    code: 0,
    stdout: /^Usage: npm run cosigner -- \[options\] \[kind\]\n/,
  });
});

t.test('verifies ES256 answers from a handler in local mode with a P-256 key', async (t) => {
  const p256 = p256Pair();
  const keys = { 'callback_private.pem': p256.privatePem, 'callback_public.pem': p256.publicPem };
  const ed25519 = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const cwd = t.testdir({ '.local': { keys }, 'rsa.pem': rsaPair().publicPem, 'ed25519.pem': ed25519 });
  const { handler, url } = await start(t, cwd);
  t.match(await handler.line({ event: 'key_loaded', key: 'callback' }), { algorithm: 'ES256' });
  const send = (...args: string[]) => cosigner(...args, '--url', url, '--keys', join(cwd, '.local/keys'));

  const { code, stdout } = await send();
  t.equal(code, 0);
  t.match(stdout, /ms, ES256 signature and requestId verified\n$/);
  t.match(JSON.parse((await send('--json')).stdout), { verified: true, algorithm: 'ES256' });

  const other = await send('--callback-public-key', join(cwd, 'rsa.pem'));
  t.equal(other.code, 1);
  t.match(
    other.stdout,
    /NOT VERIFIED {2}the response is signed with ES256, but .* public key is for RS256\n/,
  );
  const unusable = await send('--callback-public-key', join(cwd, 'ed25519.pem'));
  t.equal(unusable.code, 2);
  t.match(unusable.stderr, /ed25519\.pem contains neither an RSA 2048 key nor an EC key on the curve P-256/);
});

t.test('new ids keep what is missing missing, and the suffix of an entry of a batch', (t) => {
  t.same(withFreshIds({ operation: 'RAW', requestId: '' }), { operation: 'RAW', requestId: '' });
  const { txId, requestId, note } = withFreshIds({ txId: 'tx', requestId: 'tx_2', note: 'n' });
  t.match(txId, /^[0-9a-f-]{36}$/);
  t.equal(requestId, `${String(txId)}_2`);
  t.equal(note, 'n');
  const both = withFreshIds({ txId: 'a', requestId: 'b' });
  t.match(both['requestId'], /^[0-9a-f-]{36}$/);
  t.end();
});
