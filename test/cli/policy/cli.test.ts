import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readCases } from '../../../cli/policy/cases.js';
import { UsageError } from '../../../cli/command.js';
import { ROOT, runPolicy } from '../../helpers/cli.js';

const LOCAL = ['--policy', 'examples/local-policy.yaml'];
const WORKED = ['--policy', 'examples/worked-rules.yaml'];
const SAMPLE = 'cli/cosigner/samples/tx-eth-transfer.json';

const policy = (...args: readonly string[]) => runPolicy(args, { cwd: ROOT });

t.jobs = 2;

t.test('check: one line of what was loaded, or the report', async (t) => {
  const good = await policy('check', ...LOCAL);
  t.equal(good.code, 0);
  t.match(
    good.stdout,
    /^ok {2}examples\/local-policy\.yaml [0-9a-f]{12}: 4 rules, 2 lists with 3 entries\n$/,
  );
  t.match(JSON.parse((await policy('check', ...LOCAL, '--json')).stdout), { rules: 4, lists: 2, entries: 3 });
  t.match(await policy('check'), { code: 0, stdout: /^ok {2}policy\.yaml/ });

  const cwd = t.testdir({ 'bad.yaml': 'version: 1\nrules: []\nonError: approve\n' });
  const bad = await runPolicy(['check', '--policy', 'bad.yaml'], { cwd });
  t.equal(bad.code, 1);
  t.match(
    bad.stdout,
    /^bad\.yaml:3:10\n {2}onError must be one of retry, reject\n {5}3 \| onError: approve\n +\| {10}\^\n/,
  );
  t.match(JSON.parse((await runPolicy(['check', '--policy', 'bad.yaml', '--json'], { cwd })).stdout), {
    problems: [{ file: 'bad.yaml', line: 3, column: 10, message: /must be one of/ }],
  });
});

t.test('explain: each rule, the part that settled it, the decision', async (t) => {
  const { code, stdout } = await policy('explain', SAMPLE, ...LOCAL);
  t.equal(code, 0);
  t.match(stdout, /^transaction 9c794cee-.*, by examples\/local-policy\.yaml [0-9a-f]{12}\n\n/);
  t.match(
    stdout,
    /no +hold-large-transfers\n +tx\.amountUsd > decimal\("10000"\) is false\n +tx\.amountUsd = 18\.74292937\n/,
  );
  t.match(stdout, /MATCH {2}small-internal {2}APPROVE\n/);
  t.match(stdout, /\nAPPROVE by small-internal\n$/);
  t.notMatch(stdout, '\u001b', 'no colour where nobody looks');
  const json = JSON.parse((await policy('explain', SAMPLE, ...LOCAL, '--json')).stdout) as object;
  t.match(json, {
    decision: { action: 'APPROVE', rule: 'small-internal' },
    rules: [{ id: 'blocked-address', outcome: 'no' }, { outcome: 'no' }, { outcome: 'matched' }],
  });
});

t.test('explain: a rule that fails is not good', async (t) => {
  const input = '{"requestId":"r","operation":"TRANSFER"}';
  const { code, stdout } = await runPolicy(['explain', '-', ...LOCAL], { cwd: ROOT, input });
  t.equal(code, 1);
  t.match(stdout, /ERROR {2}blocked-address\n/);
  t.match(stdout, /RETRY by blocked-address, which could not be evaluated: tx\.destinations is absent\n$/);
});

t.test('explain: at another time', async (t) => {
  const request = JSON.parse(readFileSync(join(ROOT, SAMPLE), 'utf8')) as {
    destinations: { amountUSD: number }[];
  };
  const [first] = request.destinations;
  if (first !== undefined) first.amountUSD = 1500;
  const input = JSON.stringify({ ...request, signerId: 'b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55' });
  const at = (now: string) => runPolicy(['explain', '-', ...WORKED, '--now', now], { cwd: ROOT, input });
  t.match((await at('2026-03-03T03:00:00Z')).stdout, /RETRY by outside-working-hours\n$/);
  t.match((await at('2026-03-03T11:00:00Z')).stdout, /APPROVE by known-payees\n$/);
});

