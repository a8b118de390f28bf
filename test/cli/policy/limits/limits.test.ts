// Limits in the commands: test cases, replays, explanations, advice, differences.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { differenceOf } from '../../../../cli/policy/change/difference.js';
import { createPolicyProgram } from '../../../../cli/policy/program.js';
import { parsePolicy } from '../../../../src/policy/parse/file.js';
import { runInProcess } from '../../../helpers/cli.js';
import { advise } from '../advice/policies.js';

const POLICY = `version: 1
limits:
  daily: { amount: tx.amount, per: [tx.asset], window: 24h, max: "100" }
rules:
  - { id: pay, for: transaction, when: tx.operation == "TRANSFER", action: approve }
`;

async function run(t: Test, files: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const cwd = t.testdir({ 'policy.yaml': POLICY, ...files });
  const paths = args.map((arg) => (/\.(yaml|json|ndjson)$/.test(arg) ? join(cwd, arg) : arg));
  const ran = await runInProcess(createPolicyProgram, [...paths, '--policy', join(cwd, 'policy.yaml')]);
  const strip = (output: string): string => output.replaceAll(`${cwd}/`, '');
  return { ...ran, stdout: strip(ran.stdout), stderr: strip(ran.stderr) };
}

const CASES = `
now: 2026-03-02T10:00:00Z
cases:
  - name: fits
    payload: { txId: t, asset: ETH, amountStr: "40" }
    limits: { daily: { spent: 60 } }
    expect: { action: approve, rule: pay }
  - name: over by the last digit
    payload: { txId: t, asset: ETH, amountStr: "40" }
    limits: { daily: { spent: "60.000000000000000001" } }
    expect: { action: reject, rule: limits.daily }
  - name: after others
    payload: { txId: t, asset: ETH, amountStr: "40" }
    earlier:
      - { payload: { txId: a, asset: ETH, amountStr: "60" }, now: 2026-03-01T20:00:00Z }
      - { payload: { txId: b, asset: BTC, amountStr: "100" }, now: 2026-03-01T21:00:00Z }
      - { payload: { txId: c, asset: ETH, amountStr: "100" }, set: { amountStr: "41" } }
    expect: { action: approve }
  - name: its own approval is not counted twice
    payload: { txId: t, asset: ETH, amountStr: "100", fee: "1" }
    earlier: [{ payload: { txId: t, asset: ETH, amountStr: "100" } }]
    expect: { action: approve }
  - name: without an amount
    payload: { txId: t, asset: ETH }
    expect: { action: retry, rule: limits.daily }
`;

t.test('cases say what was spent before, or which requests were decided before', async (t) => {
  const { code, stdout } = await run(t, { 'cases.yaml': CASES }, 'test', 'cases.yaml');
  t.equal(code, 0, stdout);
  t.match(stdout, /^pay +5 +0$/m, 'a rule whose approval does not fit has matched');
  t.match(stdout, /5 passed, 0 failed/);
  const failing = CASES.replace('"60.000000000000000001"', '"60"');
  const failed = await run(t, { 'cases.yaml': failing }, 'test', 'cases.yaml');
  t.match(failed, { code: 1, stdout: /FAILED +over by the last digit +APPROVE +pay/ });
});

t.test('--mutate changes limits, too', async (t) => {
  const [first = '', ...others] = CASES.split('  - name: over');
  const { code, stdout } = await run(t, { 'cases.yaml': first }, 'test', 'cases.yaml', '--mutate');
  t.equal(code, 1);
  t.match(stdout, /limit daily -> \(not enforced\)/);
  t.match(stdout, /max: "100" -> max: "101"/);
  t.match(stdout, /policy\.yaml:3:3\n/);
  const all = await run(
    t,
    { 'cases.yaml': [first, ...others].join('  - name: over') },
    'test',
    'cases.yaml',
    '--mutate',
  );
  t.notMatch(all.stdout, /not enforced|max:|over:/);
});

t.test('a case that sets a limit in vain is an error', async (t) => {
  const caseWith = (limits: string, payload = '{ amountStr: "1", asset: ETH }') =>
    `cases:\n  - { name: x, payload: ${payload}, limits: ${limits}, expect: { action: approve } }\n`;
  const messageOf = async (cases: string) =>
    (await run(t, { 'cases.yaml': cases }, 'test', 'cases.yaml')).stderr;
  t.match(
    await messageOf(caseWith('{ dayly: { spent: 1 } }')),
    /sets limits\.dayly, .* did you mean "daily"\?/,
  );
  t.match(
    await messageOf(caseWith('{ daily: { spent: 1 } }', '{ asset: ETH, note: x }')),
    /sets limits\.daily, which does not concern this request/,
  );
  t.match(
    await messageOf(caseWith('{ daily: { spent: "1,000" } }')),
    /must be a decimal number such as "1000"/,
  );
  t.match(
    await messageOf(
      'cases:\n  - { name: x, payload: { asset: ETH }, expect: { action: reject, rule: limits.dayly } }',
    ),
    /did you mean "limits\.daily"\?/,
  );
});

const line = (requestId: string, time: string, facts: object, more: object = {}): string =>
  JSON.stringify({
    ...{
      time: `2026-03-${time}:00.000Z`,
      event: 'decision',
      kind: 'transaction',
      requestId,
      action: 'APPROVE',
    },
    ...{ rule: 'before', facts: { asset: 'ETH', ...facts }, ...more },
  });

