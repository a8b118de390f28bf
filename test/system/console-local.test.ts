// Follows README.md in local mode: a transfer is held, a passkey made in the browser goes into the policy by copy, a click
// approves, and the same command gets APPROVE.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { keysIn } from '../../cli/cosigner/keys.js';
import { createCosigner } from '../../cli/cosigner/client.js';
import { LOCAL_KEY_DIRECTORY, LOCAL_POLICY_FILE } from '../../src/config.js';
import { openPerson, startBrowser } from '../helpers/browser.js';
import { ROOT } from '../helpers/paths.js';
import { freePort } from '../helpers/port.js';
import { startHandler } from '../helpers/process.js';

const ID = '0b9d8f0e-6a0c-4a0b-8f33-6f6b4a0c1a01';

t.test('local mode shows it all', { timeout: 180_000 }, async (t) => {
  const cwd = t.testdir({});
  const port = await freePort();
  const handler = startHandler(t, {
    ...{ args: ['--local'], cwd, built: true },
    env: { CONSOLE_PORT: String(port) },
  });
  const url = await handler.listening(60_000);
  await handler.line({ event: 'console_listening' }, 60_000);
  const origin = `http://localhost:${port}`;
  t.match(handler.stderr(), `console ${origin}`, 'the banner has the address of the console');
  const cosigner = createCosigner({ url, keys: keysIn(join(cwd, LOCAL_KEY_DIRECTORY)) });
  t.teardown(() => cosigner.close());
  const payload = JSON.parse(readFileSync(join(ROOT, 'examples/large-transfer.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  const ask = async (): Promise<string | undefined> =>
    (await cosigner.send('transaction', payload)).answer?.action;
  t.equal(await ask(), 'RETRY', 'held');

  const you = await openPerson(await startBrowser(t), origin);
  const entry = await you.enrol('Your name');
  const file = join(cwd, LOCAL_POLICY_FILE);
  const policy = readFileSync(file, 'utf8').replace('passkeys: []', `passkeys: ["${entry}"]`);
  writeFileSync(file, policy);
  const after = createHash('sha256').update(policy).digest('hex');
  await handler.line({ event: 'policy_loaded', after }, 60_000);
  await you.signIn();
  await you.page.getByRole('link', { name: 'Look and decide' }).click();
  await you.page.waitForURL(new RegExp(`/holds/${ID}`));
  t.equal(await ask(), 'RETRY', 'and nobody has approved yet');
  await you.page.getByRole('button', { name: 'Approve' }).click();
  await you.page.getByText('You have approved this request.').waitFor();
  t.equal(await ask(), 'APPROVE');

  await t.test('each port serves only its own', async (t) => {
    for (const path of ['/', '/enrol', '/sign-in', '/history', '/assets/console.js', `/holds/${ID}`]) {
      t.equal((await fetch(`${url}${path}`)).status, 404, `${path} on the Co-signer's port`);
    }
    for (const path of ['/callback', '/v2/tx_sign_request', '/callback/v2/tx_sign_request']) {
      const response = await fetch(`${origin}${path}`, { method: 'POST', body: 'x', headers: { origin } });
      t.ok([401, 404, 415].includes(response.status), `${path} on the console's: ${response.status}`);
      t.notMatch(await response.text(), /APPROVE|RETRY/);
    }
  });

  await t.test('a port that is taken does not keep the handler from answering', async (t) => {
    const other = startHandler(t, {
      ...{ args: ['--local'], cwd: t.testdir({}), built: true },
      env: { CONSOLE_PORT: String(port) },
    });
    await other.listening(60_000);
    t.match(await other.line({ event: 'console_unavailable' }, 60_000), { reason: /CONSOLE_PORT/ });
  });
});
