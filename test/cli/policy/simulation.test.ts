// Tests that test cases know what the service remembers: what was approved, what was announced, which proofs were used.
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createPolicyProgram } from '../../../cli/policy/program.js';
import { ANNOUNCED, ANNOUNCED_REQUEST, initiator, MESSAGE, proof } from '../../helpers/announced.js';
import { runInProcess } from '../../helpers/cli.js';

type Payload = Readonly<Record<string, unknown>>;

interface WrittenCase {
  readonly name: string;
  readonly payload: Payload;
  readonly earlier?: readonly { readonly payload: Payload; readonly now?: string }[];
  readonly expected?: readonly object[];
  readonly limits?: object;
  readonly now?: string;
  readonly expect: { readonly action: string; readonly rule?: string };
}

const NOW = '2026-11-26T12:00:00Z';

/** Runs `policy test`. */
async function test(t: Test, policy: string, cases: readonly WrittenCase[], ...args: readonly string[]) {
  const cwd = t.testdir({ 'policy.yaml': policy, 'cases.yaml': JSON.stringify({ cases }) });
  const paths = [join(cwd, 'cases.yaml'), '--policy', join(cwd, 'policy.yaml')];
  return runInProcess(createPolicyProgram, ['test', ...paths, ...args]);
}

/** Asserts that all cases pass. */
async function passes(t: Test, policy: string, cases: readonly WrittenCase[]): Promise<void> {
  const { code, stdout, stderr } = await test(t, policy, cases);
  t.equal(code, 0, stdout + stderr);
}

const PAY = `version: 1
limits:
  daily: { amount: tx.amount, window: 24h, max: "10" }
rules:
  - { id: large, for: transaction, when: tx.amount > decimal("9"), action: reject }
  - { id: pay, for: transaction, when: tx.operation == "TRANSFER", action: approve }
`;

const payment = (txId: string, amountStr: string, more: Payload = {}): Payload => ({
  ...{ requestId: txId, txId, asset: 'ETH', amountStr },
  destinations: [{ amountNativeStr: amountStr, dstAddress: ANNOUNCED.destinations[0]?.address }],
  ...more,
});
const signing = (txId: string, amountStr: string, more: Payload = {}): Payload =>
  payment(txId, amountStr, { fee: '0.1', ...more });

const approve = { action: 'approve', rule: 'pay' };
const changed = { action: 'reject', rule: 'changed' };
const over = { action: 'reject', rule: 'limits.daily' };

t.test('a transaction that is not what was approved is rejected by `changed`', async (t) => {
  const earlier = [{ payload: payment('t', '4') }];
  const elsewhere = {
    destinations: [{ amountNativeStr: '4', dstAddress: ANNOUNCED.destinations[1]?.address }],
  };
  await passes(t, PAY, [
    { name: 'the same', payload: signing('t', '4'), earlier, expect: approve },
    { name: 'less the fee', payload: signing('t', '3.9'), earlier, expect: approve },
    { name: 'more', payload: signing('t', '4.1'), earlier, expect: changed },
    { name: 'elsewhere', payload: signing('t', '4', elsewhere), earlier, expect: changed },
    { name: 'other approval', payload: payment('t', '5'), earlier, expect: changed },
    { name: 'another', payload: signing('other', '5'), earlier, expect: approve },
    {
      name: 'rejected before, so that nothing binds',
      payload: payment('t', '4'),
      earlier: [{ payload: payment('t', '9.5') }],
      expect: approve,
    },
  ]);
});

t.test('a case that fails by `changed` shows what differs', async (t) => {
  const { code, stdout } = await test(t, PAY, [
    { name: 'more', payload: signing('t', '5'), earlier: [{ payload: payment('t', '4') }], expect: approve },
  ]);
  t.equal(code, 1);
  t.match(stdout, /\+ got +REJECT +changed\n +changed: .*amount/);
});

t.test('`changed` does not give back what the transaction was counted for', async (t) => {
  const approved = { payload: payment('t', '6') };
  const rejected = signing('t', '9.5');
  const rule = (name: string, signed: Payload, expect: WrittenCase['expect']): WrittenCase => ({
    ...{ name, payload: payment('u', '5'), earlier: [approved, { payload: signed }], expect },
  });
  const noFee = PAY.replace('tx.amount > decimal("9")', 'has(tx.fee)');
  await passes(t, noFee, [
    rule('changed', rejected, over),
    rule('its signing is rejected', signing('t', '6'), approve),
  ]);
});

