// Follows DEPLOYMENT.md from top to bottom against an emulator: runs every command as written, and compares the
// documented output with the actual output.
import { execFile } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { accountAt } from '../helpers/aws.js';
import { differences, documentOf } from '../docs/documents.js';
import { awsProxy } from '../helpers/aws-proxy.js';
import { emulateCodeBuild, putImage } from '../helpers/codebuild.js';
import { ROOT } from '../helpers/cli.js';
import { rsaPair } from '../helpers/keys.js';
import { motoServer } from '../helpers/moto.js';
import { REGION } from '../helpers/operator.js';
import { OPERATOR_KEY } from '../helpers/operator-calls.js';

const run = promisify(execFile);

t.setTimeout(900_000);

/** First line of a block that can't run here. */
const NOT_RUN_HERE = /^# (on the host of the Co-signer|needs AWS itself)$/;

const { blocks } = documentOf('DEPLOYMENT.md');

t.test('every command succeeds and prints what the guide shows', async (t) => {
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
  // A shallow clone may lack the earlier revision that the guide needs, and the guide also runs git pull.
  await git('commit', '--quiet', '--allow-empty', '--message', 'A change');
  await run('git', ['clone', '--quiet', '--bare', clone, join(home, 'origin.git')]);
  await git('remote', 'set-url', 'origin', join(home, 'origin.git'));
  await git('fetch', '--quiet');
  await git('branch', '--quiet', '--set-upstream-to=origin/main');
  const previous = await git('rev-parse', '--short=12', 'HEAD~1');
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  // Stands in for the key that is copied from the Co-signer's host.
  writeFileSync(join(clone, 'cosigner_public.pem'), rsaPair().publicPem);

  const env = {
    PATH: process.env['PATH'],
    HOME: home,
    AWS_ENDPOINT_URL: proxy.endpoint,
    AWS_ACCESS_KEY_ID: OPERATOR_KEY,
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: REGION,
    AWS_PAGER: '',
    CI: 'true',
  };
  let ran = 0;
  for (const [index, { language, lines }] of blocks.entries()) {
    const [first = ''] = lines;
    if (language !== 'sh' || NOT_RUN_HERE.test(first)) continue;
    const next = blocks[index + 1];
    const shown = next?.language === 'text' ? next.lines : undefined;
    if (lines.some((line) => line.includes('HEAD~1'))) await putImage(moto.endpoint, previous);
    // The link to node_modules replaces the installation.
    const script = lines.filter((line) => line !== 'npm ci').join('\n');
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
      if (shown !== undefined) t.strictSame(differences(shown, linesOf(output)), [], 'output');
    });
    ran++;
  }
  t.ok(ran > 20, `${ran} blocks of commands were run`);
  t.strictSame(await accountAt(moto.endpoint).stacks(), [], 'no stack is left at the end');
});

/** Removes the two lines in which npm names the script. */
function linesOf(output: string): readonly string[] {
  return output
    .replace(/^\n> .*\n> .*\n\n/, '')
    .trimEnd()
    .split('\n');
}
