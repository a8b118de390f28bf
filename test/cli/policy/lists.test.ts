// Tests how the policy commands read lists from elsewhere. `--fetch` is tested with an emulator in test/system.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { runInProcess } from '../../helpers/cli.js';

const SAMPLE = 'cli/cosigner/samples/tx-eth-transfer.json';
const LISTED = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8\n';

const policy = (...args: readonly string[]) => runInProcess(createPolicyProgram, args);

function policyWith(t: Test, from: string, list = LISTED): string {
  const text = `version: 1
lists: { blocked: { from: "${from}" } }
rules:
  - id: blocked
    for: transaction
    when: has(tx.destinations) && tx.destinations.exists(d, d.address in lists.blocked)
    action: reject
`;
  return join(t.testdir({ 'policy.yaml': text, lists: { 'blocked.txt': list } }), 'policy.yaml');
}

t.test('reads a list in a file beside the policy', async (t) => {
  const file = policyWith(t, 'lists/blocked.txt');
  t.match(await policy('check', file), { code: 0, stdout: /1 rule, 1 list with 1 entry/ });
  t.match(await policy('explain', SAMPLE, '--policy', file), { code: 0, stdout: /REJECT by blocked/ });
  t.match(JSON.parse((await policy('check', file, '--json')).stdout), {
    lists: 1,
    entries: 1,
    notLoaded: [],
  });
});

t.test('reports a list that can’t be used like a policy, with its line', async (t) => {
  const file = policyWith(t, 'lists/blocked.txt', `${LISTED}garbage\n`);
  t.match(await policy('check', file), {
    code: 1,
    stdout:
      /^lists\/blocked\.txt:2:1\n {2}"garbage" is too short.*\n {5}2 \| garbage\n[^]*This list can't be used/,
  });
});

t.test('says which list does not exist', async (t) => {
  const { code, stderr } = await policy('check', policyWith(t, 'lists/none.txt'));
  t.equal(code, 2);
  t.match(stderr, /^error: list blocked: lists\/none\.txt does not exist: create it/);
});

t.test('says that it has not looked at a list in S3, and takes it for empty', async (t) => {
  const file = policyWith(t, 's3://company-lists/blocked.txt');
  const line = /^not read {2}list blocked from s3:\/\/company-lists\/blocked\.txt: .*--fetch reads it$/m;
  t.match(await policy('check', file), { code: 0, stdout: line });
  t.match(await policy('explain', SAMPLE, '--policy', file), { stdout: line });
  t.match(await policy('explain', SAMPLE, '--policy', file), { stdout: /REJECT by otherwise/ });
  t.match(JSON.parse((await policy('check', file, '--json')).stdout), {
    notLoaded: [{ list: 'blocked', from: 's3://company-lists/blocked.txt' }],
  });
});

t.test('refuses a reference that is neither a file nor an object in S3', async (t) => {
  for (const from of ['https://example.com/list.txt', 's3://bucket', 's3://B/x']) {
    t.match(await policy('check', policyWith(t, from)), {
      code: 1,
      stdout: /from must be a file or an object in S3, such as/,
    });
  }
});
