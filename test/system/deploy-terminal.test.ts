// Tests a deployment on a terminal, which script(1) provides.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import t from 'tap';
import { importCosignerKeys } from '../../src/protocol/key.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { awsProxy, isMutating } from '../helpers/aws-proxy.js';
import { rsaPair } from '../helpers/keys.js';
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

  /** Runs the command, and types an answer when its prompt appears. */
  const answer = async (command: string, answers: Readonly<Record<string, string>>) => {
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
      cwd: place.directory,
      env: { ...place.environment, TERM: 'xterm' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let stdout = '';
    let answered = 0;
    const prompts = Object.entries(answers);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      const [prompt, word] = prompts[answered] ?? [];
      if (prompt === undefined || !stdout.includes(prompt)) return;
      answered++;
      child.stdin.write(`${word ?? ''}\n`);
    });
    const [code] = (await once(child, 'close')) as [number];
    return { code, stdout };
  };

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

  await t.test(
    'asks in prod whether requests may be unauthenticated, and stops at any other answer',
    async (t) => {
      place.settings({ auth: 'json' });
      const environment = 'Type prod to continue: ';
      const acceptance = 'Requests to prod will not be authenticated. Type json to accept that: ';
      const args = '-e prod';
      proxy.calls.length = 0;
      const refused = await answer(`${deploy} ${args}`, { [environment]: 'prod', [acceptance]: 'prod' });
      t.equal(refused.code, 1);
      t.match(refused.stdout, 'NOT_CONFIRMED');
      const withYes = await answer(`${deploy} ${args} --yes`, {});
      t.match(withYes, { code: 2, stdout: /add --accept-json/ });
      t.strictSame(proxy.calls.filter(isMutating), []);

      const accepted = await answer(`${deploy} ${args}`, { [environment]: 'prod', [acceptance]: 'json' });
      t.equal(accepted.code, 0);
      t.match(accepted.stdout, 'Deployed.');
      const rotated = await answer(`${deploy} ${args} --accept-json --rotate-callback-key`, {
        [environment]: 'prod',
      });
      t.equal(rotated.code, 0);
      t.notMatch(rotated.stdout, 'Type json');
      place.settings({});
    },
  );

  await t.test('keys shows the fingerprint before a key is registered', async (t) => {
    const { publicPem } = rsaPair();
    writeFileSync(join(place.directory, 'cosigner_public.pem'), publicPem);
    const command = [process.execPath, ...programOf('keys'), 'cosigner', 'cosigner_public.pem'].join(' ');
    const [fingerprint = ''] = importCosignerKeys(publicPem).map((key) => key.fingerprint);
    proxy.calls.length = 0;
    const no = await answer(command, { 'Type register': 'no' });
    t.match(no, { code: 1, stdout: /not confirmed: nothing was changed/ });
    t.ok(no.stdout.includes(`  ${fingerprint}\r\nType register`), no.stdout);
    t.strictSame(proxy.calls.filter(isMutating), []);
    t.match(await answer(command, { 'Type register': 'register' }), { code: 0, stdout: /Registered in/ });
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
