// Tests `npm run policy -- report` with log files.
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import { createPolicyProgram } from '../../../../cli/policy/program.js';
import { runProgram } from '../../../../cli/command.js';
import { runInProcess } from '../../../helpers/cli.js';

const LOG = 'examples/decisions.ndjson';

const report = (...args: readonly string[]) => runInProcess(createPolicyProgram, ['report', ...args]);

/** What a terminal of a width shows. */
async function onTerminal(columns: number, ...args: readonly string[]): Promise<string> {
  let shown = '';
  const stdout = { isTTY: true, columns, hasColors: () => true, write: (chunk: string) => (shown += chunk) };
  await runProgram(createPolicyProgram(stdout), undefined, { args: ['report', ...args], stdout });
  return shown;
}

t.test('shows tables, policies and rules that never matched', async (t) => {
  const { code, stdout } = await report('--log', LOG, '--policy', 'examples/local-policy.yaml');
  t.equal(code, 0);
  t.ok(
    stdout.startsWith(
      '5 decisions from 2026-11-25T20:04:12.033Z to 2026-11-25T20:04:16.368Z, examples/decisions.ndjson\n\n',
    ),
  );
  t.match(
    stdout,
    '\nrule                   decisions   share  approve  reject  retry  ignore\nsmall-internal ',
  );
  t.match(stdout, '\nUSDC             APPROVE          1  20.0 %   7500\n');
  t.match(stdout, '\nETH              APPROVE          1  20.0 %      0.01\n');
  t.match(stdout, '\n2026-11-25          5  100.0 %        2       1      1       1\n');
  t.match(stdout, /\npolicy +decisions\n[0-9a-f]+ +5\n/);
  t.match(stdout, /\nRules that never matched, of policy [0-9a-f]{12}: messages\n/);
  t.notMatch(stdout, '█', 'no bars without a terminal');
  t.notMatch(stdout, '\u001b', 'no colours');
});

t.test('draws bars that fit the terminal', async (t) => {
  for (const columns of [60, 80, 140]) {
    const shown = await onTerminal(columns, '--log', LOG);
    t.match(shown, '\u001b[32m█', 'in the colours of the actions');
    const plain = stripVTControlCharacters(shown).split('\n').slice(2);
    t.match(plain.join('\n'), /\nsmall-internal +2 +40\.0 %.* {2}█+\n/);
    const tables = plain.filter((line) => !line.startsWith('5 decisions'));
    t.ok(
      tables.every((line) => line.length <= columns),
      `${columns} columns`,
    );
  }
  t.match(stripVTControlCharacters(await onTerminal(140, '--log', LOG)), / approve +reject /);
});

t.test('shortens long names on a terminal, and nowhere else', async (t) => {
  const rule = 'a-rule-with-a-name-that-is-longer-than-anybody-would-like-to-read';
  const lines = `{"event":"decision","time":"2026-03-02T10:00:00.000Z","action":"APPROVE","rule":"${rule}"}\n`;
  const file = join(t.testdir({ 'log.ndjson': lines }), 'log.ndjson');
  t.match(stripVTControlCharacters(await onTerminal(80, '--log', file)), /\na-rule-with-a-name\S*… /);
  t.match((await report('--log', file)).stdout, rule);
});

t.test('shows control characters of a request instead of printing them', async (t) => {
  const asset = 'E\u001b[2JTH';
  const line = JSON.stringify({
    ...{ event: 'decision', time: '2026-03-02T10:00:00.000Z', action: 'APPROVE', rule: 'a', asset },
  });
  const file = join(t.testdir({ 'log.ndjson': line }), 'log.ndjson');
  const { stdout } = await report('--log', file);
  t.match(stdout, 'E\\u{1b}[2JTH');
  t.notMatch(stdout, '\u001b');
});