t.test('a replay counts what the policy would approve, each transaction once', async (t) => {
  const log = [
    line('a', '02T10:00', { txId: 'a', amountStr: '60' }),
    line('a', '02T10:05', { txId: 'a', amountStr: '60', fee: '1' }),
    line('b', '02T11:00', { txId: 'b', amountStr: '41' }),
    line('c', '02T12:00', { txId: 'c', amountStr: '40' }),
    line('d', '02T13:00', { txId: 'd', amountStr: '1' }),
    line('e', '03T12:30', { txId: 'e', amountStr: '100' }),
  ];
  const { code, stdout } = await run(t, { 'log.ndjson': log.join('\n') }, 'replay', 'log.ndjson', '--json');
  t.equal(code, 1);
  t.match(JSON.parse(stdout), {
    replayed: 6,
    changes: [
      { requestId: 'b', to: { action: 'REJECT', rule: 'limits.daily' } },
      { requestId: 'd', to: { action: 'REJECT', rule: 'limits.daily' } },
    ],
  });
  t.equal((JSON.parse(stdout) as { changes: unknown[] }).changes.length, 2);
});

t.test('a replay gives back what is not signed', async (t) => {
  const rejecting = POLICY.replace(
    'rules:',
    'rules:\n  - { id: fee, for: transaction, when: has(tx.fee), action: reject }',
  );
  const log = [
    line('a', '02T10:00', { txId: 'a', amountStr: '60' }),
    line('a', '02T10:05', { txId: 'a', amountStr: '60', fee: '1' }, { action: 'REJECT' }),
    line('b', '02T11:00', { txId: 'b', amountStr: '100' }),
  ];
  const files = { 'policy.yaml': rejecting, 'log.ndjson': log.join('\n') };
  t.match(await run(t, files, 'replay', 'log.ndjson'), { code: 0, stdout: /0 would change/ });
});

t.test('explain shows each limit, and what was spent if the log says it', async (t) => {
  const payload = JSON.stringify({ requestId: 'r', asset: 'ETH', amountStr: '40' });
  const { stdout } = await run(t, { 'request.json': payload }, 'explain', 'request.json');
  t.match(
    stdout,
    /\nok +limits\.daily\n +0 of 100 spent in the counter ETH; this request adds 40\nAPPROVE by pay\n/,
  );
  const limits = { daily: { key: 'ETH', amount: '40', spent: '61', max: '100', remaining: '39' } };
  const logged = line(
    'r',
    '02T10:00',
    { amountStr: '40' },
    { action: 'REJECT', rule: 'limits.daily', limits },
  );
  const again = await run(t, { 'line.json': logged }, 'explain', 'line.json');
  t.match(again.stdout, /\nOVER +limits\.daily\n +61 of 100 spent/);
  t.match(again.stdout, /REJECT by limits\.daily\nlogged: REJECT by limits\.daily, the same answer/);
  const failing = await run(
    t,
    { 'request.json': '{"requestId":"r","asset":"ETH"}' },
    'explain',
    'request.json',
  );
  t.match(failing, { code: 1, stdout: /\nERROR +limits\.daily\n +tx\.amount is absent\n/ });
});

t.test('warns of limits that limit nothing, or more than expected', (t) => {
  const codes = (limit: string): readonly string[] =>
    advise(`version: 1\nlimits: { l: ${limit} }\nrules: []\n`).advice.map(({ code }) => code);
  t.strictSame(codes('{ amount: tx.amount, per: [tx.sourceId], window: 24h, max: 1 }'), []);
  t.strictSame(codes('{ window: 24h, max: 0 }'), ['limit-zero']);
  for (const fact of ['tx.requestId', 'tx.txId', 'tx.externalTxId', 'tx.note']) {
    t.strictSame(codes(`{ per: [tx.asset, ${fact}], window: 24h, max: 1 }`), ['limit-unbounded'], fact);
  }
  t.strictSame(codes('{ amount: tx.amountUsd, window: 24h, max: 1 }'), ['limit-without-price']);
  t.strictSame(codes('{ when: has(tx.amountUsd), amount: tx.amountUsd, window: 24h, max: 1 }'), []);
  t.strictSame(codes('{ window: 59m, max: 1 }'), ['limit-short']);
  t.strictSame(codes('{ calendar: day, zone: UTC, max: 1 }'), []);
  t.end();
});

t.test('a list that only a limit reads is used', (t) => {
  const text = `version: 1\nlists: { treasury: ["0"] }\nlimits:\n  l: { when: tx.sourceId in lists.treasury, window: 24h, max: 1 }\nrules: []\n`;
  t.strictSame(advise(text).advice, []);
  t.end();
});

t.test('a difference shows what changes about a limit', (t) => {
  const after = POLICY.replace('max: "100"', 'max: "200", over: retry');
  const { sections } = differenceOf(parsePolicy(POLICY, 'a'), parsePolicy(after, 'b'));
  t.match(sections, [
    {
      section: 'limit daily',
      change: 'changed',
      changed: [
        { key: 'max', before: '100', after: '200' },
        { key: 'over', before: 'reject', after: 'retry' },
      ],
    },
  ]);
  t.match(
    differenceOf(undefined, parsePolicy(POLICY, 'a')).sections.map(({ section }) => section),
    /limit daily/,
  );
  t.end();
});
