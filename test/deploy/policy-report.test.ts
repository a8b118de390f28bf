// Tests `npm run policy -- report` and `explain --request` against an AWS emulator.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { NAMES } from '../helpers/aws.js';
import { ROOT } from '../helpers/cli.js';
import { EXAMPLE_POLICY, LARGE_POLICY, policyAccount, writePolicy } from '../helpers/policies.js';
import { fails, scenarios } from '../helpers/scenarios.js';

const LOG = readFileSync(join(ROOT, 'examples/decisions.ndjson'), 'utf8').trimEnd().split('\n');
/** The second line of the log. */
const REQUEST = '7c1d5b0a-52a6-4f0b-8d55-0d0b6a7f5e03';

t.test('report', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  const policies = policyAccount(moto.endpoint);

  scenario('counts the decisions in the log, and finds rules that never matched', async (t, place) => {
    place.settings({});
    await account.put(policies.parameter, EXAMPLE_POLICY, 'SecureString');
    const differs = JSON.stringify({
      ...{ event: 'candidate_differs', time: '2026-11-25T20:04:13.031Z', requestId: REQUEST },
      ...{ action: 'APPROVE', rule: 'small-internal' },
      candidate: { action: 'RETRY', rule: 'hold-large-transfers', policy: 'c'.repeat(64) },
    });
    await policies.log([...LOG, differs, '{"event":"listening"}']);
    const { code, stdout, stderr } = await place.run('policy', 'report', '-e', 'dev', '--since', '1h');
    t.equal(code, 0, stderr);
    t.match(
      stdout,
      `5 decisions from 2026-11-25T20:04:12.033Z to 2026-11-25T20:04:16.368Z, ${NAMES.logGroups.service}\n`,
    );
    t.match(stdout, /\nsmall-internal +2 +40\.0 %/);
    t.match(stdout, /\nRules that never matched, of policy [0-9a-f]{12}: messages\n/);
    t.match(stdout, /\nThe candidate c{12} would decide differently: 1 decision\n/);
    t.strictSame(
      [...new Set(proxy.calls.map(({ action }) => action))],
      ['GetCallerIdentity', 'FilterLogEvents', 'GetParameter'],
      'it changes nothing',
    );
    t.match(await place.json('policy', 'report', '--by', 'rule'), {
      decisions: 5,
      tables: [{ by: ['rule'], rows: [{ rule: 'small-internal', decisions: 2 }, {}, {}, {}] }],
      neverMatched: { rules: ['messages'] },
      candidate: { differs: 1 },
    });
    const csv = await place.run('policy', 'report', '--by', 'asset', '--csv');
    t.match(
      csv.stdout,
      /^asset,decisions,share,amount,decisions without amount\r\nETH,2,0\.400000,0\.51,0\r\n/,
    );
  });

  scenario('looks for the rules of a policy that is too large for the parameter', async (t, place) => {
    place.settings({});
    await policies.createBucket();
    writePolicy(place, LARGE_POLICY);
    const pushed = await place.run('policy', 'push');
    t.equal(pushed.code, 0, pushed.stderr);
    await policies.log(LOG);
    t.match(await place.json('policy', 'report'), {
      neverMatched: { policy: /^[0-9a-f]{64}$/, rules: ['messages'] },
    });
  });

  scenario('reports without a policy that can be used, and an empty period', async (t, place) => {
    place.settings({});
    await account.put(policies.parameter, 'version: 1\nrules: 5', 'SecureString');
    await policies.log(['{"event":"listening"}']);
    t.match(await place.json('policy', 'report'), { decisions: 0, first: null, neverMatched: null });
    t.match(await place.run('policy', 'report'), { code: 0, stdout: /^0 decisions, / });
  });

  scenario('reports a missing log group', async (t, place) => {
    place.settings({});
    fails(t, await place.run('policy', 'report'), 'NO_LOG', /there is no log group/, 'npm run deploy');
  });

  scenario('explain finds the decision in the log, and takes the policy in force', async (t, place) => {
    place.settings({});
    await account.put(policies.parameter, EXAMPLE_POLICY, 'SecureString');
    await policies.log(LOG);
    const { code, stdout, stderr } = await place.run('policy', 'explain', '--request', REQUEST);
    t.equal(code, 0, stderr);
    t.match(
      stdout,
      new RegExp(`^transaction ${REQUEST}, policy ${policies.parameter} [0-9a-f]{12}\ndecided 2026-11-25T`),
    );
    t.match(stdout, /\nAPPROVE by small-internal\nlogged: APPROVE by small-internal, .*the same answer\n$/);
    const policyFile = join(ROOT, 'examples/stricter-limit.yaml');
    t.match(await place.run('policy', 'explain', '--request', REQUEST, '--policy', policyFile), {
      code: 1,
      stdout: /now it would be RETRY\n$/,
    });
    t.match(await place.run('policy', 'explain', '--request', 'another', '--since', '2d'), {
      code: 2,
      stderr: /has no decision about another in the last 2 days: look further back with --since 30d\n$/,
    });
  });

  scenario('explain asks for a policy if the environment has none', async (t, place) => {
    place.settings({});
    await policies.log(LOG);
    t.match(await place.run('policy', 'explain', '--request', REQUEST), {
      code: 2,
      stderr: /holds no policy that can be used: give one with --policy\n$/,
    });
  });
});
