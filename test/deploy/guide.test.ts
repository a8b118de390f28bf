// DEPLOYMENT.md from top to bottom, as a reader follows it: every command in it is run as it is written.
import { execFile } from 'node:child_process';
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { accountAt } from '../helpers/aws.js';
import { awsProxy } from '../helpers/aws-proxy.js';
import { emulateCodeBuild, putImage } from '../helpers/codebuild.js';
import { ROOT } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { motoServer } from '../helpers/moto.js';
import { REGION } from '../helpers/operator.js';

const run = promisify(execFile);

t.setTimeout(900_000);

/** What can't be run here says so in its first line. */
const ELSEWHERE = /^# (on the host of the Co-signer|needs AWS itself)$/;

const guide = readFileSync(join(ROOT, 'DEPLOYMENT.md'), 'utf8');
const blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

t.test('no command fails, and no step is left out', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  proxy.before = emulateCodeBuild(moto.endpoint);
  const home = t.testdir();
  const clone = join(home, 'clone');
  const git = async (...args: string[]): Promise<string> => {
    const { stdout } = await run(
      'git',
      ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args],
      {
        cwd: clone,
      },
    );
    return stdout.trim();
  };
  await run('git', ['clone', '--quiet', ROOT, clone]);
  await git('checkout', '--quiet', '-B', 'main');
  // However little of the history there is, there is a revision before this one, and somewhere to pull from.
  await git('commit', '--quiet', '--allow-empty', '--message', 'A change');
  await run('git', ['clone', '--quiet', '--bare', clone, join(home, 'origin.git')]);
  await git('remote', 'set-url', 'origin', join(home, 'origin.git'));
  await git('fetch', '--quiet');
  await git('branch', '--quiet', '--set-upstream-to=origin/main');
  const previous = await git('rev-parse', '--short=12', 'HEAD~1');
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  // As it is brought from the host of the Co-signer.
  writeFileSync(join(clone, 'cosigner_public.pem'), rsaPair().publicPem);

  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: REGION,
    AWS_PAGER: '',
    CI: 'true',
  };
  let ran = 0;
  for (const block of blocks) {
    const [first = ''] = block.split('\n');
    if (ELSEWHERE.test(first)) continue;
    if (block.includes('HEAD~1')) await putImage(moto.endpoint, previous);
    // The link stands for what it installs.
    const script = block.replace(/^npm ci\n/m, '');
    await t.test(first, async (t) => {
      const { error, output } = await run('bash', ['-euo', 'pipefail', '-c', script], {
        cwd: clone,
        env,
      }).then(
        ({ stdout }) => ({ error: undefined, output: stdout }),
        (thrown: unknown) => {
          const { stdout = '', stderr = '' } = thrown as { stdout?: string; stderr?: string };
          return { error: thrown, output: `${stdout}\n${stderr}` };
        },
      );
      t.equal(error, undefined, error === undefined ? script : output);
      t.notMatch(output, 'PRIVATE KEY');
    });
    ran++;
  }
  t.ok(
    ran > 20,
    `${ran} blocks of commands were run, ${blocks.length - ran} need another machine or AWS itself`,
  );
  t.strictSame(await accountAt(moto.endpoint).stacks(), [], 'in the end all of it is gone');
});
