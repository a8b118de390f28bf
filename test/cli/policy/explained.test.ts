// Tests `npm run policy -- explain` with decisions from a log.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { ROOT, runInProcess } from '../../helpers/cli.js';

const LOG = 'examples/decisions.ndjson';
const LINES = readFileSync(join(ROOT, LOG), 'utf8').trimEnd().split('\n');
const LOCAL = ['--policy', 'examples/local-policy.yaml'];
const STRICTER = ['--policy', 'examples/stricter-limit.yaml'];
/** The second line of the log. */
const REQUEST = '7c1d5b0a-52a6-4f0b-8d55-0d0b6a7f5e03';

const explain = (...args: readonly string[]) => runInProcess(createPolicyProgram, ['explain', ...args]);

const logged = (index: number, changes: object = {}): string =>
  JSON.stringify({ ...(JSON.parse(LINES[index] ?? '') as object), ...changes });

t.test('decides a line from the log again, and compares the answers', async (t) => {
  const file = join(t.testdir({ 'line.json': logged(1) }), 'line.json');
  const same = await explain(file, ...LOCAL);
  t.equal(same.code, 0);
  t.match(same.stdout, /^transaction 7c1d5b0a-.*\ndecided 2026-11-25T20:04:13\.031Z\n\n/);
  t.match(
    same.stdout,
    /\nAPPROVE by small-internal\nlogged: APPROVE by small-internal, policy \S+, the same answer\n$/,
  );
  const other = await explain(file, ...STRICTER);
  t.equal(other.code, 1);
  t.match(other.stdout, /\nRETRY by hold-large-transfers\nlogged: APPROVE by .*; now it would be RETRY\n$/);
  t.match(JSON.parse((await explain(file, ...STRICTER, '--json')).stdout), {
    decision: { action: 'RETRY' },
    logged: { time: '2026-11-25T20:04:13.031Z', action: 'APPROVE', decisions: 1, same: false, notLogged: [] },
  });
});

t.test('takes the line as the argument, and as `aws logs tail` prints it', async (t) => {
  t.match(await explain(logged(1), ...LOCAL), { code: 0, stdout: /the same answer/ });
  const line = `2026-11-25T20:04:13.031000+00:00 callback/1 ${logged(1)}\n`;
  const file = join(t.testdir({ 'line.txt': line }), 'line.txt');
  t.match(await explain(file, ...LOCAL), { code: 0, stdout: /the same answer/ });
});

t.test('shows no ids that could change what a terminal shows', async (t) => {
  const { code, stdout } = await explain(logged(1, { requestId: 'r\u001b[1A\u202e' }), ...LOCAL);
  t.equal(code, 0);
  t.match(stdout, 'transaction r\\u{1b}[1A\\u{202e}, policy ');
});

t.test('finds a decision by each of its ids, and explains the newest', async (t) => {
  const times = ['2026-11-25T20:10:00.000Z', '2026-11-25T20:20:00.000Z', '2026-11-25T20:15:00.000Z'];
  const attempts = times.map((time) => logged(2, { time, txId: 'tx-1', traceId: 'trace-1' }));
  const mention = logged(0, { reason: 'like tx-1' });
  const file = join(
    t.testdir({ 'log.ndjson': [mention, ...attempts, 'junk tx-1'].join('\n') }),
    'log.ndjson',
  );
  const { requestId } = JSON.parse(logged(2)) as { requestId: string };
  for (const id of ['tx-1', 'trace-1', requestId]) {
    const { code, stdout } = await explain('--request', id, '--log', file, ...LOCAL);
    t.equal(code, 0);
    t.match(stdout, '\ndecided 2026-11-25T20:20:00.000Z, the newest of 3 decisions about it\n');
  }
  t.match(await explain('--request', 'tx-2', '--log', file, ...LOCAL), {
    code: 2,
    stderr: /log\.ndjson has no decision about tx-2\n$/,
  });
});

t.test('evaluates rules at the time of the log, and says it in their time zone', async (t) => {
  const when = 'now.getHours("Europe/Berlin") < 8 || now.getHours("Asia/Tokyo") == 5';
  const policy = `version: 1\nrules: [{ id: early, for: transaction, when: '${when}', action: reject }]\n`;
  const line = { time: '2026-03-29T01:30:00.000Z', action: 'REJECT', rule: 'early' };
  const cwd = t.testdir({ 'policy.yaml': policy, 'line.json': logged(0, line) });
  const args = [join(cwd, 'line.json'), '--policy', join(cwd, 'policy.yaml')];
  const { code, stdout } = await explain(...args);
  t.equal(code, 0);
  t.match(stdout, '\n           now = 2026-03-29T01:30:00.000Z; 2026-03-29 03:30 Sunday, Europe/Berlin\n');
  const later = await explain(...args, '--now', '2026-03-29T10:00:30Z');
  t.match(
    later.stdout,
    'now = 2026-03-29T10:00:30.000Z; 2026-03-29 12:00:30 Sunday, Europe/Berlin; 2026-03-29 19:00:30 Sunday, Asia/Tokyo\n',
  );
  t.match(later.stdout, /now it would be REJECT|the same answer/);
});

t.test('is not certain if facts that were not logged matter', async (t) => {
  const line = logged(0, { omitted: ['rawTx'] });
  const { code, stdout } = await explain(line, ...LOCAL);
  t.equal(code, 1);
  t.match(stdout, /, the same answer\nNot certain: not all facts are logged: rawTx\n$/);
  t.match(
    await explain(logged(0, { omitted: ['extraParameters.*'] }), ...LOCAL),
    { code: 0 },
    'no rule reads them',
  );
});

t.test('explains what an emergency stop or a timeout answered', async (t) => {
  const stopped = await explain(
    logged(0, { rule: 'emergency stop', action: 'RETRY', policy: undefined }),
    ...LOCAL,
  );
  t.match(stopped.stdout, /\nlogged: RETRY by emergency stop; now it would be APPROVE\n$/);
  const timeout = await explain(logged(0, { rule: undefined, action: 'RETRY' }), ...LOCAL);
  t.match(timeout.stdout, /\nlogged: RETRY without a rule, policy \S+; now it would be APPROVE\n$/);
});

t.test('reports input that can’t be explained', async (t) => {
  for (const [args, code, message] of [
    [[logged(0, { facts: undefined })], 2, /the argument is a decision line without the facts/],
    [
      ['{"event":"listening"}'],
      2,
      /the argument is a log line, but not a decision: its event is "listening"/,
    ],
    [['{'], 2, /the argument is not JSON/],
    [[LOG, '--request', 'x'], 2, /give a payload or --request, not both/],
    [[LOG, '--log', LOG], 2, /--log needs --request/],
    [['--request', 'a b', '--log', LOG], 2, /--request takes one id/],
    [[], 2, /give a payload, or --request/],
  ] as const) {
    const ran = await explain(...args, ...LOCAL);
    t.equal(ran.code, code);
    t.match(ran.stderr, message);
  }
  t.match(await explain('--request', REQUEST, '--log', LOG, ...LOCAL), { code: 0 });
});