t.test('the entries of a batch share a txId, and each is signed once', async (t) => {
  const entry = (suffix: string, amount: string, more: Payload = {}): Payload =>
    payment('b', amount, { requestId: `b-${suffix}`, ...more });
  const earlier = [{ payload: entry('1', '1') }, { payload: entry('2', '2') }];
  const signed = (suffix: string, amount: string) => ({ payload: entry(suffix, amount, { fee: '0' }) });
  await passes(t, PAY, [
    { name: 'each counts', payload: payment('o', '7.5'), earlier, expect: over },
    { name: 'as approved', ...signed('x', '2'), earlier, expect: approve },
    { name: 'none of them', ...signed('x', '3'), earlier, expect: changed },
    { name: 'twice', ...signed('y', '2'), earlier: [...earlier, signed('x', '2')], expect: changed },
    { name: 'one more', payload: entry('3', '3'), earlier, expect: approve },
  ]);
});

t.test('the same request gets the same final answer again, and counts once', async (t) => {
  const earlier = (...payloads: readonly Payload[]) => payloads.map((payload) => ({ payload }));
  const large = payment('t', '6');
  const retrying = PAY.replace('max: "10"', 'max: "10", over: retry');
  const before = [
    { payload: payment('a', '6'), now: '2026-11-25T00:00:00Z' },
    { payload: large, now: '2026-11-25T01:00:00Z' },
  ];
  await passes(t, PAY, [
    { name: 'counted once', payload: payment('o', '4'), earlier: earlier(large, large), expect: approve },
    { name: 'rejected again', payload: large, earlier: before, now: NOW, expect: over },
    { name: 'other content', payload: { ...large, note: 'x' }, earlier: before, now: NOW, expect: approve },
  ]);
  await passes(t, retrying, [
    { name: 'RETRY is not final', payload: large, earlier: before, now: NOW, expect: approve },
  ]);
});

const KNOWN = `version: 1
rules:
  - { id: known, for: transaction, when: has(tx.expected) && tx.expected.matches, action: approve }
  - { id: differs, for: transaction, when: has(tx.expected), action: retry }
`;

const known = { action: 'approve', rule: 'known' };
const unknown = { action: 'reject', rule: 'otherwise' };
const asked = (txId: string, more: Payload = {}): Payload => ({
  ...ANNOUNCED_REQUEST,
  ...{ requestId: txId, txId },
  ...more,
});

t.test('cases announce transactions, each of which one transaction uses', async (t) => {
  const expected = [ANNOUNCED];
  const earlier = [{ payload: asked('t-1') }];
  const signed = { fee: '0.001' };
  await passes(t, KNOWN, [
    { name: 'not announced', payload: asked('t-1'), expect: unknown },
    { name: 'announced', payload: asked('t-1'), expected, expect: known },
    {
      name: 'by txId',
      payload: asked('t-1', { externalTxId: null }),
      expected: [{ ...ANNOUNCED, externalTxId: undefined, txId: 't-1' }],
      expect: known,
    },
    {
      name: 'otherwise',
      payload: asked('t-1', { asset: 'BTC' }),
      expected,
      expect: { action: 'retry', rule: 'differs' },
    },
    { name: 'its signing', payload: asked('t-1', signed), expected, earlier, expect: known },
    { name: 'used by another', payload: asked('t-2'), expected, earlier, expect: unknown },
    {
      name: 'not used by what was not approved',
      payload: asked('t-2'),
      expected,
      earlier: [{ payload: asked('t-1', { asset: 'BTC' }) }],
      expect: known,
    },
  ]);
});

t.test('each entry of a batch needs an announced transaction of its own', async (t) => {
  const entry = (suffix: string) => ({ payload: asked('t-1', { requestId: `t-1-${suffix}` }) });
  const earlier = [entry('1')];
  await passes(t, KNOWN, [
    {
      name: 'the same entry',
      payload: asked('t-1', { requestId: 't-1-1', note: 'x' }),
      earlier,
      expected: [ANNOUNCED],
      expect: known,
    },
    { name: 'another', ...entry('2'), earlier, expected: [ANNOUNCED], expect: unknown },
  ]);
});

