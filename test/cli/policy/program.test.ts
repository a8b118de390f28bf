// Tests the `npm run policy` commands in this process.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { ROOT, runInProcess } from '../../helpers/cli.js';

const EXAMPLE = 'examples/local-policy.yaml';
const LOCAL = ['--policy', EXAMPLE];
const WORKED = ['--policy', 'examples/worked-rules.yaml'];
const SAMPLE = 'cli/cosigner/samples/tx-eth-transfer.json';

const policy = (...args: readonly string[]) => runInProcess(createPolicyProgram, args);

const json = async (...args: readonly string[]): Promise<object> =>
  JSON.parse((await policy(...args, '--json')).stdout) as object;

t.test('check summarizes a valid policy', async (t) => {
  // Nobody has a passkey yet.
  const summary =
    /\nok {2}examples\/local-policy\.yaml [0-9a-f]{12}: 5 rules, 3 lists with 4 entries; 1 warning at 1 place\n$/;
  t.match(await policy('check', ...LOCAL), { code: 0, stdout: summary });
  t.match(await policy('check', EXAMPLE), { code: 0, stdout: summary }, 'file as an argument');
  t.match(await policy('check', EXAMPLE, ...LOCAL), { code: 0, stdout: summary }, 'given twice');
  t.match(await policy('check'), { code: 0, stdout: /^ok {2}policy\.yaml / }, 'default');
  t.match(await json('check', EXAMPLE), { file: EXAMPLE, rules: 5, lists: 3, entries: 4 });
});

