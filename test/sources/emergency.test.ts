import t from 'tap';
import { decideUnless, EMERGENCY_STOP, STALE } from '../../src/sources/emergency.js';
import type { StopAction } from '../../src/sources/stop.js';
import { policyOf, problemsOf, request } from '../helpers/policy.js';
import { decideBy } from '../../src/policy/evaluate/rules.js';

const policy = policyOf('true');

function decide(action: StopAction | undefined, stale: readonly string[] = []) {
  let asked = 0;
  const byPolicy = decideUnless({ stop: { action }, freshness: { stale } }, (pending) => {
    asked++;
    return decideBy(policy, pending, new Date());
  });
  return { decision: byPolicy(request({})), asked };
}

t.test('in normal operation, the policy decides', (t) => {
  t.match(decide(undefined).decision, { action: 'APPROVE', rule: 'rule', policy: policy.hash });
  t.end();
});

t.test('an emergency stop decides whatever the policy says, and does not evaluate it', (t) => {
  const reason = 'All decisions are stopped by the operator.';
  for (const action of ['RETRY', 'REJECT'] as const) {
    t.strictSame(decide(action), { decision: { action, rule: EMERGENCY_STOP, reason }, asked: 0 });
    t.strictSame(decide(action, ['keys']).decision, { action, rule: EMERGENCY_STOP, reason }, 'while stale');
  }
  t.end();
});

t.test('stale keys, policy or stop make every decision RETRY', (t) => {
  for (const stale of [['keys'], ['policy'], ['stop'], ['keys', 'policy', 'stop']]) {
    t.match(decide(undefined, stale), {
      decision: { action: 'RETRY', rule: STALE, reason: /could not be refreshed for too long/ },
      asked: 0,
    });
  }
  t.end();
});

t.test('both follow a change at once', async (t) => {
  const emergency: { stop: { action: StopAction | undefined }; freshness: { stale: string[] } } = {
    stop: { action: undefined },
    freshness: { stale: [] },
  };
  const byPolicy = decideUnless(emergency, () => ({ action: 'APPROVE' }));
  const action = async () => (await byPolicy(request({}))).action;
  t.equal(await action(), 'APPROVE');
  emergency.stop.action = 'REJECT';
  t.equal(await action(), 'REJECT');
  emergency.stop.action = undefined;
  emergency.freshness.stale = ['policy'];
  t.equal(await action(), 'RETRY');
  emergency.freshness.stale = [];
  t.equal(await action(), 'APPROVE');
});

t.test('no rule can have the same id', (t) => {
  for (const id of [EMERGENCY_STOP, STALE]) {
    const rules = [{ id, for: 'transaction', when: 'true', action: 'approve' }];
    t.match(problemsOf(JSON.stringify({ version: 1, rules })), [{ message: /^id must consist of/ }]);
  }
  t.end();
});
