// Tests `npm run policy -- stop` and `resume` against an AWS emulator.
import t from 'tap';
import { NAMES } from '../helpers/aws.js';
import { json as reply } from '../helpers/aws-proxy.js';
import { fails, scenarios } from '../helpers/scenarios.js';

const PARAMETER = NAMES.parameters.policyStop;

t.test('emergency stop', async (t) => {
  const { account, proxy, scenario } = await scenarios(t);
  const stored = async () => (await account.parameter(PARAMETER))?.Value;

  scenario(
    'stop and resume store the setting, encrypted, in the environment’s own parameter',
    async (t, place) => {
      t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
      proxy.calls.length = 0;
      const stopped = await place.run('policy', 'stop', '-e', 'dev');
      t.match(stopped, {
        code: 0,
        stdout: `Stopped dev: every decision is RETRY within a minute
Stored  RETRY in ${PARAMETER}
Before  not stopped
Check   /health shows it, and so do npm run deploy -- --status -e dev and npm run logs -- --since 2m -e dev
Resume  npm run policy -- resume -e dev
`,
        stderr: '',
      });
      t.strictSame(
        proxy.calls.map(({ action }) => action),
        ['GetCallerIdentity', 'GetParameter', 'PutParameter'],
        'no other call delays it',
      );
      t.match(await account.parameter(PARAMETER), { Value: 'RETRY', Type: 'SecureString', Version: 1 });
      t.match(await place.run('policy', 'stop', '-e', 'dev'), {
        code: 0,
        stdout: /^No change: dev is stopped/,
      });
      t.match(await account.parameter(PARAMETER), { Version: 1 }, 'not stored again');

      t.match(await place.json('policy', 'stop', '--action', 'reject', '--yes'), {
        ...{ environment: 'dev', parameter: PARAMETER, changed: true, before: 'RETRY', after: 'REJECT' },
      });
      t.equal(await stored(), 'REJECT');
      t.match(await place.json('policy', 'resume'), { changed: true, before: 'REJECT', after: 'RUN' });
      t.match(await place.json('policy', 'resume'), { changed: false, before: 'RUN', after: 'RUN' });
      t.match(await account.parameter(PARAMETER), { Value: 'RUN', Version: 3 });
    },
  );

  scenario('names the environment if it is the default one', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    const note = /\nNote {4}dev is the default environment: for another one, add -e\n$/;
    t.match(await place.run('policy', 'stop'), { code: 0, stdout: note });
    t.match(await place.run('policy', 'resume'), { code: 0, stdout: note });
    t.notMatch((await place.run('policy', 'stop', '-e', 'dev')).stdout, note);
    t.equal(await stored(), 'RETRY');
  });

  scenario('asks before it rejects everything, and changes nothing without an answer', async (t, place) => {
    place.settings({});
    const { code, stderr } = await place.run('policy', 'stop', '--action', 'reject');
    t.equal(code, 2);
    t.match(stderr, 'no terminal for the confirmation prompt: add --yes');
    t.equal(await stored(), undefined);
  });

  scenario('stops even if the stored value can’t be read or is not encrypted', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    proxy.before = ({ action }) =>
      action === 'GetParameter' ? reply({ __type: 'AccessDeniedException', message: 'no' }, 400) : undefined;
    t.match(await place.run('policy', 'stop', '-e', 'dev'), {
      code: 0,
      stdout: /\nBefore {2}unknown, because the stored value could not be read\n/,
    });
    t.equal(await stored(), 'RETRY');
    t.match(await place.json('policy', 'resume'), { changed: true, before: 'unknown', after: 'RUN' });
    t.equal(await stored(), 'RUN');

    proxy.before = () => undefined;
    await account.put(PARAMETER, 'RUN', 'String');
    t.match(await place.json('policy', 'stop'), { changed: true, before: 'unknown', after: 'RETRY' });
    t.match(await account.parameter(PARAMETER), { Value: 'RETRY', Type: 'SecureString' });
  });

  scenario('replaces what another operator stores at the same time', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    proxy.before = async ({ action }) => {
      if (action === 'PutParameter') await account.put(PARAMETER, 'RUN', 'SecureString');
      return undefined;
    };
    t.match(await place.run('policy', 'stop', '-e', 'dev'), { code: 0 });
    t.equal(await stored(), 'RETRY');
  });

  scenario('reports what it could not store, and the next step', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    proxy.before = ({ action }) =>
      action === 'PutParameter'
        ? reply(
            { __type: 'AccessDeniedException', message: 'not authorized to perform: ssm:PutParameter' },
            400,
          )
        : undefined;
    const ran = await place.run('policy', 'stop', '-e', 'dev');
    fails(
      t,
      ran,
      'PERMISSION_MISSING',
      /not authorized to perform: ssm:PutParameter/,
      'run the same command again',
    );
    t.equal(ran.stdout, '', 'does not claim to have stopped');
  });
});
