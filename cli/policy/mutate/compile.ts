// Copies of a policy with one rule, table or default changed. Only what changed is compiled again.
import { RuleIndex } from '../../../src/policy/evaluate/rule-index.js';
import type { Policy, Rule } from '../../../src/policy/evaluate/rules.js';
import { type Language, languageWith } from '../../../src/policy/language/language.js';
import type { Kind } from '../../../src/protocol/request.js';
import type { Tables } from '../../../src/policy/language/table.js';

export type Languages = Readonly<Record<Kind, Language>>;

export function languagesOf({ named: lists, limits }: Policy, tables: Tables): Languages {
  return languageWith({ lists, tables, limits: limits.map(({ name }) => name) });
}

/** @returns the rule with another condition; `undefined` if that condition is refused */
export function withCondition(languages: Languages, rule: Rule, when: string): Rule | undefined {
  const language = languages[rule.for];
  // A changed condition may look up a destination in a way that `check` refuses for what the rule does.
  for (const approves of [rule.action === 'APPROVE', rule.action !== 'APPROVE']) {
    const compiled = language.compile(when, approves);
    if ('evaluate' in compiled) return { ...rule, ...compiled, when };
  }
  return undefined;
}

/** @param change returns the rules instead of one; unchanged rules are the same objects */
export function withRules(policy: Policy, change: (rule: Rule) => readonly Rule[]): Policy {
  const rules = policy.rules.flatMap(change);
  const rulesFor = {
    transaction: rules.filter((rule) => rule.for === 'transaction'),
    configuration: rules.filter((rule) => rule.for === 'configuration'),
  };
  const indexFor = {
    transaction: new RuleIndex(rulesFor.transaction),
    configuration: new RuleIndex(rulesFor.configuration),
  };
  return { ...policy, rules, rulesFor, indexFor };
}
