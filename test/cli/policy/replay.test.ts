import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { samplePayload } from '../../../cli/cosigner/request.js';
import { recordFacts } from '../../../src/policy/evaluate/record.js';
import { runInProcess } from '../../helpers/cli.js';
import { request } from '../../helpers/policy.js';

/** Replays log lines with a policy. */
async function replay(t: Test, policy: string, lines: readonly string[], ...args: readonly string[]) {
  const cwd = t.testdir({ 'policy.yaml': policy, 'log.ndjson': lines.join('\n') });
  const log = join(cwd, 'log.ndjson');
  const policyFile = join(cwd, 'policy.yaml');
  const ran = await runInProcess(createPolicyProgram, ['replay', log, '--policy', policyFile, ...args]);
  const strip = (output: string): string => output.replaceAll(`${cwd}/`, '');
  return { ...ran, stdout: strip(ran.stdout), stderr: strip(ran.stderr) };
}

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

const EMPTY_POLICY = '{ version: 1, rules: [] }';

t.test('lists the decisions that would change, and those that can’t be replayed', async (t) => {
  const when = 'tx.amount <= decimal("1") || (tx.asset == "X" && tx.extraParameters.ok == true)';
  const policy = `{ version: 1, rules: [
    { id: small, for: transaction, when: '${when}', action: approve },
    { id: change, for: configuration, when: 'config.extraInfo.other == "x"', action: approve } ] }`;
  const lines = [
    line('same', { amountStr: '1', asset: 'ETH' }),
    line('larger', { amountStr: '1.000000000000000001', asset: 'ETH' }),
    `2026-03-03T11:00:00 handler/1234 ${line('prefixed', { amountStr: '2', asset: 'ETH' })}`,
    line('broken', { amountStr: '1,000', asset: 'ETH' }),
    line('hidden', { amountStr: '2', asset: 'X' }, { omitted: ['extraParameters'] }),
    line(
      'hidden change',
      { type: 'X', extraInfo: {} },
      { kind: 'configuration', omitted: ['extraInfo.other'] },
    ),
    line('all hidden', {}, { omitted: ['*'] }),
    line('not needed', { amountStr: '1', asset: 'X' }, { omitted: ['extraParameters'] }),
    line('made by a fault', { amountStr: '2' }, { rule: undefined }),
    '{"event":"refused"}',
    'not JSON',
    '{broken',
  ];
  const { code, stdout } = await replay(t, policy, lines);
  t.equal(code, 1);
  t.match(stdout, /^5 decisions from log\.ndjson replayed with policy\.yaml [0-9a-f]{12}: 3 would change\n/);
  t.match(
    stdout,
    /\n3 decisions can't be replayed, because facts that the rules read are not logged: hidden, hidden change, all hidden\n/,
  );
  t.match(stdout, /\n1 decision skipped: not made by a rule, or logged without facts\n/);
  t.match(stdout, /\n2 {2}APPROVE -> REJECT\n1 {2}APPROVE -> RETRY\n/);
  t.match(stdout, /\n2026-03-03T11:00:00\.000Z {2}larger +APPROVE {2}before {2}REJECT +otherwise\n/);
  t.match(stdout, /broken +APPROVE {2}before {2}RETRY +small: tx\.amount is not a decimal number/);
  t.match(JSON.parse((await replay(t, policy, lines, '--json')).stdout), {
    replayed: 5,
    skipped: 1,
    changes: [{ requestId: 'larger' }, { requestId: 'prefixed' }, { requestId: 'broken' }],
    notReplayable: ['hidden', 'hidden change', 'all hidden'],
  });
});

t.test('skips and counts the decisions that an emergency stop or stale data made', async (t) => {
  const lines = [
    line('by rule', {}, { action: 'REJECT' }),
    line('stopped', {}, { action: 'RETRY', rule: 'emergency stop' }),
    line('stopped for good', {}, { action: 'REJECT', rule: 'emergency stop' }),
    line('stale', {}, { action: 'RETRY', rule: 'stale data' }),
  ];
  const { code, stdout } = await replay(t, EMPTY_POLICY, lines);
  t.equal(code, 0);
  t.match(
    stdout,
    /^1 decision from log\.ndjson replayed with .*: 0 would change\n3 decisions skipped: made by/,
  );
  t.match(JSON.parse((await replay(t, EMPTY_POLICY, lines, '--json')).stdout), {
    replayed: 1,
    skipped: 0,
    overridden: 3,
    changes: [],
  });
  t.match(await replay(t, EMPTY_POLICY, lines.slice(1)), { code: 0, stdout: /^0 decisions from/ });
});

