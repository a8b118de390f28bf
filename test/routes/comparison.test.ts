import { setImmediate as nextTurn } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { signToken } from '../../cli/cosigner/request.js';
import type { Decide } from '../../src/policy/evaluate/decide.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { Comparison } from '../../src/routes/comparison.js';
import { decideUnless } from '../../src/sources/emergency.js';
import { cosigner, testApp } from '../helpers/app.js';
import { memoryLog } from '../helpers/log.js';
import { policyOf, request } from '../helpers/policy.js';
import { until } from '../helpers/process.js';

const approving = policyOf('tx.asset == "ETH"');
const rejecting = policyOf('tx.asset == "ETH"', { action: 'reject' });
const eth = request({ txId: 't-1', asset: 'ETH' });

/** A clock that each policy's rule can move, because the rule's evaluation is the work. */
function clock() {
  let ms = 0;
  let allowedMs = 0;
  return {
    now: () => ms,
    allowance: () => allowedMs,
    /** Lets comparisons take some time. */
    allow: (by: number): void => {
      allowedMs += by;
      ms += by;
    },
    /** A policy whose evaluation takes a time. */
    slow: (policy: Policy, takesMs: number): Policy => {
      const rules = policy.rules.map((rule) => ({
        ...rule,
        evaluate: (facts: Parameters<typeof rule.evaluate>[0]) => {
          ms += takesMs;
          return rule.evaluate(facts);
        },
      }));
      return { ...policy, rules, rulesFor: { ...policy.rulesFor, transaction: rules } };
    },
  };
}