t.test('an announced transaction expires', async (t) => {
  const expected = [{ ...ANNOUNCED, expires: NOW }];
  const before = '2026-11-26T11:59:59Z';
  await passes(t, KNOWN, [
    { name: 'before', payload: asked('t-1'), expected, now: before, expect: known },
    { name: 'after', payload: asked('t-1'), expected, now: NOW, expect: unknown },
    {
      name: 'approved before',
      payload: asked('t-1', { fee: '0' }),
      expected,
      now: NOW,
      earlier: [{ payload: asked('t-1'), now: before }],
      expect: known,
    },
  ]);
  t.match(await test(t, KNOWN, [{ name: 'x', payload: asked('t-1'), expected, expect: known }]), {
    code: 2,
    stderr: /case "x": the rule known reads the time: add now:/,
  });
});

t.test('what is announced in vain or wrongly is an error', async (t) => {
  const errorOf = async (expected: readonly object[], policy = KNOWN) =>
    (await test(t, policy, [{ name: 'x', payload: asked('t-1'), expected, expect: known }])).stderr;
  t.match(
    await errorOf([ANNOUNCED], PAY.replaceAll('pay,', 'known,')),
    /line 1, case "x": announces transactions in "expected", but no rule of the policy reads tx\.expected\n/,
  );
  t.match(await errorOf([ANNOUNCED, ANNOUNCED]), /case "x": it announces payout-1 twice in "expected"\n/);
  t.match(
    await errorOf([{ ...ANNOUNCED, amount: 3 }]),
    /case "x": expected\.0\.amount: must be an amount in quotes/,
  );
  t.match(
    await errorOf([{ ...ANNOUNCED, amount: '4' }]),
    /case "x": expected\.0: the destinations get 3, but/,
  );
});

t.test('--mutate changes rules that read announced transactions', async (t) => {
  const cases: readonly WrittenCase[] = [
    { name: 'announced', payload: asked('t-1'), expected: [ANNOUNCED], expect: known },
    { name: 'not', payload: asked('t-1'), expect: unknown },
  ];
  const { code, stdout } = await test(t, KNOWN, cases, '--mutate');
  t.equal(code, 1);
  t.match(stdout, /rule known\n +tx\.expected\.matches -> \(left out\)\n/);
  const differs = { action: 'retry', rule: 'differs' };
  const all = [
    ...cases,
    { name: 'other', payload: asked('t-1', { asset: 'BTC' }), expected: [ANNOUNCED], expect: differs },
  ];
  const others = (await test(t, KNOWN, all, '--mutate')).stdout;
  t.match(others, /3 cases: 12 noticed \(92 %\), 1 not/);
  t.match(others, /retry -> reject/, 'onError is the only one');
});

t.test('a proof of the initiator is used by one transaction', async (t) => {
  const payouts = initiator();
  const policy = JSON.stringify({
    version: 1,
    initiators: { payouts: { key: payouts.pem } },
    rules: [
      {
        id: 'noted',
        for: 'transaction',
        when: 'has(tx.note)',
        action: 'approve',
      },
      {
        id: 'signed',
        for: 'transaction',
        when: 'has(tx.initiator) && tx.initiator == "payouts"',
        action: 'approve',
      },
      { id: 'small', for: 'transaction', when: 'tx.asset == "BTC"', action: 'approve' },
    ],
  });
  const extraParameters = proof(payouts, MESSAGE);
  const proven = (txId: string, more: Payload = {}) => ({
    payload: asked(txId, { extraParameters, ...more }),
  });
  const signed = { action: 'approve', rule: 'signed' };
  const refused = { action: 'retry', rule: 'signed' };
  const now = NOW;
  await passes(t, policy, [
    { name: 'proven', ...proven('t-1'), now, expect: signed },
    { name: 'no proof', payload: asked('t-1'), expect: unknown },
    { name: 'its signing', ...proven('t-1', { fee: '0' }), now, earlier: [proven('t-1')], expect: signed },
    {
      name: 'approved by another rule',
      ...proven('t-1', { fee: '0' }),
      now,
      earlier: [proven('t-1'), proven('t-2', { note: 'x' })],
      expect: signed,
    },
    { name: 'used', ...proven('t-2'), now, earlier: [proven('t-1')], expect: refused },
    { name: 'of another', ...proven('t-2'), now, earlier: [proven('t-1', { asset: 'BTC' })], expect: signed },
    { name: 'expired', ...proven('t-1'), now: MESSAGE.expires, expect: refused },
  ]);
  t.match(await test(t, policy, [{ name: 'x', ...proven('t-1'), expect: signed }]), {
    code: 2,
    stderr: /the rule signed reads the time: add now:/,
  });
  const set = { 'extraParameters.extraSignature': 'AA==' };
  const altered = { name: 'altered', ...proven('t-1'), set, now, expect: refused };
  await passes(t, policy, [altered]);
});
