// Why a policy can't be used without a store, or without a console.
import type { Rule, StoreNeed } from '../evaluate/policy.js';
import { rememberedFacts } from '../language/remembered.js';
import type { Limit } from '../limits/limit.js';
import type { PolicyDocument } from './document.js';

const ADVICE =
  'a store: set STORE_TABLE to a DynamoDB table, or STORE_PATH to a directory on a disk that lasts; see DEPLOYMENT.md';

const CONSOLE_ADVICE =
  'a console, where people decide: set CONSOLE_ORIGIN to its address, such as https://callback.internal:8443; see DEPLOYMENT.md';

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
  return [...ofLimits, ...ofRules, ...holdNeeds(document, rules, ADVICE)];
}

/**
 * @param rules all of the file
 * @returns a problem for each rule that needs one, for where there is none
 */
export function consoleNeeds(document: PolicyDocument, rules: readonly Rule[]): readonly StoreNeed[] {
  return holdNeeds(document, rules, CONSOLE_ADVICE);
}

function holdNeeds(document: PolicyDocument, rules: readonly Rule[], advice: string): readonly StoreNeed[] {
  return rules.flatMap(({ action }, index) =>
    action === 'HOLD' ? [document.problemAtKey(['rules', index, 'hold'], `holds need ${advice}`)] : [],
  );
}
