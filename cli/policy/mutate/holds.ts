// Changes of holds that a mutation test makes: one approval more and one less.
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import type { Mutant } from './mutant.js';

export function* holdMutants(policy: Policy): Generator<Mutant> {
  for (const hold of policy.holds.values()) {
    for (const quorum of [hold.quorum - 1, hold.quorum + 1]) {
      if (quorum < 1 || quorum > hold.of.length) continue;
      yield {
        ...{ kind: 'hold', path: ['holds', hold.name, 'quorum'], offset: 0 },
        ...{ before: `quorum: ${hold.quorum}`, after: `quorum: ${quorum}` },
        concerns: (decision) => decision.hold?.name === hold.name,
        create: () => ({ ...policy, holds: new Map([...policy.holds, [hold.name, { ...hold, quorum }]]) }),
      };
    }
  }
}
