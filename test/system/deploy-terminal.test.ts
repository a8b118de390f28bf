// The guided deployment where a person looks: on a terminal, which script(1) makes.
import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { awsProxy } from '../helpers/aws-proxy.js';
import { ROOT } from '../helpers/cli.js';
import { motoServer } from '../helpers/moto.js';
import { workspace } from '../helpers/operator.js';

const run = promisify(execFile);

t.test('on a terminal', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({});
  const deploy = `${process.execPath} --import ${join(ROOT, 'node_modules/tsx/dist/loader.mjs')} ${join(ROOT, 'cli/deploy/main.ts')}`;
  const onTerminal = (command: string) =>
    run('script', ['--quiet', '--return', '--command', `stty columns 120; ${command}`, '/dev/null'], {
      cwd: place.directory,
      // tap turns colours off.
      env: { ...place.environment, NO_COLOR: undefined, TERM: 'xterm' },
    }).catch((error: unknown) => error as { stdout: string; code: number });

  await t.test('Ctrl-C says how to go on, and gives the cursor back', async (t) => {
    // So that no other process of this machine is meant.
    const args = '--only-stacks foundation,security --yes';
    proxy.before = ({ action }) => {
      if (action === 'CreateStack') {
        execFileSync('pkill', ['-INT', '-f', `^${process.execPath} --import .*${args.slice(2)}`]);
      }
      return undefined;
    };
    const { stdout, ...ended } = await onTerminal(`${deploy} ${args}`);
    t.match(ended, { code: 130 });
    t.match(
      stdout,
      'Interrupted. What AWS has begun goes on there. To go on: npm run deploy -- --only-stacks',
    );
    t.ok(stdout.lastIndexOf('\u001b[?25h') > stdout.lastIndexOf('\u001b[?25l'), 'the cursor is shown');
    proxy.before = () => undefined;
  });

  await t.test('each step is ticked off, with its time, in colour', async (t) => {
    const { stdout } = await onTerminal(`${deploy} --yes`);
    t.match(stdout, /✔.* Stack fireblocks-dev-callback/);
    t.match(stdout, /\[[\d.]+s\]/);
    t.match(stdout, '\u001b[32m');
    t.notMatch(stdout, '[STARTED]');
  });
});
