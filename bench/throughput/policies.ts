// Policies for the benchmarks: the example rules in the policy guide, followed by one limit per asset. No rule matches
// the published transaction, so that all of them are evaluated.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface PolicyFile {
  readonly lists: Readonly<Record<string, readonly unknown[]>>;
  readonly rules: readonly { readonly for: string; readonly when: string }[];
  readonly [section: string]: unknown;
}

const GUIDE = parse(readFileSync('examples/worked-rules.yaml', 'utf8')) as PolicyFile;

/** The API user that the worked rules apply to. */
export const PAYOUT_USER = GUIDE.lists['payoutUsers']?.[0];

/** One limit is lowered, because it would match the published transaction. */
const WORKED = GUIDE.rules
  .filter((rule) => rule.for === 'transaction')
  .map(({ when }) => when.replace('decimal("5000")', 'decimal("5")'));

/** A limit for one asset, the most common kind of rule in a long policy. */
const assetLimit = (index: number): string =>
  `tx.operation == "TRANSFER" && tx.asset == "A${index}" && tx.destAddress in lists.payees && tx.amount > decimal("${index}.5")`;

/** The worked rules, then limits per asset. */
export const realisticRules = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => WORKED[index] ?? assetLimit(index));

/** The worked rules, repeated. Limits per asset are cheaper: their first comparison usually decides. */
export const costliestRules = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => WORKED[index % WORKED.length] ?? '');

const address = (index: number): string => `0x${(index * 7919).toString(16).padStart(40, '0')}`;

/**
 * A policy file in YAML.
 * @param expressions one rule for each
 * @param entries entries in the list `blocked`
 */
export function policyYaml(expressions: readonly string[], entries: number): string {
  return [
    'version: 1',
    ...['assets', 'own', 'tables'].map((section) => `${section}: ${JSON.stringify(GUIDE[section])}`),
    'lists:',
    ...Object.entries(GUIDE.lists)
      .filter(([name]) => name !== 'blocked')
      .map(([name, values]) => `  ${name}: ${JSON.stringify(values)}`),
    '  blocked:',
    ...Array.from({ length: entries }, (_, index) => `    - "${address(index)}"`),
    'rules:',
    ...expressions.map((when, index) =>
      [
        `  - id: rule-${index}`,
        '    for: transaction',
        `    when: ${JSON.stringify(when)}`,
        '    action: approve',
      ].join('\n'),
    ),
  ].join('\n');
}
