import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { KEY_FILES, createMissingKeys } from '../../../src/keys/directory.js';
import { TAMPERINGS } from '../../../cli/cosigner/request.js';
import { runCosigner } from '../../helpers/cli.js';
import { rsaPair } from '../../helpers/keys.js';
import { startHandler } from '../../helpers/process.js';

t.test('against a handler in local mode', async (t) => {
  const cwd = t.testdir({
    'payload.json': JSON.stringify({ requestId: 'mine', operation: 'RAW', asset: 'BTC', amountStr: '2' }),
    'other.pem': rsaPair().publicPem,
    'list.json': '[]',
  });
  const url = await startHandler(t, { cwd, args: ['--local'] }).listening();
  const ask = (...args: string[]) => runCosigner([...args, '--url', url], { cwd });

  await t.test('the published transaction gets a verified APPROVE', async (t) => {
    const { code, stdout } = await ask();
    t.equal(code, 0);
    t.match(stdout, /^Asked {4}POST http:.*\/v2\/tx_sign_request\n/);
    t.match(stdout, /amount +0\.010000000000000000 ETH\n/);
    t.match(stdout, /\nAnswered APPROVE\n/);
    t.match(stdout, /200 after .* ms, signature and requestId verified/);
    t.notMatch(stdout, '\u001b', 'no colour where nobody looks');
  });

  await t.test('so does the published configuration change', async (t) => {
    const { code, stdout } = await ask('config');
    t.equal(code, 0);
    t.match(stdout, /config_change_sign_request\n +change +UNMANAGED_WALLET\n/);
  });

  for (const tampering of TAMPERINGS) {
    await t.test(`--tamper ${tampering} gets 401`, async (t) => {
      const { code, stdout } = await ask('--tamper', tampering);
      t.equal(code, 1);
      t.match(stdout, /NOT VERIFIED {2}status 401 {2}\{"code":"invalid_token"/);
    });
  }

  await t.test('--file is sent as it is', async (t) => {
    const { code, stdout } = await ask('--file', 'payload.json', '--json');
    t.equal(code, 0);
    t.match(JSON.parse(stdout), {
      verified: true,
      status: 200,
      request: { requestId: 'mine', operation: 'RAW' },
      answer: { action: 'RETRY', requestId: 'mine' },
    });
  });

  await t.test('--count sends more, a line each, and sums up', async (t) => {
    const { code, stdout } = await ask('--count', '3');
    t.equal(code, 0);
    t.match(stdout, /(.+ms {2}APPROVE\n){3}3 sent, 3 verified, 0 not, [\d.]+ requests\/s\n$/);
    t.equal((await ask('--count', '3', '--json')).stdout.trim().split('\n').length, 3);
  });

  await t.test('an answer signed with another key is not believed', async (t) => {
    const { code, stdout } = await ask('--callback-public-key', 'other.pem');
    t.equal(code, 1);
    t.match(stdout, /NOT VERIFIED {2}the answer's signature does not verify/);
    t.match(JSON.parse((await ask('--callback-public-key', 'other.pem', '--json')).stdout), {
      verified: false,
    });
  });

  await t.test('JSON mode against a handler with JWT finds nothing', async (t) => {
    const { code, stdout } = await ask('--json-mode');
    t.equal(code, 1);
    t.match(stdout, /status 404/);
  });

  await t.test('wrong usage is exit 2, and says what is wrong', async (t) => {
    for (const [args, message] of [
      [['both'], /"both" is neither tx nor config/],
      [['tx', 'config'], /neither/],
      [['--bogus'], /--bogus/],
      [['--count', '0'], /--count takes/],
      [['--tamper', 'x'], /--tamper takes one of signature, alg-none, hmac, zero/],
      [['--tamper', 'zero', '--json-mode'], /no use in JSON mode/],
      [['--file', 'nowhere.json'], /--file nowhere\.json can't be used: there is no such file/],
      [['--file', 'list.json'], /not a JSON object/],
      [['--keys', 'nowhere'], /key nowhere\/cosigner_private\.pem can't be used: there is no such file/],
    ] as const) {
      const { code, stderr } = await ask(...args);
      t.equal(code, 2, args.join(' '));
      t.match(stderr, message);
    }
    t.match(await runCosigner(['--url', 'ftp://x'], { cwd }), { code: 2, stderr: /--url takes an http/ });
  });

  await t.test('--help is no error', async (t) => {
    t.match(await ask('--help'), { code: 0, stdout: /Usage: npm run cosigner/ });
  });
});

t.test('JSON mode needs no keys', async (t) => {
  const cwd = t.testdir();
  const handler = startHandler(t, { cwd, args: ['--local'], env: { CALLBACK_AUTH: 'json' } });
  const url = await handler.listening();
  t.match(handler.stderr(), /npm run cosigner -- --url .* --json-mode/);
  t.match(await handler.line({ event: 'json_mode' }), {
    level: 'warn',
    msg: /only the network authenticates requests/,
  });
  const elsewhere = t.testdir({});
  const { code, stdout } = await runCosigner(['--url', url, '--json-mode'], { cwd: elsewhere });
  t.equal(code, 0);
  t.match(stdout, /Answered APPROVE/);
  t.match(stdout, / ms, requestId verified/);
  t.notMatch(stdout, /signature/);
});

t.test('with nobody listening it says what to do', async (t) => {
  const cwd = t.testdir();
  await createMissingKeys(join(cwd, '.local/keys'));
  t.match(await runCosigner(['--url', 'http://127.0.0.1:1'], { cwd }), {
    code: 1,
    stdout: /nothing listens there: start the handler with "npm start"/,
  });
  rmSync(join(cwd, '.local/keys', KEY_FILES.callbackPublic));
  t.match(await runCosigner([], { cwd }), { code: 2, stderr: /callback_public\.pem can't be used/ });
});