t.test('check prints warnings about a valid policy with place and advice', async (t) => {
  const text = 'version: 1\nlists: { l: ["0x5DC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"] }\nrules: []\n';
  const file = join(t.testdir({ 'odd.yaml': text }), 'odd.yaml');
  const { code, stdout } = await policy('check', file);
  t.equal(code, 0);
  t.ok(stdout.startsWith(`${file}:2:10\n  warning  no rule reads lists.l`));
  t.match(stdout, /\n {2}advice {3}use it, as in .*\n {5}2 \| lists: .*\n {7}\| {10}\^\n\n/);
  t.match(stdout, /:2:15\n {2}warning {2}"0x5DC69B1F.*wrong checksum \(EIP-55\) \[address\]\n/);
  t.match(stdout, /: 0 rules, 1 list with 1 entry; 2 warnings at 2 places\n$/);
  const place = { file, line: 2, caret: 9, column: 10, advice: /delete it/, excerpt: /^lists:/ };
  t.match(await json('check', file), { warnings: [{ ...place, code: 'unused-list' }, { code: 'address' }] });
});

t.test('check --strict fails on a warning, and on nothing that ships', async (t) => {
  const file = join(
    t.testdir({ 'odd.yaml': 'version: 1\ntables: { l: { a: b } }\nrules: []\n' }),
    'odd.yaml',
  );
  t.match(await policy('check', file, '--strict'), { code: 1, stdout: /1 warning at 1 place\n$/ });
  for (const name of ['policy.yaml', 'examples/worked-rules.yaml', 'examples/limits.yaml']) {
    t.match(await policy('check', name, '--strict'), { code: 0 }, name);
  }
});

t.test('explain and test show a refusal by integrity', async (t) => {
  const request = JSON.parse(readFileSync(join(ROOT, SAMPLE), 'utf8')) as object;
  const cwd = t.testdir({
    'request.json': JSON.stringify({ ...request, destAddress: '0x00000000219AB540356cBB839Cbe05303d7705Fa' }),
    'cases.yaml': `
cases:
  - { name: differing, file: request.json, expect: { action: reject, rule: integrity } }
  - { name: expected, file: request.json, expect: { action: approve, rule: small-internal } }
`,
  });
  const { code, stdout } = await policy('explain', join(cwd, 'request.json'), ...LOCAL);
  t.equal(code, 0);
  t.match(stdout, /\n\nwarning {2}destAddress: "0x0{8}219AB.*wrong checksum/);
  t.match(stdout, /\nFAIL {3}integrity {2}REJECT\n {9}payload, chain, recipient, amount, fee {2}holds\n/);
  t.match(stdout, /\n {9}display +contradicts {2}destAddress is 0x0{8}219AB5/);
  t.match(stdout, /\n- {6}blocked-address\n[^]*\nREJECT by integrity\n$/);
  const tested = await policy('test', join(cwd, 'cases.yaml'), ...LOCAL);
  t.match(tested.stdout, /^ok +differing +REJECT +integrity\nFAILED +expected/);
  t.match(tested.stdout, /\n +integrity: display: destAddress is 0x0/);
});

t.test('check reports each problem with its position', async (t) => {
  const file = join(t.testdir({ 'bad.yaml': 'version: 1\nrules: []\nonError: approve\n' }), 'bad.yaml');
  const { code, stdout, stderr } = await policy('check', file);
  t.equal(code, 1);
  t.ok(stdout.startsWith(`${file}:3:10\n`));
  t.match(stdout, /\n {2}onError must be one of retry, reject\n {5}3 \| onError: approve\n +\| {10}\^\n/);
  t.equal(stderr, '');
  t.match(await json('check', file), {
    problems: [{ file, line: 3, column: 10, message: /must be one of/ }],
  });
  t.equal((await policy('push', file)).code, 1, 'push stops at the same problems');
});

t.test('explain shows each rule, the part that determined its result, and the decision', async (t) => {
  const { code, stdout } = await policy('explain', SAMPLE, ...LOCAL);
  t.equal(code, 0);
  t.match(stdout, /^transaction 9c794cee-.*, policy examples\/local-policy\.yaml [0-9a-f]{12}\n\n/);
  t.match(
    stdout,
    /no +hold-large-transfers\n +tx\.amountUsd > decimal\("10000"\) is false\n +tx\.amountUsd = 18\.74292937\n/,
  );
  t.match(stdout, /MATCH {2}small-internal {2}APPROVE\n/);
  t.match(stdout, /\nAPPROVE by small-internal\n$/);
  t.match(await json('explain', SAMPLE, ...LOCAL), {
    decision: { action: 'APPROVE', rule: 'small-internal' },
    integrity: { payload: { outcome: 'holds' } },
    warnings: [],
    rules: [
      { id: 'blocked-address', outcome: 'no' },
      { outcome: 'no' },
      { outcome: 'no' },
      { outcome: 'matched' },
    ],
  });
});

t.test('explain marks the rules that come after the decision', async (t) => {
  const { stdout } = await policy('explain', 'examples/blocked-address.json', ...LOCAL);
  t.match(stdout, /MATCH {2}blocked-address {2}REJECT\n/);
  t.match(
    stdout,
    /\n- {6}messages\n- {6}hold-large-transfers\n- {6}small-internal\nREJECT by blocked-address\n$/,
  );
});

t.test('explain evaluates the rules at the time given with --now', async (t) => {
  const request = JSON.parse(readFileSync(join(ROOT, SAMPLE), 'utf8')) as {
    destinations: { amountUSD: number }[];
  };
  const [first] = request.destinations;
  if (first !== undefined) first.amountUSD = 1500;
  const signerId = 'b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55';
  const cwd = t.testdir({ 'request.json': JSON.stringify({ ...request, signerId }) });
  const at = (now: string) => policy('explain', join(cwd, 'request.json'), ...WORKED, '--now', now);
  t.match((await at('2026-03-03T03:00:00Z')).stdout, /RETRY by outside-working-hours\n$/);
  t.match((await at('2026-03-03T11:00:00Z')).stdout, /APPROVE by known-payees\n$/);
});

t.test('test passes the cases for the worked rules', async (t) => {
  const { code, stdout } = await policy('test', 'examples/worked-rules.cases.yaml', ...WORKED);
  t.equal(code, 0, stdout);
  t.match(stdout, /81 cases, policy [0-9a-f]{12}: 81 passed, 0 failed; 12 of 12 rules matched\n$/);
});

t.test('test shows why a case failed, and lists the rules that no case matched', async (t) => {
  const cwd = t.testdir({
    'request.json': readFileSync(join(ROOT, SAMPLE), 'utf8'),
    'cases.yaml': `
cases:
  - name: sample
    file: request.json
    expect: { action: approve, rule: small-internal }
  - name: large
    file: request.json
    set: { destinations.0.amountUSD: 9999.99 }
    expect: { action: retry, rule: hold-large-transfers }
`,
  });
  const cases = join(cwd, 'cases.yaml');
  const { code, stdout } = await policy('test', cases, ...LOCAL);
  t.equal(code, 1);
  t.match(
    stdout,
    `ok      sample  APPROVE  small-internal
FAILED  large   APPROVE  small-internal
          - expected  RETRY    hold-large-transfers
          + got       APPROVE  small-internal
          hold-large-transfers: tx.amountUsd > decimal("10000") is false; tx.amountUsd = 9999.99

rule                   matched  did not match
blocked-address              0              2
messages                     0              2
hold-large-transfers         0              2
small-internal               2              0
configuration-changes        0              0

Never matched  blocked-address, messages, hold-large-transfers, configuration-changes

2 cases, policy `,
  );
  t.match(stdout, /1 passed, 1 failed; 1 of 5 rules matched\n$/);
  t.match(await json('test', cases, ...LOCAL), {
    cases: [
      { name: 'sample', passed: true },
      { name: 'large', passed: false, expected: { action: 'RETRY' }, got: { action: 'APPROVE' } },
    ],
    coverage: [{ rule: 'blocked-address', matched: 0, notMatched: 2, failed: 0 }, {}, {}, {}, {}],
    unmatched: ['blocked-address', 'messages', 'hold-large-transfers', 'configuration-changes'],
  });
});

t.test('test --mutate shows what no case notices', async (t) => {
  const local = ['test', 'examples/local-policy.cases.yaml', ...LOCAL, '--mutate'];
  const all = await policy(...local);
  t.equal(all.code, 0, all.stdout);
  t.match(
    all.stdout,
    /^54 changes to examples\/local-policy\.yaml [0-9a-f]{12}, 19 cases: 54 noticed \(100 %\), 0 not\n$/,
  );
  t.match(await json(...local), { cases: 19, changes: 54, noticed: 54, survivors: [] });

  const text = 'cases: [{ name: new user, payload: { type: ADD_USER }, expect: { action: ignore } }]';
  const cases = join(t.testdir({ 'cases.yaml': text }), 'cases.yaml');
  const few = await policy('test', cases, ...LOCAL, '--mutate');
  t.equal(few.code, 1);
  t.match(
    few.stdout,
    `
examples/local-policy.yaml:38:41  rule hold-large-transfers
  tx.amountUsd > decimal("10000") -> tx.amountUsd >= decimal("10000")
    38 |     when: tx.operation == "TRANSFER" && tx.amountUsd > decimal("10000")
       |                                         ^
`,
  );
  t.match(few.stdout, /54 changes to .*, 1 case: 2 noticed \(3 %\), 52 not\n$/);

  const failing = await policy('test', cases, ...WORKED.with(1, 'policy.yaml'), '--mutate');
  t.equal(failing.code, 1);
  t.match(failing.stdout, /FAILED +new user/, 'a case that fails notices nothing');
});

t.test('reports a usage error and points to the help for that command', async (t) => {
  for (const [args, message] of [
    [['bogus'], /unknown command 'bogus'\n\nnpm run policy -- --help/],
    [['expalin', 'x'], /unknown command 'expalin'\n\(Did you mean explain\?\)/],
    [
      ['check', 'a.yaml', '--policy', 'b.yaml'],
      /two policy files are given: a\.yaml, and b\.yaml with --policy/,
    ],
    [['push', 'a.yaml', '--policy', 'b.yaml'], /two policy files are given/],
    [['check', '-e', 'dev'], /unknown option '-e'/],
    [['check', 'a.yaml', 'b.yaml'], /too many arguments/],
    [['check', '--polcy', 'a.yaml'], /unknown option '--polcy'\n\(Did you mean --policy\?\)/],
    [['test', 'x', '--now', '2026-03-02T10:00:00Z'], /unknown option '--now'/],
    [['explain'], /give a payload, or --request/],
    [['explain', SAMPLE, '--now', 'noon'], /'noon' is invalid\. Use a time such as 2026-03-02T10:00:00Z\./],
    [['explain', SAMPLE, '--now', '5'], /'5' is invalid/],
    [['explain', '-', '--policy', '-'], /only one file can be standard input/],
  ] as const) {
    const { code, stdout, stderr } = await policy(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.match(stderr, /npm run policy -- .*--help shows how to use it\.\n$/);
  }
});

t.test('reports unusable files without pointing to the help', async (t) => {
  const directory = t.testdir({ 'list.json': '[]', 'text.json': 'text', 'cases.yaml': 'cases: []' });
  const list = join(directory, 'list.json');
  for (const [args, message] of [
    [['check', 'nowhere.yaml'], /^error: nowhere\.yaml can't be read: there is no such file\n$/],
    [['push', 'nowhere.yaml'], /^error: nowhere\.yaml can't be read: there is no such file\n$/],
    [['check', directory], /can't be read: it is a directory\n$/],
    [['explain', 'nowhere.json'], /^error: nowhere\.json can't be read/],
    [
      ['explain', list],
      /list\.json is not a Co-signer request: not a JSON object with a string "requestId"\n$/,
    ],
    [['explain', join(directory, 'text.json')], /text\.json is not JSON: /],
    [['test', join(directory, 'cases.yaml')], /cases\.yaml has invalid test cases:\n {2}line 1: cases: /],
    [['replay', 'nowhere.ndjson'], /^error: nowhere\.ndjson can't be read: there is no such file\n$/],
    [['replay', list], /list\.json has no decision lines \(lines read: 1\)\n$/],
  ] as const) {
    const { code, stdout, stderr } = await policy(...args);
    t.equal(code, 2, args.join(' '));
    t.equal(stdout, '');
    t.match(stderr, message);
    t.notMatch(stderr, '--help');
  }
});

t.test('each command has its own help, with examples that work', async (t) => {
  t.match(await policy('--help'), { code: 0, stdout: /^Usage: npm run policy -- \[options\] \[command\]\n/ });
  const withAws = ['push', 'stop', 'resume', 'explain', 'report'];
  for (const command of ['check', 'test', 'replay', ...withAws]) {
    const { code, stdout } = await policy(command, '--help');
    t.equal(code, 0);
    t.ok(stdout.startsWith(`Usage: npm run policy -- ${command} `));
    t.equal(stdout.includes('--now'), command === 'explain');
    t.equal(stdout.includes('--profile'), withAws.includes(command));
    t.match(stdout, /\nExit code: 0 \w+, 1 .*, 2 usage error.*\.\n$/);
    // The others need AWS or a log.
    if (['push', 'stop', 'resume', 'replay'].includes(command)) continue;
    const examples = [...stdout.matchAll(/^ {2}npm run policy -- (.+)$/gm)].map(([, args = '']) => args);
    t.not(examples.length, 0);
    for (const example of examples.filter((each) => !each.includes('-e prod')))
      t.not((await policy(...example.split(' '))).code, 2, example);
  }
});

t.test('prints the help to stderr when the command is missing', async (t) => {
  t.match(await policy(), { code: 2, stdout: /^$/, stderr: /^Usage: npm run policy -- / });
});
