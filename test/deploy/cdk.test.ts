// Tests that the CDK command, with cdk.json, makes the templates that are deployed: "cdk diff" then shows real differences.
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { synthesizeTemplates } from '../../cli/deploy/templates.js';
import { EXAMPLE_FILE, readSettings, SETTINGS_FILE } from '../../infra/settings.js';
import { ROOT } from '../helpers/cli.js';

const run = promisify(execFile);

t.test('the CDK command makes the templates that are deployed', async (t) => {
  const cwd = t.testdir();
  for (const part of ['cdk.json', 'package.json', 'tsconfig.json', 'infra', 'src']) {
    cpSync(join(ROOT, part), join(cwd, part), { recursive: true });
  }
  cpSync(join(ROOT, EXAMPLE_FILE), join(cwd, SETTINGS_FILE));
  symlinkSync(join(ROOT, 'node_modules'), join(cwd, 'node_modules'));
  await run('npx', ['cdk', 'synth', '-c', 'env=dev', '--quiet'], { cwd });

  const templates = synthesizeTemplates('dev', readSettings('dev', join(cwd, SETTINGS_FILE)));
  t.equal(templates.length, 4);
  for (const { stackName, body } of templates) {
    const made = readFileSync(join(cwd, '.cdk/out', `${stackName}.template.json`), 'utf8');
    t.strictSame(JSON.parse(made), JSON.parse(body), stackName);
  }
});
