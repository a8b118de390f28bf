// Tests that replays and explanations of the log know what the service remembered, as far as the log says it.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { recordFacts } from '../../../src/policy/evaluate/record.js';
import { ANNOUNCED_REQUEST, initiator, MESSAGE, proof } from '../../helpers/announced.js';
import { runInProcess } from '../../helpers/cli.js';
import { request } from '../../helpers/policy.js';

type Payload = Readonly<Record<string, unknown>>;

async function run(t: Test, policy: string, lines: readonly string[], ...args: readonly string[]) {
  const cwd = t.testdir({ 'policy.yaml': policy, 'log.ndjson': lines.join('\n') });
  const paths = args.map((arg) => (arg === 'log.ndjson' ? join(cwd, arg) : arg));
  return runInProcess(createPolicyProgram, [...paths, '--policy', join(cwd, 'policy.yaml')]);
}

interface Outcome {
  readonly replayed: number;
  readonly changes: readonly object[];
  readonly notReplayable: readonly string[];
  readonly changed: number;
}

async function replay(t: Test, policy: string, lines: readonly string[]): Promise<Outcome> {
  const { stdout, stderr } = await run(t, policy, lines, 'replay', 'log.ndjson', '--json');
  t.equal(stderr, '');
  return JSON.parse(stdout) as Outcome;
}

/** A decision line as the service writes it, of an approval by the rule `pay`. */
function line(payload: Payload, more: Payload = {}): string {
  const { requestId } = payload;
  return JSON.stringify({
    ...{ time: '2026-11-26T12:00:00.000Z', event: 'decision', kind: 'transaction', requestId },
    ...{ action: 'APPROVE', rule: 'pay', ...recordFacts(request({ ...payload })), ...more },
  });
}

const payment = (txId: string, amountStr: string, more: Payload = {}): Payload => ({
  ...{ requestId: txId, txId, asset: 'ETH', amountStr, ...more },
});
const signing = (txId: string, amountStr: string, more: Payload = {}): Payload =>
  payment(txId, amountStr, { fee: '0.1', ...more });

const CHANGED = { action: 'REJECT', rule: 'changed', reason: 'amountStr differs: it was 4' };
const ALL = '{ id: pay, for: transaction, when: tx.operation == "TRANSFER", action: approve }';
const LIMITED = `version: 1
limits: { daily: { amount: tx.amount, window: 24h, max: "10" } }
rules: [${ALL}]
`;
const UNLIMITED = `version: 1\nrules: [${ALL}]\n`;

t.test('a logged decision by `changed` is not a difference, whatever the policy would decide', async (t) => {
  const lines = [line(payment('t', '4')), line(signing('t', '5'), CHANGED), line(signing('u', '5'), CHANGED)];
  for (const policy of [LIMITED, UNLIMITED]) {
    t.match(await replay(t, policy, lines), { replayed: 1, changes: [], changed: 2, skipped: 0 });
  }
  const { code, stdout } = await run(t, LIMITED, lines, 'replay', 'log.ndjson');
  t.equal(code, 0);
  t.match(
    stdout,
    /: 0 would change\n2 decisions skipped: by the rule changed, because of what was approved before\n$/,
  );
  t.match(await replay(t, LIMITED, lines.slice(1)), { replayed: 0, changed: 2 });
});

t.test('a transaction that the policy would have approved otherwise is `changed`', async (t) => {
  const lines = [line(payment('t', '4'), { action: 'RETRY', rule: 'hold' }), line(payment('t', '5'))];
  t.match(await replay(t, LIMITED, lines), {
    changes: [{ to: { action: 'APPROVE' } }, { to: { action: 'REJECT', rule: 'changed' } }],
  });
  const { changes } = await replay(t, UNLIMITED, lines);
  t.equal(changes.length, 1, 'a service without a store does not remember');
});

t.test('a repeated answer is no decision', async (t) => {
  const repeated = line(payment('t', '4'), { event: 'repeated', rule: undefined });
  t.match(await replay(t, LIMITED, [line(payment('t', '4')), repeated, repeated]), {
    replayed: 1,
    changes: [],
  });
  t.match(await run(t, LIMITED, [repeated], 'replay', 'log.ndjson'), {
    code: 2,
    stderr: /has no decision lines/,
  });
  const explained = await run(
    t,
    LIMITED,
    [line(payment('t', '4')), repeated],
    'explain',
    '--request',
    't',
    '--log',
    'log.ndjson',
  );
  t.match(explained, { code: 0, stdout: /\ndecided 2026-11-26T12:00:00\.000Z\n/ });
});

