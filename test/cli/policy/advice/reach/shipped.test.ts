// Tests that no rule of the policies that ship is reported, and how long a policy with a thousand rules takes.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { reachingRequest, unreachableRules } from '../../../../../cli/policy/advice/reach/index.js';
import { parsePolicy } from '../../../../../src/policy/parse/file.js';
import { slowness } from '../../../../helpers/cpu-time.js';

const GUIDE = /```yaml\n(version: 1\n[\s\S]*?)```/.exec(readFileSync('POLICY.md', 'utf8'))?.[1] ?? '';
const SHIPPED: Readonly<Record<string, string>> = {
  'policy.yaml': readFileSync('policy.yaml', 'utf8'),
  'policy.yaml, with its examples': readFileSync('policy.yaml', 'utf8').replaceAll(/^( +)# /gm, '$1'),
  'POLICY.md': GUIDE,
  ...Object.fromEntries(
    ['local-policy', 'stricter-limit', 'worked-rules'].map((name) => [
      name,
      readFileSync(`examples/${name}.yaml`, 'utf8'),
    ]),
  ),
};

t.test('reports no rule of the policies that ship', (t) => {
  for (const [name, text] of Object.entries(SHIPPED)) {
    t.same(unreachableRules(parsePolicy(text, name)), [], name);
  }
  t.end();
});

t.test('shows a request for each rule of the guide', (t) => {
  const policy = parsePolicy(GUIDE, 'POLICY.md');
  t.ok(policy.rules.length > 0);
  for (const { id } of policy.rules) t.ok(reachingRequest(policy, id), id);
  t.end();
});

const LIMIT_FOR = (index: number): string =>
  `tx.operation == "TRANSFER" && tx.asset == "A${index % 500}" && tx.sourceId in lists.treasury && tx.amount <= decimal("${index + 1}")`;

t.test('checks a thousand rules in seconds', (t) => {
  const rules = Array.from({ length: 1000 }, (_, index) => ({
    ...{ id: `r${index}`, for: 'transaction', action: 'approve' },
    // The second half repeats the assets of the first, with higher limits; the last one with a lower limit.
    when: LIMIT_FOR(index).replace('decimal("1000")', 'decimal("1")'),
  }));
  const policy = parsePolicy(JSON.stringify({ version: 1, lists: { treasury: ['0'] }, rules }), 'test.yaml');
  const start = process.cpuUsage();
  const found = unreachableRules(policy);
  const { user, system } = process.cpuUsage(start);
  const milliseconds = (user + system) / 1000 / slowness();
  t.same(
    found.map(({ rule }) => rule),
    ['r999'],
  );
  t.comment(`${Math.round(milliseconds)} ms`);
  t.ok(milliseconds < 5000);
  t.end();
});
