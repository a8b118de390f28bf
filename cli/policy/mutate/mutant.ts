// One change that a mutation test makes to a policy.
import type { Policy, RuleDecision } from '../../../src/policy/evaluate/rules.js';
import type { Path } from '../../../src/policy/parse/document.js';
import type { ChangeKind } from './expression.js';

export interface Mutant {
  readonly kind:
    ChangeKind | 'action' | 'rule' | 'order' | 'table' | 'limit' | 'hold' | 'otherwise' | 'onError';
  /** Where in the policy file. */
  readonly path: Path;
  /** Within the string at that path. */
  readonly offset: number;
  readonly before: string;
  readonly after: string;
  /** Whether a case with this decision could notice the change. */
  readonly concerns: (decision: RuleDecision) => boolean;
  /** @returns `undefined` if the changed policy could not be used */
  readonly create: () => Policy | undefined;
}
