// Tests a deployment on a terminal, which script(1) provides.
import { execFile, execFileSync } from 'node:child_process';
import { promisify, stripVTControlCharacters } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import t from 'tap';
import { clientOptions, NAMES } from '../helpers/aws.js';
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
      'Interrupted. AWS will complete the change in progress. To continue: npm run deploy -- --only-stacks',
    );
    t.ok(stdout.lastIndexOf('\u001b[?25h') > stdout.lastIndexOf('\u001b[?25l'), 'shows the cursor last');
    proxy.before = () => undefined;
  });

  await t.test('marks each completed step in colour, with its duration', async (t) => {
    const { stdout } = await onTerminal(`${deploy} --yes`);
    t.match(stdout, /✔.* Stack fireblocks-dev-callback/);
    t.match(stdout, /\[[\d.]+s\]/);
    t.match(stdout, '\u001b[32m');
    t.notMatch(stdout, '[STARTED]');
  });

  await t.test('logs reports an empty log, and formats decisions with date and time', async (t) => {
    const logs = new CloudWatchLogsClient(clientOptions(moto.endpoint));
    const stream = { logGroupName: NAMES.logGroups.service, logStreamName: 'task/callback-handler/1' };
    await logs.send(new CreateLogStreamCommand(stream));
    const command = [process.execPath, ...programOf('logs')].join(' ');
    t.equal((await onTerminal(command)).stdout.trim(), 'There are no log lines in the last hour.');

    const decision = {
      ...{ level: 'info', time: new Date().toISOString(), msg: 'APPROVE transaction by rule small' },
      ...{ event: 'decision', requestId: 'r1', amount: '5', policy: 'abc', facts: { tx: {} } },
    };
    await logs.send(
      new PutLogEventsCommand({
        ...stream,
        logEvents: [{ message: JSON.stringify(decision), timestamp: Date.now() }],
      }),
    );
    const line = stripVTControlCharacters((await onTerminal(command)).stdout).trim();
    t.match(line, /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[^\]]*\] INFO: APPROVE transaction by rule small /);
    t.match(line, '"requestId":"r1"');
    t.notMatch(line, /facts|policy|"event"/);
  });
});
