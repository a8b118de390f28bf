// Tests which store the commands for the store choose.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { SETTINGS_FILE } from '../../../infra/settings.js';
import { openStore } from '../../../src/store/open.js';
import { runHolds, runStore } from '../../helpers/cli.js';

async function cloneWithLocalStore(t: Test): Promise<string> {
  const cwd = t.testdir({ '.local': {}, infra: { 'settings.json': '{}' } });
  const { table } = await openStore({ path: join(cwd, '.local/store') });
  await table.close();
  return cwd;
}

t.test('does not choose the local store where there are deployments', async (t) => {
  const cwd = await cloneWithLocalStore(t);
  const refused = {
    code: 2,
    stdout: '',
    stderr: /which store\? Add -e dev, -e staging, -e prod, or --local/,
  };
  t.match(await runHolds([], { cwd }), refused);
  t.match(await runStore(['accept', '--yes'], { cwd }), refused);
  t.match(await runHolds(['--local'], { cwd }), { code: 0, stderr: '' });
  t.match(await runHolds(['--store-path', '.local/store'], { cwd }), { code: 0, stderr: '' });
});

t.test('names the local store if it was not chosen', async (t) => {
  const cwd = await cloneWithLocalStore(t);
  rmSync(join(cwd, SETTINGS_FILE));
  t.match(await runHolds([], { cwd }), { code: 0, stderr: 'local store .local/store\n' });
});

t.test('refuses options that do not belong together', async (t) => {
  const cwd = await cloneWithLocalStore(t);
  const refuses = async (args: readonly string[], stderr: RegExp): Promise<void> => {
    t.match(await runHolds(args, { cwd }), { code: 2, stderr }, args.join(' '));
  };
  await refuses(['-e', 'prod', '--table', 'x'], /cannot be used with/);
  await refuses(['-e', 'prod', '--local'], /cannot be used with/);
  await refuses(['--local', '-p', 'prod'], /cannot be used with/);
  await refuses(['-p', 'prod'], /--profile and --region do not name a store: add -e or --table/);
});

t.test('reports settings that do not name the store', async (t) => {
  const cwd = await cloneWithLocalStore(t);
  t.match(await runHolds(['-e', 'prod'], { cwd }), { code: 1, stderr: /settings\.json can't be used/ });
});