t.test('says what is worth a look, and where the candidate differs', async (t) => {
  const time = '2026-03-02T10:00:00.000Z';
  const lines = [
    { event: 'decision', time, action: 'RETRY', rule: 'small', ruleError: 'tx.note is absent' },
    { event: 'decision', time, action: 'APPROVE', rule: 'small', verified: false },
    {
      ...{ event: 'candidate_differs', time, requestId: 'r-1', action: 'APPROVE', rule: 'small' },
      candidate: { action: 'RETRY', rule: 'hold', policy: 'c'.repeat(64), ruleError: 'tx.fee is absent' },
    },
  ].map((line) => `${JSON.stringify(line)}\n`);
  const file = join(t.testdir({ 'log.ndjson': lines.join('') }), 'log.ndjson');
  const { stdout } = await report('--log', file);
  t.match(stdout, '\nWorth a look\n  1  signing requests that are not verified');
  t.match(stdout, '\n  1  could not be evaluated: small: tx.note is absent\n');
  t.match(stdout, '\nThe candidate cccccccccccc would decide differently: 1 decision\n');
  t.match(stdout, '\n  1  APPROVE -> RETRY  small -> hold\n');
  t.match(
    stdout,
    /\n2026-03-02T10:00:00\.000Z {2}r-1 +APPROVE {2}small {2}RETRY +hold: tx\.fee is absent\n$/,
  );
  t.match(JSON.parse((await report('--log', file, '--json')).stdout), {
    ...{ decisions: 2, unverified: 1, neverMatched: null, source: file, zone: 'UTC' },
    errors: [{ error: 'small: tx.note is absent', decisions: 1 }],
    candidate: { differs: 1, policies: [{ policy: 'c'.repeat(64) }], first: [{ requestId: 'r-1' }] },
  });
});

t.test('groups by the requested columns, as text, JSON and CSV', async (t) => {
  const by = ['--log', LOG, '--by', 'rule, asset'];
  t.match(
    (await report(...by)).stdout,
    /\n\nrule +asset +decisions +share +approve .* amount\nsmall-internal +ETH +1 /,
  );
  t.match(JSON.parse((await report(...by, '--json')).stdout), {
    tables: [
      {
        by: ['rule', 'asset'],
        rows: [{ rule: 'small-internal', asset: 'ETH', amount: '0.01' }, {}, {}, {}, {}],
      },
    ],
  });
  const { stdout } = await report(...by, '--csv');
  t.ok(stdout.startsWith('rule,asset,decisions,share,amount,decisions without amount\r\n'));
  t.equal(stdout.split('\r\n').length, 7);
});

t.test('a period can be empty, a log without decisions is refused', async (t) => {
  t.match(await report('--log', LOG, '--since', '1s'), {
    code: 0,
    stdout: /^0 decisions, examples\/decisions/,
  });
  const file = join(t.testdir({ 'log.ndjson': '{"event":"listening"}\n' }), 'log.ndjson');
  t.match(await report('--log', file), { code: 2, stderr: /has no decision lines \(lines read: 1\)/ });
  for (const [args, message] of [
    [['--csv', '--json'], /'--csv' cannot be used with option '--json'/],
    [['--by', 'colour'], /--by takes rule, action, asset, day, not "colour"/],
    [['--zone', 'Mars'], /unknown time zone "Mars"/],
    [['--since', 'ever'], /--since takes a duration/],
    [['--log', '-', '--policy', '-'], /only one file can be standard input/],
  ] as const) {
    t.match(await report('--log', LOG, ...args), { code: 2, stderr: message }, args.join(' '));
  }
});

t.test('reads a long log in bounded memory', async (t) => {
  const file = join(t.testdir({ 'log.ndjson': '' }), 'log.ndjson');
  const block = Array.from({ length: 2000 }, (_, index) =>
    JSON.stringify({
      ...{ event: 'decision', time: '2026-03-02T10:00:00.000Z', kind: 'transaction', action: 'APPROVE' },
      ...{
        requestId: `r-${index}`,
        rule: 'a',
        asset: `A${index}`,
        amount: '1',
        facts: { note: 'x'.repeat(500) },
      },
    }),
  ).join('\n');
  for (let index = 0; index < 20; index++) appendFileSync(file, `${block}\n`);
  const before = process.memoryUsage().rss;
  t.match((await report('--log', file, '--json')).stdout, '"decisions":40000');
  t.ok(process.memoryUsage().rss - before < 150_000_000, 'the log has 26 MB');
});