t.test('can’t replay a decision for which a rule reads undocumented fields of extraInfo', async (t) => {
  const change = (requestId: string, type: string, extraInfo: object): string =>
    line(
      requestId,
      { type, extraInfo },
      { kind: 'configuration', omitted: ['extraInfo.*'], action: 'REJECT' },
    );
  const policyWith = (when: string): string =>
    JSON.stringify({ version: 1, rules: [{ id: 'a', for: 'configuration', when, action: 'approve' }] });
  const notReplayable = async (when: string): Promise<readonly string[]> => {
    const lines = [change('b', 'B', { tag: 'x' }), change('c', 'C', {})];
    const { stdout } = await replay(t, policyWith(when), lines, '--json');
    return (JSON.parse(stdout) as { notReplayable: string[] }).notReplayable;
  };
  t.strictSame(await notReplayable('config.type == "B" && config.extraInfo.other == "x"'), ['b']);
  t.strictSame(await notReplayable('config.type == "B" && config.extraInfo["other"] == "x"'), ['b']);
  t.strictSame(await notReplayable('config.type == "B" && has(config.extraInfo.other)'), ['b']);
  t.strictSame(await notReplayable('config.extraInfo.size() == 1'), ['b', 'c']);
  t.strictSame(await notReplayable('[config.extraInfo].exists(e, e.other == "x")'), ['b', 'c']);
  t.strictSame(await notReplayable('has(config.extraInfo) && has(config.extraInfo.tag)'), []);
  t.strictSame(await notReplayable('has(config.extraInfo.walletName)'), [], 'documented, so it was absent');
});

const policyWith = (when: string): string =>
  JSON.stringify({
    version: 1,
    rules: [{ id: 'a', for: 'transaction', when, action: 'approve' }],
  });

/** The outcome of a replay in JSON. */
async function replayed(t: Test, policy: string, lines: readonly string[]) {
  const { stdout } = await replay(t, policy, lines, '--json');
  return JSON.parse(stdout) as { replayed: number; changes: object[]; notReplayable: string[] };
}

t.test('reads what is signed again from the log', async (t) => {
  const { facts } = recordFacts(request(samplePayload('transaction')));
  const stranger = '0x00000000219ab540356cBB839Cbe05303d7705Fa';
  const lines = [
    line('agrees', facts),
    line('contradicts', { ...facts, destAddress: stranger, destinations: [{ displayDstAddress: stranger }] }),
  ];
  t.match(await replayed(t, policyWith('tx.raw.verified && tx.evm.nonce == decimal("4")'), lines), {
    replayed: 2,
    changes: [{ requestId: 'contradicts', to: { action: 'REJECT', rule: 'integrity' } }],
  });
  const call = '0xa9059cbb'.padEnd(74, '0').padEnd(138, '0');
  const called = recordFacts(
    request({
      operation: 'CONTRACT_CALL',
      asset: 'ETH',
      destAddress: stranger,
      extraParameters: { contractCallData: call },
    }),
  );
  t.match(await replayed(t, policyWith('tx.call.method == "transfer"'), [line('call', called.facts)]), {
    replayed: 1,
    changes: [],
  });
});

t.test('can’t replay a decision whose raw transaction was too large for the log', async (t) => {
  const lines = [
    line('raw', {}, { omitted: ['rawTx'] }),
    line('call', {}, { omitted: ['extraParameters.contractCallData', 'extraParameters.*'] }),
  ];
  t.match(await replayed(t, policyWith('true'), lines), { replayed: 0, notReplayable: ['raw', 'call'] });
});