function comparisonWith(candidate: Policy | undefined) {
  const memory = memoryLog();
  const time = clock();
  const current: { current: Policy | undefined } = { current: candidate };
  const comparison = new Comparison({ candidate: current, log: memory.log, reportMs: 20, ...time });
  const compare = (policy = approving, payload = eth, bytes = 1000): void =>
    comparison.compareLater(payload, comparison.decideBy(policy, payload, new Date(0)), bytes);
  return { ...memory, time, current, comparison, compare };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

t.test('logs a decision that the candidate would make differently', async (t) => {
  const { compare, of } = comparisonWith(rejecting);
  compare();
  t.strictSame(of('candidate_differs'), [], 'not before a later turn');
  await settled();
  t.match(of('candidate_differs'), [
    {
      level: 'info',
      requestId: 'r-1',
      txId: 't-1',
      action: 'APPROVE',
      rule: 'rule',
      policy: approving.hash,
      candidate: { action: 'REJECT', rule: 'rule', policy: rejecting.hash },
    },
  ]);
});

t.test('logs nothing if the action is the same, even by another rule', async (t) => {
  const { compare, lines } = comparisonWith(policyOf('tx.asset == "BTC"', { action: 'approve' }));
  compare(rejecting);
  await settled();
  t.strictSame(lines, []);
});

t.test(
  'logs a candidate that fails where the policy in force does not, even with the same action',
  async (t) => {
    const failing = policyOf('tx.amountUsd < decimal("1")', { onError: 'reject' });
    const { compare, of } = comparisonWith(failing);
    compare(rejecting);
    await settled();
    t.match(of('candidate_differs'), [
      { action: 'REJECT', candidate: { action: 'REJECT', rule: 'rule', ruleError: /amountUsd/ } },
    ]);
  },
);

t.test('compares at the time of the decision', async (t) => {
  const { compare, lines } = comparisonWith(policyOf('now == timestamp("1970-01-01T00:00:00Z")'));
  compare(approving);
  await settled();
  t.strictSame(lines, []);
});

t.test('survives a candidate that throws, and names no value of the request', async (t) => {
  const broken = { ...rejecting, indexFor: undefined } as unknown as Policy;
  const { compare, of } = comparisonWith(broken);
  compare();
  await settled();
  t.match(of('candidate_differs'), [
    { candidate: { action: 'RETRY', ruleError: 'the decision failed: TypeError' } },
  ]);
});

t.test('writes its lines at every log level', async (t) => {
  const memory = memoryLog('fatal');
  const comparison = new Comparison({ candidate: { current: rejecting }, log: memory.log });
  comparison.compareLater(eth, comparison.decideBy(approving, eth, new Date(0)), 1);
  await settled();
  t.equal(memory.of('candidate_differs').length, 1);
});

t.test('reads what is signed again if the candidate has other assets', async (t) => {
  const assets = { GOLD: { chain: 'evm/1', decimals: 2 } };
  const other = policyOf('tx.asset == "ETH"', { policy: { assets } });
  const { compare, lines } = comparisonWith(other);
  compare();
  await settled();
  t.strictSame(lines, []);
});

t.test('suspends a candidate that is slow several times, until it is replaced', async (t) => {
  const { compare, of, time, current, comparison } = comparisonWith(undefined);
  const slow = time.slow(rejecting, 51);
  current.current = slow;
  for (let index = 0; index < 5; index++) {
    compare();
    await settled();
    time.allow(60);
  }
  t.equal(of('candidate_differs').length, 3);
  t.match(of('candidate_suspended'), [{ level: 'warn', candidate: slow.hash, slow: 3, limitMs: 50 }]);
  t.equal(comparison.candidate, undefined);
  current.current = rejecting;
  t.equal(comparison.candidate, rejecting);
  compare();
  await settled();
  t.equal(of('candidate_differs').length, 4);
});

t.test('suspends a candidate at once that is much too slow', async (t) => {
  const { compare, of, time, current, comparison } = comparisonWith(undefined);
  current.current = time.slow(rejecting, 501);
  compare();
  await settled();
  t.match(of('candidate_suspended'), [{ slow: 1 }]);
  t.equal(comparison.candidate, undefined);
});

t.test('evaluates no rule of a candidate whose turn comes after 200 ms', async (t) => {
  const rule = (id: string): string => `{ id: ${id}, for: transaction, when: "true", action: reject }`;
  const candidate = parsePolicy(`version: 1\nrules: [${rule('slow')}, ${rule('late')}]\n`, 'candidate');
  const rules = candidate.rules.map((each) => ({
    ...each,
    evaluate: () => {
      const end = performance.now() + 201;
      while (performance.now() < end);
      return each.id === 'late';
    },
  }));
  const slow = { ...candidate, rules, rulesFor: { ...candidate.rulesFor, transaction: rules } };
  const { compare, of } = comparisonWith(slow);
  compare();
  await settled();
  t.match(of('candidate_differs'), [{ candidate: { action: 'RETRY', rule: 'late' } }]);
});

t.test('does not suspend a candidate for two pauses among a hundred comparisons', async (t) => {
  const { compare, of, time, current } = comparisonWith(undefined);
  const [fast, slow] = [time.slow(rejecting, 1), time.slow(rejecting, 51)];
  // The same candidate, which is slow now and then.
  const candidate = { ...fast };
  current.current = candidate;
  for (let index = 0; index < 300; index++) {
    candidate.rulesFor = index % 50 === 0 ? slow.rulesFor : fast.rulesFor;
    compare();
    await settled();
    time.allow(60);
  }
  t.strictSame(of('candidate_suspended'), []);
});

t.test('spends no more time than allowed, skips further comparisons and counts them', async (t) => {
  const { compare, of, time, current } = comparisonWith(undefined);
  current.current = time.slow(rejecting, 20);
  for (let index = 0; index < 10; index++) compare();
  await settled();
  t.equal(of('candidate_differs').length, 3, 'of those that waited');
  compare();
  await settled();
  t.equal(of('candidate_differs').length, 3, 'none while no more is allowed');
  await until(() => of('candidate_skipped')[0], 5000);
  t.match(of('candidate_skipped'), [{ level: 'info', skipped: 8 }]);
  time.allow(60);
  compare();
  await settled();
  t.equal(of('candidate_differs').length, 4);
});

t.test('keeps at most 100 requests and 1 MiB of them, and compares one of any size', async (t) => {
  const { compare, of } = comparisonWith(rejecting);
  for (let index = 0; index < 150; index++) compare();
  await settled();
  t.equal(of('candidate_differs').length, 100);
  for (let index = 0; index < 3; index++) compare(approving, eth, 8 * 1024 * 1024);
  await settled();
  t.equal(of('candidate_differs').length, 101);
  for (let index = 0; index < 5; index++) compare(approving, eth, 400 * 1024);
  await settled();
  t.equal(of('candidate_differs').length, 103);
});

t.test('is not handed an answer of the emergency stop or of a failed decision', async (t) => {
  const { comparison, lines } = comparisonWith(rejecting);
  const freshness = { stale: [] };
  const byPolicy: Decide = (of) => comparison.decideBy(approving, of, new Date(0));
  const stopped = decideUnless({ stop: { action: 'RETRY' }, freshness }, byPolicy);
  comparison.compareLater(eth, await stopped(eth), 1);
  comparison.compareLater(eth, { action: 'RETRY', reason: 'The decision failed.' }, 1);
  await settled();
  t.strictSame(lines, []);
});

async function answered(t: Test, comparison: Comparison | undefined, decide: Decide) {
  const { app, ...memory } = await testApp(t, { decide, ...(comparison !== undefined && { comparison }) });
  const payload = signToken(eth.payload, cosigner.privateKey);
  const reply = await app.inject({ method: 'POST', url: '/v2/tx_sign_request', payload });
  return { app, reply, ...memory };
}

t.test('compares after the answer has been sent, and shows the candidate in /health', async (t) => {
  const { comparison, of, current } = comparisonWith(rejecting);
  const { app, reply } = await answered(t, comparison, (each) =>
    comparison.decideBy(approving, each, new Date(0)),
  );
  t.equal(reply.statusCode, 200);
  await settled();
  t.match(of('candidate_differs'), [{ requestId: 'r-1', candidate: { action: 'REJECT' } }]);
  t.match((await app.inject('/health')).json(), { candidate: rejecting.hash });
  current.current = undefined;
  t.match((await app.inject('/health')).json(), { candidate: null });
});
