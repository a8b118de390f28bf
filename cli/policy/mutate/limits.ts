// Changes to limits: each left out, each maximum one unit in its last place higher and lower, and the other `over`.
import type { Policy, RuleDecision } from '../../../src/policy/evaluate/rules.js';
import { type Limit, LIMIT_PREFIX } from '../../../src/policy/limits/limit.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { neighbours } from './expression.js';
import type { Mutant } from './mutant.js';

export function* limitMutants(policy: Policy): Generator<Mutant> {
  for (const limit of policy.limits) {
    const { name, over, max } = limit;
    const path = ['limits', name];
    const concerns = (decision: RuleDecision): boolean => isConcerned(limit, decision);
    const other = over === 'REJECT' ? 'RETRY' : 'REJECT';
    yield {
      ...{ kind: 'limit', path, offset: 0, concerns, before: `limit ${name}`, after: '(not enforced)' },
      create: () =>
        withLimit(policy, { ...limit, max: { byKey: new Map(), otherwise: new Decimal('1e900') } }),
    };
    yield {
      ...{ kind: 'limit', path: [...path, 'over'], offset: 0, concerns },
      ...{ before: `over: ${over.toLowerCase()}`, after: `over: ${other.toLowerCase()}` },
      create: () => withLimit(policy, { ...limit, over: other }),
    };
    if (max.otherwise === undefined) continue;
    const written = max.otherwise.toFixed();
    for (const moved of neighbours(written)) {
      yield {
        ...{ kind: 'limit', path: [...path, 'max'], offset: 0, concerns },
        ...{ before: `max: "${written}"`, after: `max: "${moved}"` },
        create: () => withLimit(policy, { ...limit, max: { ...max, otherwise: new Decimal(moved) } }),
      };
    }
  }
}

/** Whether a case with this decision could notice a change of the limit. */
function isConcerned({ name }: Limit, { limits, rule }: RuleDecision): boolean {
  return rule === `${LIMIT_PREFIX}${name}` || limits?.[name] !== undefined;
}

function withLimit(policy: Policy, limit: Limit): Policy {
  return { ...policy, limits: policy.limits.map((each) => (each.name === limit.name ? limit : each)) };
}
