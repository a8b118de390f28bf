// Rules to measure with: those that POLICY.md works out, and a limit for each of many assets. None of them matches the
// published transaction, so that all are evaluated.
import { readFileSync } from 'node:fs';
import { parsePolicy } from '../../src/policy/parse/file.js';

const GUIDE = parsePolicy(readFileSync('examples/worked-rules.yaml', 'utf8'), 'worked-rules.yaml');

/** The user that the worked rules are about. */
export const PAYOUT_USER = GUIDE.lists.get('payoutUsers')?.[0];

/** The one that holds for the published transaction is changed so that it doesn't. */
const WORKED = GUIDE.rules
  .filter((rule) => rule.for === 'transaction')
  .map(({ when }) => when.replace('decimal("5000")', 'decimal("5")'));

/** A limit for one asset: most of what makes a policy long. */
const assetLimit = (index: number): string =>
  `tx.operation == "TRANSFER" && tx.asset == "A${index}" && tx.destAddress in lists.payees && tx.amount > decimal("${index}.5")`;

/** The worked rules, and a limit for each of many assets. */
export const mixed = (rules: number): readonly string[] =>
  Array.from({ length: rules }, (_, index) => WORKED[index] ?? assetLimit(index));

/** Rules of which none can be left early, as no policy has them. */
export const worst = (rules: number): readonly string[] =>
  Array.from({ length: rules }, (_, index) => WORKED[index % WORKED.length] ?? '');

const address = (index: number): string => `0x${(index * 7919).toString(16).padStart(40, '0')}`;

/** @param entries of the list `blocked` */
export function policyText(whens: readonly string[], entries: number): string {
  return [
    'version: 1',
    'lists:',
    ...[...GUIDE.lists].map(([name, values]) => `  ${name}: ${JSON.stringify(values)}`),
    '  blocked:',
    ...Array.from({ length: entries }, (_, index) => `    - "${address(index)}"`),
    'rules:',
    ...whens.map((when, index) =>
      [
        `  - id: rule-${index}`,
        '    for: transaction',
        `    when: ${JSON.stringify(when)}`,
        '    action: reject',
      ].join('\n'),
    ),
  ].join('\n');
}
