// Tests, for random policies, that each rule is either reported as dead, or has a request that it decides.
import fc from 'fast-check';
import t from 'tap';
import { reachingRequest, unreachableRules } from '../../../../../cli/policy/advice/reach/index.js';
import { decideBy, type Policy } from '../../../../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../../../../src/policy/parse/file.js';
import { parseRequest } from '../../../../../src/protocol/request.js';
import { changes, policyTexts, times, transactions } from './generate.js';

const POLICIES = 60;
/** Random requests for each policy. */
const REQUESTS = 400;

const SAMPLED = fc.sample(policyTexts, POLICIES).map((text) => parsePolicy(text, 'test.yaml'));

function showRules({ rules }: Policy): string {
  return rules.map(({ id, for: kind, action, when }) => `${id} ${kind} ${action}: ${when}`).join('\n');
}

t.test('each rule that is not reported has a request that it decides', (t) => {
  const seen = { dead: 0, alive: 0 };
  for (const policy of SAMPLED) {
    const dead = new Set(unreachableRules(policy).map(({ rule }) => rule));
    for (const { id, for: kind } of policy.rules) {
      const reaching = reachingRequest(policy, id);
      if ((reaching !== undefined) !== !dead.has(id)) {
        t.fail(`${id} is ${dead.has(id) ? '' : 'not '}reported\n${showRules(policy)}`);
      }
      seen[dead.has(id) ? 'dead' : 'alive']++;
      if (reaching === undefined) continue;
      // The request is one that the Co-signer can send.
      const request = parseRequest(reaching.request.payload, kind === 'configuration' ? kind : undefined);
      const { rule, ruleError } = decideBy(policy, request, reaching.now);
      if (request.kind !== kind || rule !== id || ruleError !== undefined) {
        t.fail(`${id} does not decide ${JSON.stringify(request)}\n${showRules(policy)}`);
      }
    }
  }
  t.comment(JSON.stringify(seen));
  t.ok(seen.dead > POLICIES / 10 && seen.alive > POLICIES, 'both occur often');
  t.end();
});

t.test('no random request reaches a rule that is reported', (t) => {
  const requests = fc.sample(fc.record({ payload: fc.oneof(transactions, changes), now: times }), REQUESTS);
  for (const policy of SAMPLED) {
    const dead = new Set(unreachableRules(policy).map(({ rule }) => rule));
    if (dead.size === 0) continue;
    for (const { payload, now } of requests) {
      const decision = decideBy(policy, parseRequest({ requestId: 'r', ...payload }), now);
      if (dead.has(decision.rule) && decision.ruleError === undefined) {
        t.fail(
          `${decision.rule} decides ${JSON.stringify(payload)} at ${now.toISOString()}\n${showRules(policy)}`,
        );
      }
    }
  }
  t.pass('none');
  t.end();
});