t.test('test: the worked rules decide as their cases say', async (t) => {
  const { code, stdout } = await policy('test', 'examples/worked-rules.cases.yaml', ...WORKED);
  t.equal(code, 0, stdout);
  t.match(stdout, /17 cases of [0-9a-f]{12}: 17 passed, 0 failed; 0 of 11 rules never matched\n$/);
});

t.test(
  'test: a failure shows what was expected and why it was not so; unmatched rules are named',
  async (t) => {
    const cwd = t.testdir({
      'policy.yaml': readFileSync(join(ROOT, 'examples/local-policy.yaml'), 'utf8'),
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
    const { code, stdout } = await runPolicy(['test', 'cases.yaml'], { cwd });
    t.equal(code, 1);
    t.match(
      stdout,
      `ok      sample  APPROVE  small-internal
FAILED  large   APPROVE  small-internal
          - expected  RETRY    hold-large-transfers
          + got       APPROVE  small-internal
          hold-large-transfers: tx.amountUsd > decimal("10000") is false; tx.amountUsd = 9999.99

No case matched  blocked-address, hold-large-transfers, configuration-changes

2 cases of `,
    );
    t.match(stdout, /1 passed, 1 failed; 3 of 4 rules never matched\n$/);
    t.match(JSON.parse((await runPolicy(['test', 'cases.yaml', '--json'], { cwd })).stdout), {
      cases: [
        { name: 'sample', passed: true },
        { name: 'large', passed: false, expected: { action: 'RETRY' }, got: { action: 'APPROVE' } },
      ],
      unmatched: ['blocked-address', 'hold-large-transfers', 'configuration-changes'],
    });
  },
);

/** A decision line as the service writes it. */
const line = (requestId: string, facts: object, more: object = {}): string =>
  JSON.stringify({
    level: 'info',
    time: '2026-03-03T11:00:00.000Z',
    event: 'decision',
    kind: 'transaction',
    requestId,
    action: 'APPROVE',
    rule: 'before',
    facts,
    ...more,
  });

t.test('replay: lists what would change, and what can’t be told', async (t) => {
  const when = 'tx.amount <= decimal("1") || (tx.asset == "X" && tx.extraParameters.ok == true)';
  const cwd = t.testdir({
    'policy.yaml': `{ version: 1, rules: [
      { id: small, for: transaction, when: '${when}', action: approve },
      { id: change, for: configuration, when: 'config.extraInfo.other == "x"', action: approve } ] }`,
    'log.ndjson': [
      line('same', { amountStr: '1', asset: 'ETH' }),
      line('larger', { amountStr: '1.000000000000000001', asset: 'ETH' }),
      `2026-03-03T11:00:00 handler/1234 ${line('prefixed', { amountStr: '2', asset: 'ETH' })}`,
      line('broken', { amountStr: '1e3', asset: 'ETH' }),
      line('hidden', { amountStr: '2', asset: 'X' }, { omitted: ['extraParameters'] }),
      line(
        'hidden change',
        { type: 'X', extraInfo: {} },
        { kind: 'configuration', omitted: ['extraInfo.other'] },
      ),
      line('all hidden', {}, { omitted: ['*'] }),
      line('no need of it', { amountStr: '1', asset: 'X' }, { omitted: ['extraParameters'] }),
      line('was a fault', { amountStr: '2' }, { rule: undefined }),
      '{"event":"refused"}',
      'not JSON',
      '{broken',
    ].join('\n'),
  });
  const { code, stdout } = await runPolicy(['replay', 'log.ndjson'], { cwd });
  t.equal(code, 1);
  t.match(stdout, /^5 decisions of log\.ndjson made again by policy\.yaml [0-9a-f]{12}: 3 would change\n/);
  t.match(stdout, /\n3 decisions can't be made again, .*: hidden, hidden change, all hidden\n/);
  t.match(stdout, /\n1 decision passed over/);
  t.match(stdout, /\n2 {2}APPROVE -> REJECT\n1 {2}APPROVE -> RETRY\n/);
  t.match(stdout, /\n2026-03-03T11:00:00\.000Z {2}larger +APPROVE {2}before {2}REJECT +otherwise\n/);
  t.match(stdout, /broken +APPROVE {2}before {2}RETRY +small: tx\.amount is not a decimal number/);
  const json = JSON.parse((await runPolicy(['replay', 'log.ndjson', '--json'], { cwd })).stdout) as object;
  t.match(json, {
    replayed: 5,
    skipped: 1,
    changes: [{ requestId: 'larger' }, { requestId: 'prefixed' }, { requestId: 'broken' }],
  });

  const nothing = await runPolicy(['replay', '-'], { cwd, input: line('same', { amountStr: '1' }) });
  t.equal(nothing.code, 0);
  t.match(nothing.stdout, /^1 decision of - made again by .*: 0 would change\n$/);
});

t.test('wrong usage is exit 2, and says what is wrong', async (t) => {
  const cwd = t.testdir({ 'policy.yaml': 'version: 1\nrules: []\n', 'list.json': '[]' });
  for (const [args, message] of [
    [[], /say what to do: check, explain, test, replay/],
    [['explain', '-', '--policy', '-'], /only one file can be standard input/],
    [['explain', 'list.json', '--now', '5'], /--now takes a time/],
    [['replay', 'list.json'], /list\.json holds no decision line, of 1 lines/],
    [['bogus'], /"bogus" is none of check, explain, test, replay/],
    [['check', 'x'], /check takes no file; name the policy with --policy FILE/],
    [['check', '--bogus'], /--bogus/],
    [['check', '--policy', 'nowhere.yaml'], /nowhere\.yaml can't be read: there is no such file/],
    [['explain'], /explain takes a payload/],
    [['explain', 'list.json'], /list\.json is no request of a Co-signer/],
    [['explain', 'list.json', '--now', 'noon'], /--now takes a time/],
    [['replay', 'nowhere.ndjson'], /nowhere\.ndjson can't be read/],
  ] as const) {
    const { code, stderr } = await runPolicy(args, { cwd });
    t.equal(code, 2, args.join(' '));
    t.match(stderr, message);
    t.match(stderr, /npm run policy -- --help/);
  }
});

t.test('cases that can’t be run are wrong usage, and say what is wrong', (t) => {
  const expect = 'expect: { action: retry }';
  for (const [text, message] of [
    ['cases: [', /cases\.yaml is not YAML/],
    ['cases: []', /cases: Too small/],
    ['cases: *x', /cases\.yaml is not YAML/],
    ['cases: [{ name: a, payload: {}, expect: { action: maybe } }]', /cases\.0\.expect\.action: .*approve/],
    [`cases: [{ name: a, ${expect} }]`, /cases\.0: needs either "payload" or "file"/],
    [`cases: [{ name: a, payload: {}, file: x, ${expect} }]`, /cases\.0: needs either "payload" or "file"/],
    [`cases: [{ name: a, file: nowhere.json, ${expect} }]`, /nowhere\.json can't be read/],
    [`cases: [{ name: a, file: junk.json, ${expect} }]`, /junk\.json is not JSON/],
    [`cases: [{ name: a, payload: {}, set: { a.b: 1 }, ${expect} }]`, /sets "a\.b", but there is no "a"/],
    [`cases: [{ name: a, for: configuration, payload: { txId: t }, ${expect} }]`, /case "a" is no request/],
  ] as const) {
    const cwd = t.testdir({ 'cases.yaml': text, 'junk.json': '{' });
    try {
      readCases(join(cwd, 'cases.yaml'));
      t.fail(text);
    } catch (error) {
      t.ok(error instanceof UsageError);
      t.match(error, { message });
    }
  }
  t.end();
});

t.test('--help is no error', async (t) => {
  t.match(await policy('--help'), { code: 0, stdout: /Usage: npm run policy/ });
});
