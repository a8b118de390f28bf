// Tests `npm run policy -- stop --local` and `resume --local`. test/deploy/stop.test.ts tests them with an AWS emulator.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { runInProcess } from '../../helpers/in-process.js';

/** Runs the commands in a directory of their own. */
function commands(t: Test) {
  const directory = t.testdir();
  const file = join(directory, '.local/stop');
  const run = (...args: string[]) =>
    runInProcess({ directory, environment: { PATH: process.env['PATH'] } }, 'policy', args);
  return {
    run,
    json: async (...args: string[]) => JSON.parse((await run(...args, '--local', '--json')).stdout) as object,
    stored: () => (existsSync(file) ? readFileSync(file, 'utf8') : undefined),
    store: (value: string): void => {
      mkdirSync(join(directory, '.local'), { recursive: true });
      writeFileSync(file, value);
    },
    directory,
  };
}

t.test(
  'stop stores RETRY without a question, and prints what is in force when, and how to resume',
  async (t) => {
    const { run, stored } = commands(t);
    t.match(await run('stop', '--local'), {
      code: 0,
      stdout: `Stopped local mode: every decision is RETRY within two seconds
Stored  RETRY in .local/stop
Before  not stopped
Check   /health shows it
Resume  npm run policy -- resume --local
`,
      stderr: '',
    });
    t.equal(stored(), 'RETRY\n');
  },
);

t.test('resume stores RUN', async (t) => {
  const { run, json, stored, store } = commands(t);
  store('REJECT');
  t.match(await run('resume', '--local'), {
    code: 0,
    stdout: `Resumed local mode: the policy decides again within two seconds
Stored  RUN in .local/stop
Before  stopped with REJECT
Check   /health shows it
`,
  });
  t.equal(stored(), 'RUN\n');
  t.strictSame(await json('resume'), {
    ...{ environment: 'local', file: '.local/stop' },
    ...{ changed: false, before: 'RUN', after: 'RUN' },
  });
});

t.test('changes nothing that is in force already', async (t) => {
  const { run, stored, store } = commands(t);
  t.match(await run('resume', '--local'), {
    code: 0,
    stdout: /^No change: local mode is not stopped \(\.local\/stop\)\n/,
  });
  t.equal(stored(), undefined, 'nothing is stored');
  store(' retry ');
  t.match(await run('stop', '--local'), {
    code: 0,
    stdout: /^No change: local mode is stopped with RETRY \(\.local\/stop\)\n[^]*Resume/,
  });
  t.equal(stored(), ' retry ', 'not written');
  store('Reject');
  t.match(await run('stop', '--local', '--action', 'reject'), { code: 0, stdout: /^No change/ });
});

t.test('rejecting everything must be confirmed', async (t) => {
  const { run, stored, json } = commands(t);
  const { code, stdout, stderr } = await run('stop', '--local', '--action', 'reject');
  t.equal(code, 2);
  t.equal(stdout, '');
  t.match(stderr, 'no terminal for the confirmation prompt: add --yes');
  t.equal(stored(), undefined);
  t.match(await run('stop', '--local', '--action', 'reject', '--yes'), {
    code: 0,
    stdout: /^Stopped local mode: every decision is REJECT/,
  });
  t.equal(stored(), 'REJECT\n');
  t.match(await json('stop'), { changed: true, before: 'REJECT', after: 'RETRY' });
  t.equal(stored(), 'RETRY\n');
});

t.test('replaces an invalid value', async (t) => {
  const { run, stored, store } = commands(t);
  store('halt');
  t.match(await run('stop', '--local'), {
    code: 0,
    stdout: /\nBefore {2}stopped with RETRY, because of an invalid value\n/,
  });
  t.equal(stored(), 'RETRY\n');
  store('');
  t.match(await run('resume', '--local'), { code: 0, stdout: /^Resumed/ });
  t.equal(stored(), 'RUN\n');
});

t.test('reports a file that can’t be written', async (t) => {
  const { run, directory } = commands(t);
  writeFileSync(join(directory, '.local'), 'a file instead of a directory');
  const { code, stderr } = await run('stop', '--local');
  t.equal(code, 2);
  t.match(stderr, /^error: \.local\/stop can't be written: EEXIST/);
});

t.test('refuses options that contradict each other', async (t) => {
  const { run, stored } = commands(t);
  for (const args of [
    ['stop', '--local', '-e', 'prod'],
    ['stop', '--local', '--region', 'eu-west-1'],
    ['resume', '--local', '--profile', 'x'],
    ['resume', '--local', '--action', 'reject'],
    ['stop', '--local', '--action', 'approve'],
    ['stop', 'prod'],
  ]) {
    t.match(await run(...args), { code: 2, stdout: '' }, args.join(' '));
  }
  t.equal(stored(), undefined);
});
