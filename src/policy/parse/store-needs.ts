// Why a policy can't be used without a store.
import type { Rule, StoreNeed } from '../evaluate/rules.js';
import { rememberedFacts } from '../language/remembered.js';
import type { Limit } from '../limits/limit.js';
import type { PolicyDocument } from './document.js';

const ADVICE =
  'a store: set STORE_TABLE to a DynamoDB table, or STORE_PATH to a directory on a disk that lasts; see DEPLOYMENT.md';

/**
 * @param rules all of the file
 * @returns a problem for each part that needs one, for where there is none
 */
export function storeNeeds(
  document: PolicyDocument,
  limits: readonly Limit[],
  rules: readonly Rule[],
): readonly StoreNeed[] {
  const ofLimits = limits.length === 0 ? [] : [document.problemAtKey(['limits'], `limits need ${ADVICE}`)];
  const ofRules = rules.flatMap(({ ast }, index) =>
    rememberedFacts(ast).map((fact) =>
      document.problemAt(['rules', index, 'when'], `${fact} needs ${ADVICE}`),
    ),
  );
  return [...ofLimits, ...ofRules];
}