t.test('can’t replay a decision for which a rule reads other extraParameters', async (t) => {
  const omitted = { omitted: ['extraParameters.*'] };
  const extraParameters = { contractCallData: '0x' };
  const lines = [
    line('b', { asset: 'B', extraParameters }, omitted),
    line('c', { asset: 'C', extraParameters }, omitted),
  ];
  const notReplayable = async (when: string) => (await replayed(t, policyWith(when), lines)).notReplayable;
  t.strictSame(await notReplayable('tx.asset == "B" && tx.extraParameters.memo == "x"'), ['b']);
  t.strictSame(await notReplayable('tx.asset == "B" && tx["extraParameters"]["memo"] == "x"'), ['b']);
  t.strictSame(await notReplayable('tx.extraParameters.size() == 1'), ['b', 'c']);
  t.strictSame(await notReplayable('[tx.extraParameters].exists(e, e.memo == "x")'), ['b', 'c']);
  t.strictSame(await notReplayable('tx.extraParameters.contractCallData == "0x"'), []);
  t.strictSame(await notReplayable('has(tx.extraParameters) && has(tx.extraParameters.psbt)'), []);
});

t.test('replays old logs, which have no extraParameters, unless a rule reads what they say', async (t) => {
  const lines = [line('old', { asset: 'B', operation: 'CONTRACT_CALL' }, { omitted: ['extraParameters'] })];
  const outcome = (when: string) => replayed(t, policyWith(when), lines);
  t.match(await outcome('tx.asset == "B"'), { replayed: 1, notReplayable: [] });
  for (const when of ['has(tx.extraParameters)', 'has(tx.call.method)', 'has(tx.typedData)']) {
    t.match(await outcome(when), { replayed: 0, notReplayable: ['old'] }, when);
  }
});

t.test('replays old logs, which name undocumented fields', async (t) => {
  const policy = `{ version: 1, rules: [{ id: a, for: configuration, when: 'config.extraInfo.other == "x"', action: approve }] }`;
  const old = line(
    'old',
    { type: 'X', extraInfo: {} },
    { kind: 'configuration', omitted: ['extraInfo.other'] },
  );
  t.match(await replay(t, policy, [old]), { stdout: /not logged: old\n/ });
});

t.test('reads a log with a byte order mark, and reports one in UTF-16', async (t) => {
  const decision = line('same', {}, { action: 'REJECT' });
  t.match(await replay(t, EMPTY_POLICY, [`\ufeff${decision}`]), { code: 0 });
  const cwd = t.testdir({
    'policy.yaml': EMPTY_POLICY,
    'log.ndjson': Buffer.from(`\ufeff${decision}\n`, 'utf16le'),
  });
  const args = ['replay', join(cwd, 'log.ndjson'), '--policy', join(cwd, 'policy.yaml')];
  t.match(await runInProcess(createPolicyProgram, args), {
    code: 2,
    stderr: /log\.ndjson is encoded in UTF-16: save it as UTF-8\n$/,
  });
});

t.test('exits with 0 when no decision would change', async (t) => {
  const { code, stdout } = await replay(t, EMPTY_POLICY, [line('same', {}, { action: 'REJECT' })]);
  t.equal(code, 0);
  t.match(stdout, /^1 decision from log\.ndjson replayed with policy\.yaml [0-9a-f]{12}: 0 would change\n$/);
});

t.test('reports a log without decision lines', async (t) => {
  t.match(await replay(t, EMPTY_POLICY, ['{"event":"listening"}', 'text']), {
    code: 2,
    stdout: /^$/,
    stderr: 'error: log.ndjson has no decision lines (lines read: 2)\n',
  });
});

t.test('explains how to get JSON when the log was copied from a terminal', async (t) => {
  const decided = 'decided {"kind":"transaction","requestId":"r-1","action":"APPROVE"}';
  for (const text of [
    `[11:00:00.123] INFO: ${decided}`,
    `[11:00:00.123] \u001b[32mINFO\u001b[39m: \u001b[36m${decided}\u001b[39m`,
    `[2026-03-03 11:00:00.123 +0100] WARN: ${decided}`,
  ]) {
    t.match(await replay(t, EMPTY_POLICY, ['> node dist/main.js --local', text]), {
      code: 2,
      stderr: /no decision lines in JSON: .*terminal\.\n.*: npm start > handler\.ndjson\n$/,
    });
  }
});