t.test('what a rule reads of announced transactions is not in the log', async (t) => {
  const policy = `version: 1
limits: { daily: { amount: tx.amount, window: 24h, max: "10" } }
rules:
  - { id: small, for: transaction, when: tx.amount < decimal("2"), action: approve }
  - { id: known, for: transaction, when: has(tx.expected) && tx.expected.matches, action: approve }
`;
  const known = { rule: 'known' };
  const lines = [
    line(payment('a', '1')),
    line(payment('b', '8.5'), known),
    line(payment('c', '4'), { action: 'REJECT', rule: 'otherwise' }),
    line(payment('d', '1.5')),
  ];
  const outcome = await replay(t, policy, lines);
  t.match(outcome, { replayed: 2, notReplayable: ['b', 'c'] });
  t.match(outcome.changes, [{ requestId: 'd', to: { rule: 'limits.daily' } }], 'what was approved counts');
  t.equal(outcome.changes.length, 1);
  const { stdout } = await run(t, policy, [lines[1] ?? ''], 'explain', 'log.ndjson');
  t.match(stdout, /\nNot certain: not all facts are logged: tx\.expected\n/);
  const small = await run(t, policy, [lines[0] ?? ''], 'explain', 'log.ndjson');
  t.match(small, { code: 0, stdout: /the same answer/ });
  t.notMatch(small.stdout, /Not certain/);
});

t.test('the proof of an initiator is not in the log', async (t) => {
  const payouts = initiator();
  const policyWith = (when: string): string =>
    JSON.stringify({
      version: 1,
      initiators: { payouts: { key: payouts.pem } },
      rules: [{ id: 'pay', for: 'transaction', when, action: 'approve' }],
    });
  const extraParameters = proof(payouts, MESSAGE);
  const lines = [
    line({ ...ANNOUNCED_REQUEST, requestId: 'proven', extraParameters }),
    line({ ...ANNOUNCED_REQUEST, requestId: 'without', txId: 't-2' }, { action: 'REJECT' }),
  ];
  t.notMatch(lines[0], /extraSignature|initiator/);
  for (const when of ['has(tx.initiator)', 'has(tx.initiator) && tx["initiator"] == "payouts"']) {
    t.match(await replay(t, policyWith(when), lines), {
      replayed: 1,
      changes: [],
      notReplayable: ['proven'],
    });
  }
  t.match(await replay(t, policyWith('tx.asset == "ETH" || has(tx.initiator)'), lines), { replayed: 2 });
  const explained = await run(t, policyWith('has(tx.initiator)'), [lines[0] ?? ''], 'explain', 'log.ndjson');
  t.match(explained.stdout, /\nNot certain: not all facts are logged: extraParameters\.\*\n/);
});

t.test('what is not logged is not read to know what was approved', async (t) => {
  const policy = LIMITED.replace(
    'tx.operation == "TRANSFER"',
    `'tx.asset == "ETH" || tx.extraParameters.programCallData == "x"'`,
  );
  const extraParameters = { programCallData: 'x' };
  const lines = [line(payment('t', '4', { extraParameters })), line(signing('t', '4', { extraParameters }))];
  t.match(await replay(t, policy, lines), { replayed: 2, changes: [], notReplayable: [] });
});

t.test('a transaction that was approved by what is not logged stays what was approved', async (t) => {
  const policy = LIMITED.replace('tx.operation == "TRANSFER"', 'has(tx.expected)');
  const lines = [line(payment('t', '4')), line(signing('t', '5')), line(signing('t', '5'))];
  t.match(await replay(t, policy, lines), {
    replayed: 2,
    notReplayable: ['t'],
    changes: [{ to: { rule: 'changed' } }, { to: { rule: 'changed' } }],
  });
});

t.test('nothing is counted for a changed transaction that the log approved', async (t) => {
  const policy = LIMITED.replace(
    'amount: tx.amount',
    'amount: tx.amount, when: tx.extraParameters.size() >= 0',
  );
  const extraParameters = { memo: 'x' };
  const lines = ['4', '5'].map((amount) => line(payment('t', amount, { extraParameters })));
  t.match(await replay(t, policy, lines), { replayed: 0, notReplayable: ['t', 't'] });
});

t.test('a request that a service with a store refuses is not replayed', async (t) => {
  const deep = JSON.parse(`${'{"a":'.repeat(600)}1${'}'.repeat(600)}`) as object;
  const facts = {
    ...payment('t', '4'),
    extraParameters: { rawMessageData: { messages: [{ content: deep }] } },
  };
  const lines = [line(payment('t', '4'), { facts }), line(payment('u', '4'))];
  t.match(await replay(t, LIMITED, lines), { replayed: 1, notReplayable: ['t'] });
});

t.test('explains a logged decision by `changed` by what the log says', async (t) => {
  for (const policy of [LIMITED, UNLIMITED]) {
    const { code, stdout } = await run(
      t,
      policy,
      [line(signing('t', '5'), CHANGED)],
      'explain',
      'log.ndjson',
    );
    t.equal(code, 0);
    t.match(
      stdout,
      /\nREJECT by changed: amountStr differs: it was 4\nlogged: REJECT by changed, the same answer\n/,
    );
  }
});
