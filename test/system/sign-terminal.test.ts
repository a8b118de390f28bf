// Tests on a terminal, which script(1) provides, that "policy sign" asks for a passphrase without showing it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { programPath } from '../helpers/paths.js';
import { until } from '../helpers/process.js';
import { createSigner } from '../helpers/signers.js';

const PASSPHRASE = 'correct horse';
const CTRL_C = '\u0003';

function signing(t: Test) {
  const cwd = t.testdir({ 'policy.yaml': 'version: 1\nrules: []\n' });
  const encrypted = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE } as const;
  writeFileSync(join(cwd, 'alice.pem'), createSigner('alice').privateKey.export(encrypted), { mode: 0o600 });
  const args = 'sign --key alice.pem --name alice --for policy.yaml --serial 1';
  const command = `${process.execPath} ${programPath('cli/policy/main.ts')} ${args}`;
  const child: ChildProcess = spawn('script', ['-qec', command, '/dev/null'], { cwd });
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  return {
    child,
    output: () => output,
    closed: once(child, 'close') as Promise<[number]>,
    asked: () => until(() => output.includes('Passphrase of alice.pem: ') || undefined, 30_000),
    isSigned: () => existsSync(join(cwd, 'policy.yaml.sig')),
  };
}

t.test('asks for the passphrase of a key, and does not show it', async (t) => {
  const { child, output, closed, asked, isSigned } = signing(t);
  await asked();
  child.stdin?.write(`${PASSPHRASE}\r`);
  const [code] = await closed;
  t.equal(code, 0, output());
  t.match(output(), /in policy\.yaml\.sig, by alice/);
  t.notMatch(output(), PASSPHRASE);
  t.ok(isSigned());
});

t.test('signs nothing with a wrong passphrase', async (t) => {
  const { child, output, closed, asked, isSigned } = signing(t);
  await asked();
  child.stdin?.write('wrong\r');
  t.strictSame(await closed, [2, null]);
  t.match(output(), /the passphrase is wrong, or the file is damaged/);
  t.notOk(isSigned());
});

t.test('signs nothing if it is interrupted', async (t) => {
  const { child, closed, asked, isSigned } = signing(t);
  await asked();
  child.stdin?.write(CTRL_C);
  const [code] = await closed;
  t.equal(code, 130);
  t.notOk(isSigned());
});
