// Tests `npm run policy -- push` against an AWS emulator: what it shows, what stops it, and what it stores.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { json as reply } from '../helpers/aws-proxy.js';
import { ROOT } from '../helpers/cli.js';
import type { Workspace } from '../helpers/operator.js';
import {
  CASES,
  EXAMPLE_POLICY,
  LARGE_POLICY,
  policyAccount,
  STRICTER_POLICY,
  VAULTS,
  withVaults,
  writePolicy,
} from '../helpers/policies.js';
import { fails, scenarios } from '../helpers/scenarios.js';

t.test('push', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  const policies = policyAccount(moto.endpoint);
  const prod = policyAccount(moto.endpoint, 'prod');

  const pushed = async (place: Workspace, text = EXAMPLE_POLICY): Promise<void> => {
    writePolicy(place, text);
    const { code, stdout, stderr } = await place.run('policy', 'push');
    if (code !== 0) throw new Error(`${stdout}${stderr}`);
  };

  scenario('stores a policy, and shows what it changes and how to go back', async (t, place) => {
    place.settings(CASES);
    await pushed(place);
    writePolicy(
      place,
      EXAMPLE_POLICY.replace('treasury: ["0", "12"]', 'treasury: ["0", "13"]').replace(
        'USDC: "50000"',
        'USDC: "60000"',
      ),
    );
    const { code, stdout, stderr } = await place.run('policy', 'push', '--why', 'another vault');
    t.equal(code, 0, stderr);
    t.match(stdout, /^Check +ok {2}policy\.yaml [0-9a-f]{12}: 5 rules, 3 lists with 4 entries\n/);
    t.match(
      stdout,
      /\nDifference +list treasury: 1 entry added, 1 entry removed; table maxPerTransaction: 1 entry changed\n/,
    );
    t.match(stdout, /\n +\+ 13\n +- 12\n/);
    t.match(stdout, /\n +~ USDC: 50000 -> 60000\n/);
    t.match(stdout, /\nCases +\S+policy-change\.cases\.yaml: 3 passed, 0 failed\n/);
    t.match(stdout, '\nYesterday   not decided again: there is no log group /ecs/callback-handler/dev\n');
    t.match(
      stdout,
      /\nIn force within a minute: [0-9a-f]{12}, 5 rules, version 2 of \/fireblocks\/dev\/policy\n/,
    );
    t.match(stdout, /\nBefore: [0-9a-f]{12}, version 1\nGo back: npm run policy -- rollback 1 -e dev\n$/);
    t.notMatch(stdout, '\u001b', 'no colours without a terminal');
    const stored = await account.parameter(policies.parameter);
    t.match(stored, { Type: 'SecureString', Version: 2 });
    t.equal(stored?.Value, readFileSync(join(place.directory, 'policy.yaml'), 'utf8'));

    const again = await place.run('policy', 'push');
    t.match(again, { code: 0, stdout: /\nDifference +none\nNo change: [0-9a-f]{12}, 5 rules/ });
    t.match(await account.parameter(policies.parameter), { Version: 2 }, 'not stored again');
  });

  scenario('changes nothing with --dry-run, and prints everything with --json', async (t, place) => {
    place.settings(CASES);
    await pushed(place);
    const before = await policies.state();
    const changed = EXAMPLE_POLICY.replace('reason: Messages', 'reason: All messages');
    writePolicy(place, changed);
    t.match(await place.run('policy', 'push', '--dry-run'), {
      code: 0,
      stdout: /\nDry run: nothing was stored\.\n$/,
    });
    const found = await place.json<Record<string, unknown>>('policy', 'push', '--dry-run');
    t.match(found, {
      ...{ environment: 'dev', parameter: policies.parameter, file: 'policy.yaml' },
      ...{ dryRun: true, changed: false, version: 1, rules: 5 },
      before: /^[0-9a-f]{64}$/,
      after: /^[0-9a-f]{64}$/,
      difference: {
        rules: {
          added: [],
          removed: [],
          changed: [
            {
              id: 'messages',
              changes: [
                {
                  field: 'reason',
                  before: 'Messages are not signed here.',
                  after: 'All messages are not signed here.',
                },
              ],
            },
          ],
        },
        sections: [],
      },
      cases: { passed: 3, failures: [] },
      replay: { problem: 'there is no log group /ecs/callback-handler/dev' },
    });
    t.strictSame(await policies.state(), before);
    t.match(await place.json('policy', 'push'), {
      changed: true,
      version: 2,
      rollback: 'npm run policy -- rollback 1 -e dev',
    });
  });

  scenario('changes nothing if a case fails', async (t, place) => {
    place.settings(CASES);
    await pushed(place);
    const before = await policies.state();
    writePolicy(place, STRICTER_POLICY);
    const ran = await place.run('policy', 'push');
    fails(t, ran, 'CASES_FAILED', /1 case in .* failed: nothing was changed/, 'run the same command again');
    t.match(
      ran.stdout,
      /\nCases +.*: 2 passed, 1 failed\n[^]*FAILED {2}at the limit[^]*\+ got +RETRY +hold-large-transfers/,
    );
    t.equal((await place.run('policy', 'push', '--dry-run')).code, 1);
    t.match(await place.json('policy', 'push'), {
      changed: false,
      cases: { failures: [{ name: 'at the limit', got: { rule: 'hold-large-transfers' } }] },
      error: { code: 'CASES_FAILED' },
    });
    place.settings({ policyCases: 'nowhere.yaml' });
    const gone = await place.run('policy', 'push');
    fails(t, gone, 'CASES_FAILED', /nowhere\.yaml can't be read/, 'set "policyCases" in infra/settings.json');
    const given = await place.run('policy', 'push', '--cases', 'gone.yaml');
    fails(t, given, 'CASES_FAILED', /gone\.yaml can't be read/, 'with --cases');
    t.strictSame(await policies.state(), before);
  });

  scenario('changes nothing if the policy has problems', async (t, place) => {
    place.settings({});
    await pushed(place);
    const before = await policies.state();
    proxy.calls.length = 0;
    writePolicy(place, EXAMPLE_POLICY.replace('lists.treasury', 'lists.treasry'));
    t.match(await place.run('policy', 'push'), {
      code: 1,
      stdout: /did you mean "treasury"[^]*can't be used/,
    });
    t.strictSame(proxy.calls, [], 'no call to AWS');
    t.strictSame(await policies.state(), before);
  });

  scenario('decides the last day’s requests again', async (t, place) => {
    place.settings({});
    await pushed(place);
    const log = readFileSync(join(ROOT, 'examples/decisions.ndjson'), 'utf8').trim().split('\n');
    await policies.log(log);
    writePolicy(place, STRICTER_POLICY);
    const { code, stdout } = await place.run('policy', 'push', '--dry-run');
    t.equal(code, 0);
    t.match(
      stdout,
      /\nYesterday +5 decisions of the last 24 hours decided again: 1 would change\n +1 {2}APPROVE -> RETRY\n/,
    );
    t.match(
      stdout,
      /\n +2026-11-25T20:04:13\.031Z .* APPROVE +small-internal +RETRY +hold-large-transfers\n/,
    );
    t.match(await place.json('policy', 'push', '--dry-run'), {
      replay: {
        replayed: 5,
        changes: [{ from: { action: 'APPROVE' }, to: { action: 'RETRY' } }],
        incomplete: false,
      },
    });
  });

  scenario('goes on if the log can’t be read', async (t, place) => {
    place.settings({});
    writePolicy(place, EXAMPLE_POLICY);
    proxy.before = ({ action }) =>
      action === 'FilterLogEvents'
        ? reply(
            { __type: 'AccessDeniedException', message: 'not authorized to perform: logs:FilterLogEvents' },
            400,
          )
        : undefined;
    t.match(await place.run('policy', 'push'), {
      code: 0,
      stdout: /\nYesterday +not decided again: .*not authorized to perform: logs:FilterLogEvents\n/,
    });
  });

  scenario('in prod, needs test cases, a reason and a confirmation', async (t, place) => {
    place.settings({});
    writePolicy(place, EXAMPLE_POLICY);
    const before = await prod.state();
    const push = (...args: readonly string[]) => place.run('policy', 'push', '-e', 'prod', ...args);
    fails(
      t,
      await push('--yes', '--why', 'first'),
      'CASES_MISSING',
      /prod takes a policy only with its test cases/,
      'policyCases',
    );
    place.settings(CASES);
    t.match(await push('--yes'), { code: 2, stderr: /--why TEXT is missing/ });
    t.match(await push('--why', 'first'), {
      code: 2,
      stderr: /no terminal for the confirmation prompt: add --yes/,
    });
    t.match(await push('--why', 'x'.repeat(1024), '--yes'), { code: 2, stderr: /--why is too long/ });
    t.equal((await push('--dry-run')).code, 0);
    t.strictSame(await prod.state(), before);
    t.equal((await push('--yes', '--why', 'first')).code, 0);
    t.equal((await prod.state()).policy[0], EXAMPLE_POLICY);
  });

  scenario('stores a policy that no parameter can hold in the bucket', async (t, place) => {
    place.settings({});
    writePolicy(place, LARGE_POLICY);
    fails(
      t,
      await place.run('policy', 'push'),
      'BUCKET_MISSING',
      /does not exist/,
      'npm run deploy -- -e dev',
    );
    t.match(await policies.state(), { policy: [undefined, undefined] });
    await policies.createBucket();
    t.equal((await place.run('policy', 'push')).code, 0);
    const { policy, objects } = await policies.state();
    const { object, version, sha256 } = JSON.parse(policy[0] ?? '') as Record<string, string>;
    t.strictSame(objects, [`policies/${sha256}.yaml`]);
    t.equal(object, `s3://${policies.bucket}/policies/${sha256}.yaml`);
    t.ok(version);
    t.equal(await policies.object(`policies/${sha256}.yaml`), LARGE_POLICY);

    t.equal((await place.run('policy', 'push')).code, 0);
    t.strictSame((await policies.state()).policy, policy, 'no change');
    await pushed(place);
    await pushed(place, LARGE_POLICY);
    const again = await policies.state();
    t.strictSame(again.policy, [policy[0], 3], 'the same object version is named again');
    t.strictSame(again.objects, objects);
    t.equal((await place.run('policy', 'show', '1')).stdout, LARGE_POLICY, 'byte for byte');
  });

  scenario(
    'reads the lists of a policy from S3, and refuses those that the service can’t read',
    async (t, place) => {
      place.settings(CASES);
      await policies.createBucket();
      await pushed(place);
      const from = (key: string): string => withVaults(`from: "s3://${policies.bucket}/${key}"`);
      writePolicy(place, withVaults('from: lists/vaults.txt'));
      const advice = `aws s3 cp lists/vaults.txt s3://${policies.bucket}/lists/vaults.txt`;
      fails(
        t,
        await place.run('policy', 'push'),
        'LIST_NOT_IN_AWS',
        /the list vaults is from lists\/vaults\.txt/,
        advice,
      );
      writePolicy(place, withVaults('from: "s3://other/vaults.txt"'));
      fails(
        t,
        await place.run('policy', 'push'),
        'LIST_NOT_IN_AWS',
        /from the policy bucket/,
        'aws s3 cp s3://other/',
      );
      writePolicy(place, from('nowhere.txt'));
      fails(t, await place.run('policy', 'push'), 'LIST_UNREADABLE', /nowhere\.txt/, 'upload the list');
      await policies.putObject('broken.txt', VAULTS.trimEnd());
      writePolicy(place, from('broken.txt'));
      t.match(await place.run('policy', 'push'), { code: 1, stdout: /This list can't be used\.\n$/ });
      t.match((await policies.state()).policy, [EXAMPLE_POLICY, 1]);

      await policies.putObject('lists/vaults.txt', VAULTS);
      writePolicy(place, from('lists/vaults.txt'));
      const { code, stdout } = await place.run('policy', 'push');
      t.equal(code, 0, stdout);
      t.match(stdout, /\nCases .*: 3 passed, 0 failed\n/, 'the cases see the list');
      t.match(stdout, /\nDifference +list vaults: 3 entries added, 1 entry removed\n/);
      t.match(stdout, /\n +\+ sha256: [0-9a-f]{64}\n +\+ entries: 1\n/);
    },
  );

  scenario('refuses a policy that the service would not load because of its size', async (t, place) => {
    place.settings({});
    writePolicy(place, `${EXAMPLE_POLICY}# ${'x'.repeat(5_000_000)}\n`);
    t.match(await place.run('policy', 'push'), { code: 1, stdout: /the policy is too large/ });
    t.strictSame(proxy.calls, []);
  });

  scenario('stops if someone else pushes during the review', async (t, place) => {
    place.settings({});
    await pushed(place);
    writePolicy(place, STRICTER_POLICY);
    proxy.before = async ({ action }) => {
      if (action === 'FilterLogEvents')
        await account.put(policies.parameter, LARGE_POLICY.slice(0, 3000), 'SecureString');
      return undefined;
    };
    fails(
      t,
      await place.run('policy', 'push'),
      'POLICY_CHANGED',
      /it has version 2, not 1; nothing was changed/,
      'run the same command again',
    );
    t.match((await policies.state()).policy, [LARGE_POLICY.slice(0, 3000), 2]);
  });

  scenario('says so if someone else pushes at the same moment', async (t, place) => {
    place.settings({});
    await pushed(place);
    writePolicy(place, STRICTER_POLICY);
    proxy.before = async ({ action }) => {
      if (action === 'PutParameter')
        await account.put(policies.parameter, 'version: 1\nrules: []\n', 'SecureString');
      return undefined;
    };
    const { code, stdout } = await place.run('policy', 'push');
    t.equal(code, 0);
    t.match(stdout, /\nATTENTION: someone else changed \/fireblocks\/dev\/policy at the same moment\.\n/);
    t.match(
      stdout,
      /expected to store version 2, and stored version 3\. The parameter now has version 3, [0-9a-f]{12}\.\n/,
    );
  });

  scenario('refuses what could not be in force', async (t, place) => {
    place.settings({ policySource: 'image' });
    for (const command of [['push'], ['rollback'], ['promote']]) {
      fails(
        t,
        await place.run('policy', ...command),
        'POLICY_IN_IMAGE',
        /"policySource": "image"/,
        'npm run deploy -- -e dev',
      );
    }
    place.settings({});
    await account.put(policies.parameter, EXAMPLE_POLICY, 'String');
    fails(
      t,
      await place.run('policy', 'push'),
      'PARAMETER_NOT_ENCRYPTED',
      /not a SecureString/,
      'delete-parameter',
    );
  });

  scenario('replaces a stored policy that can’t be used', async (t, place) => {
    place.settings({});
    await account.put(policies.parameter, 'version: 1\nrules: [oops]\n', 'SecureString');
    writePolicy(place, EXAMPLE_POLICY);
    const { code, stdout } = await place.run('policy', 'push');
    t.equal(code, 0);
    t.match(
      stdout,
      /\nDifference +the stored policy can't be used \(\d problems?\), so everything counts as new: 5 rules added/,
    );
    await account.put(
      policies.parameter,
      `{"object":"s3://${policies.bucket}/x","version":"1","sha256":"${'0'.repeat(64)}"}`,
      'SecureString',
    );
    t.match(await place.json('policy', 'push'), {
      changed: true,
      beforeProblem: /\/x has no version 1/,
      version: 4,
    });
  });
});
