// Tests `npm run policy -- history`, `show`, `rollback`, `candidate` and `promote` against an AWS emulator.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { awsError } from '../helpers/aws-proxy.js';
import type { Workspace } from '../helpers/operator.js';
import {
  CASES,
  EXAMPLE_POLICY,
  LARGE_POLICY,
  policyAccount,
  STRICTER_POLICY,
  writePolicy,
} from '../helpers/policies.js';
import { fails, scenarios } from '../helpers/scenarios.js';

const INVALID = 'version: 1\nrules: [oops]\n';
const COMMENTED = `${EXAMPLE_POLICY}# A comment.\n`;

t.test('policy history and rollback', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  const policies = policyAccount(moto.endpoint);
  const inForce = async () => (await policies.state()).policy;

  /** Pushes policies one after another, with reasons. */
  async function push(place: Workspace, ...texts: readonly string[]): Promise<void> {
    for (const [index, text] of texts.entries()) {
      writePolicy(place, text);
      const { code, stdout, stderr } = await place.run('policy', 'push', '--why', `change ${index + 1}`);
      if (code !== 0) throw new Error(`${stdout}${stderr}`);
    }
  }

  scenario('history lists versions with time, person and reason, the newest first', async (t, place) => {
    place.settings({});
    t.match(await place.run('policy', 'history'), {
      code: 0,
      stdout: 'There is no policy at /fireblocks/dev/policy.\n',
    });
    await policies.createBucket();
    await push(place, EXAMPLE_POLICY, LARGE_POLICY);
    await account.put(policies.parameter, INVALID, 'SecureString');
    await push(place, STRICTER_POLICY);
    const { code, stdout } = await place.run('policy', 'history');
    t.equal(code, 0);
    const [header = '', ...rows] = stdout.trimEnd().split('\n');
    t.match(header, /^version {2}stored +by +policy +rules +signed +why$/);
    const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC';
    const expected = [
      `^4 +${time} +moto +[0-9a-f]{12} +5 +- +change 1 {2}<- in force$`,
      `^3 +${time} +- +[0-9a-f]{12} +- +- +\\[invalid: \\d problems?\\]`,
      `^2 +${time} +moto +[0-9a-f]{12} +5 +- +change 2$`,
      `^1 +${time} +moto +[0-9a-f]{12} +5 +- +change 1$`,
    ];
    t.equal(rows.length, expected.length, stdout);
    for (const [index, pattern] of expected.entries()) t.match(rows[index], new RegExp(pattern));
    t.match(await place.json('policy', 'history'), {
      ...{ environment: 'dev', parameter: policies.parameter, inForce: 4, candidate: null },
      versions: [
        { version: 4, by: 'arn:aws:sts::123456789012:user/moto', why: 'change 1', rules: 5, problem: null },
        { version: 3, rules: null, problem: /^invalid/ },
        { version: 2, sha256: /^[0-9a-f]{64}$/, rules: 5, serial: null, signers: [] },
        { version: 1 },
      ],
    });
  });

  scenario('history shows the other versions if an object can’t be read', async (t, place) => {
    place.settings({});
    await policies.createBucket();
    await push(place, EXAMPLE_POLICY, LARGE_POLICY);
    proxy.before = (call) =>
      call.action.startsWith('GET /')
        ? {
            status: 403,
            body: '<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
            headers: { 'content-type': 'application/xml' },
          }
        : undefined;
    const { code, stdout } = await place.run('policy', 'history');
    t.equal(code, 0);
    t.match(stdout, /^2 .*\[.*Access Denied\] change 2 {2}<- in force$/m);
    t.match(stdout, /^1 .* 5 +- +change 1$/m);
  });

  scenario('show prints a policy byte for byte', async (t, place) => {
    place.settings({});
    const odd = `\uFEFF${EXAMPLE_POLICY.replaceAll('\n', '\r\n')}# é ${'—'.repeat(3000)}`;
    await policies.createBucket();
    await push(place, EXAMPLE_POLICY, odd);
    t.equal((await place.run('policy', 'show')).stdout, odd);
    const first = await place.spawn('policy', 'show', '1');
    t.equal(first.stdout, EXAMPLE_POLICY);
    t.match(
      first.stderr,
      /^\/fireblocks\/dev\/policy, version 1, [0-9a-f]{12}, stored .*, by moto: change 1\n$/,
    );
    t.match(await place.json('policy', 'show', '1'), {
      version: 1,
      why: 'change 1',
      object: null,
      signed: null,
      text: EXAMPLE_POLICY,
    });
    fails(
      t,
      await place.run('policy', 'show', '7'),
      'VERSION_MISSING',
      /has no version 7: SSM has versions 1 to 2/,
      'policy -- history',
    );
    fails(
      t,
      await place.run('policy', 'show', 'candidate'),
      'CANDIDATE_MISSING',
      /there is no candidate/,
      'push --candidate',
    );
    t.match(await place.run('policy', 'show', 'yesterday'), {
      code: 2,
      stderr: /A version is a whole number/,
    });
  });

  scenario('rollback puts the policy before the one in force in force again', async (t, place) => {
    place.settings({});
    fails(t, await place.run('policy', 'rollback'), 'VERSION_MISSING', /there is no policy/, 'history');
    await push(place, EXAMPLE_POLICY);
    fails(
      t,
      await place.run('policy', 'rollback'),
      'VERSION_MISSING',
      /no earlier version with another policy/,
      'push',
    );
    await push(place, STRICTER_POLICY);
    await account.put(policies.parameter, STRICTER_POLICY, 'SecureString');
    t.match(await place.run('policy', 'rollback', '--dry-run'), {
      code: 0,
      stdout: /\nDry run: nothing was stored\.\n$/,
    });
    t.match(await inForce(), [STRICTER_POLICY, 3]);
    const { code, stdout } = await place.run('policy', 'rollback', '--why', 'too strict');
    t.equal(code, 0);
    t.match(stdout, /^Rollback +to version 1, [0-9a-f]{12}: change 1\n/);
    t.match(stdout, /\nDifference +1 rule changed\n[^]*- when: .*"5000"\)\n[^]*\+ when: .*"10000"\)\n/);
    t.notMatch(stdout, 'Yesterday', 'is not slowed down by the log');
    t.match(stdout, /\nIn force within a minute: [^]*\nGo back: npm run policy -- rollback 3 -e dev\n$/);
    t.match(await inForce(), [EXAMPLE_POLICY, 4]);
    t.match((await account.history(policies.parameter))[0], {
      Description:
        /^rollback to version 1: too strict \(by arn:aws:sts::123456789012:user\/moto, policy [0-9a-f]{12}\)$/,
    });

    const again = await place.run('policy', 'rollback');
    t.match(again, {
      code: 0,
      stdout: /^No change: version 4, which is in force, is the rollback to version 1\.\n/,
    });
    t.match(await inForce(), [EXAMPLE_POLICY, 4], 'does not return to the policy that was rolled back');
    t.match(await place.json('policy', 'rollback', '3'), { changed: true, rollbackTo: 3, version: 5 });
    t.match(await place.json('policy', 'rollback', '3'), { changed: false });
  });

  scenario('rollback shows failing cases, and is not stopped by them', async (t, place) => {
    place.settings({});
    await push(place, STRICTER_POLICY, EXAMPLE_POLICY);
    place.settings(CASES);
    const ran = await place.run('policy', 'rollback');
    t.equal(ran.code, 0);
    t.match(ran.stdout, /\nCases +.*2 passed, 1 failed\n[^]*\nIn force within a minute/);
    place.settings({ policyCases: 'nowhere.yaml' });
    t.match(await place.run('policy', 'rollback', '2'), {
      code: 0,
      stdout: /\nCases +nowhere\.yaml can't be read/,
    });
  });

  scenario('rollback never puts an invalid policy in force', async (t, place) => {
    place.settings({});
    await push(place, EXAMPLE_POLICY);
    await account.put(policies.parameter, INVALID, 'SecureString');
    await push(place, COMMENTED);
    t.match(await place.run('policy', 'rollback', '2'), {
      code: 1,
      stdout: /version 2:2:.*\n[^]*This policy can't be used\.\n$/,
    });
    t.match(await inForce(), [COMMENTED, 3]);
    const { code, stdout } = await place.run('policy', 'rollback');
    t.equal(code, 0);
    t.match(stdout, /^Skipped +version 2: invalid\nRollback +to version 1, /);
    t.match(await inForce(), [EXAMPLE_POLICY, 4]);
  });

  scenario('in prod, rollback needs a reason and a confirmation, but no cases', async (t, place) => {
    place.settings({ ...CASES });
    const prod = policyAccount(moto.endpoint, 'prod');
    const run = (...args: readonly string[]) => place.run('policy', ...args, '-e', 'prod');
    for (const text of [EXAMPLE_POLICY, COMMENTED]) {
      writePolicy(place, text);
      t.equal((await run('push', '--yes', '--why', 'change')).code, 0);
    }
    place.settings({});
    t.match(await run('rollback', '--yes'), { code: 2, stderr: /--why TEXT is missing/ });
    t.match(await run('rollback', '--why', 'wrong'), { code: 2, stderr: /add --yes/ });
    t.match((await prod.state()).policy, [COMMENTED, 2]);
    t.equal((await run('rollback', '--why', 'wrong', '--yes')).code, 0);
    t.match((await prod.state()).policy, [EXAMPLE_POLICY, 3]);
  });

  scenario('a candidate is stored beside the policy, shown, promoted and withdrawn', async (t, place) => {
    place.settings(CASES);
    await push(place, EXAMPLE_POLICY);
    fails(
      t,
      await place.run('policy', 'promote'),
      'CANDIDATE_MISSING',
      /there is no candidate/,
      'push --candidate',
    );
    writePolicy(place, STRICTER_POLICY);
    fails(t, await place.run('policy', 'push', '--candidate'), 'CASES_FAILED', /1 case/, 'correct');
    writePolicy(place, COMMENTED);
    const pushed = await place.run('policy', 'push', '--candidate', '--why', 'for a week');
    t.equal(pushed.code, 0);
    t.match(
      pushed.stdout,
      /\nCandidate within a minute: .* version 1 of \/fireblocks\/dev\/policy-candidate\n/,
    );
    t.match(
      pushed.stdout,
      /\nPromote: npm run policy -- promote -e dev\nWithdraw: npm run policy -- candidate --remove -e dev\n$/,
    );
    t.match(await policies.state(), { policy: [EXAMPLE_POLICY, 1], candidate: [COMMENTED, 1] });
    t.match(await place.run('policy', 'push', '--candidate'), { code: 0, stdout: /\nNo change: / });
    t.equal((await place.run('policy', 'show', 'candidate')).stdout, COMMENTED);
    t.match(
      (await place.run('policy', 'history')).stdout,
      /\n\nCandidate, which decides nothing:\n.* for a week\n$/,
    );
    t.match(await place.run('policy', 'candidate'), {
      code: 0,
      stdout:
        /^Candidate +[0-9a-f]{12}, version 1, stored .*: for a week\n[^]*\nDifference +nothing that decides/,
    });

    t.match(await place.run('policy', 'promote', '--dry-run'), {
      code: 0,
      stdout: /Dry run: nothing was stored\.\n$/,
    });
    t.match(await policies.state(), { policy: [EXAMPLE_POLICY, 1], candidate: [COMMENTED, 1] });
    t.match(await place.json('policy', 'promote'), { changed: true, version: 2, candidateRemoved: true });
    t.match(await policies.state(), { policy: [COMMENTED, 2], candidate: [undefined, undefined] });

    writePolicy(place, EXAMPLE_POLICY);
    t.equal((await place.run('policy', 'push', '--candidate')).code, 0);
    t.match(await place.run('policy', 'candidate', '--remove'), {
      code: 0,
      stdout: /^Withdrawn: within a minute, dev has no candidate\n$/,
    });
    t.match(await place.json('policy', 'candidate', '--remove'), { removed: false });
    t.match(await policies.state(), { policy: [COMMENTED, 2], candidate: [undefined, undefined] });
  });

  scenario('promote keeps a candidate that someone stores in the meantime', async (t, place) => {
    place.settings({});
    await push(place, EXAMPLE_POLICY);
    writePolicy(place, COMMENTED);
    t.equal((await place.run('policy', 'push', '--candidate')).code, 0);
    proxy.before = async ({ action }) => {
      if (action === 'PutParameter') await account.put(policies.candidate, STRICTER_POLICY, 'SecureString');
      return undefined;
    };
    const { code, stdout } = await place.run('policy', 'promote');
    t.equal(code, 0);
    t.match(stdout, /\nThe candidate was replaced in the meantime, by version 2, and stays\.\n$/);
    t.match(await policies.state(), { policy: [COMMENTED, 2], candidate: [STRICTER_POLICY, 2] });
  });

  scenario('reports what AWS did not allow', async (t, place) => {
    place.settings({});
    await push(place, EXAMPLE_POLICY);
    proxy.before = (call) =>
      call.action === 'GetParameterHistory'
        ? awsError(call, 'AccessDeniedException', 'not authorized to perform: ssm:GetParameterHistory')
        : undefined;
    for (const command of ['history', 'show', 'rollback']) {
      fails(
        t,
        await place.run('policy', command),
        'PERMISSION_MISSING',
        /ssm:GetParameterHistory/,
        'run the same command again',
      );
    }
    t.equal(readFileSync(`${place.directory}/policy.yaml`, 'utf8'), EXAMPLE_POLICY);
  });
});
