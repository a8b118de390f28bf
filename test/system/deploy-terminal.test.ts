// A deployment on a terminal, which script(1) provides.
import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { awsProxy } from '../helpers/aws-proxy.js';
import { motoServer } from '../helpers/moto.js';
import { programOf, workspace } from '../helpers/operator.js';

const run = promisify(execFile);

t.test('on a terminal', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({});
  const deploy = [process.execPath, ...programOf('deploy')].join(' ');
  const onTerminal = (command: string) =>
    run('script', ['--quiet', '--return', '--command', `stty columns 120; ${command}`, '/dev/null'], {
      cwd: place.directory,
      // tap turns off colours.
      env: { ...place.environment, NO_COLOR: undefined, TERM: 'xterm' },
    }).catch((error: unknown) => error as { stdout: string; code: number });

  await t.test('shows how to continue after Ctrl-C, and shows the cursor again', async (t) => {
    // No other process on this machine has these arguments.
    const args = '--only-stacks foundation,security --yes';
    proxy.before = ({ action }) => {
      if (action === 'CreateStack') {
        execFileSync('pkill', ['-INT', '-f', `^${process.execPath} .*${args.slice(2)}`]);
      }
      return undefined;
    };
    const { stdout, ...ended } = await onTerminal(`${deploy} ${args}`);
    t.match(ended, { code: 130 });
    t.match(
      stdout,
      'Interrupted. AWS completes the change that is running. To continue: npm run deploy -- --only-stacks',
    );
    t.ok(stdout.lastIndexOf('\u001b[?25h') > stdout.lastIndexOf('\u001b[?25l'), 'shows the cursor last');
    proxy.before = () => undefined;
  });

  await t.test('ticks off each step with its duration, in colour', async (t) => {
    const { stdout } = await onTerminal(`${deploy} --yes`);
    t.match(stdout, /✔.* Stack fireblocks-dev-callback/);
    t.match(stdout, /\[[\d.]+s\]/);
    t.match(stdout, '\u001b[32m');
    t.notMatch(stdout, '[STARTED]');
  });
});
