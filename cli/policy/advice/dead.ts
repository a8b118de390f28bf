// Finds rules that never decide, and conditions that are there twice.
import { serialize } from '@marcbachmann/cel-js';
import { type Finding, inCondition, type Subject } from './finding.js';
import { unreachableRules } from './reach/index.js';

export function deadRules(subject: Subject): readonly Finding[] {
  const { policy } = subject;
  const dead = unreachableRules(policy).flatMap(({ rule: id, why, advice }) => {
    const index = policy.rules.findIndex((rule) => rule.id === id);
    const rule = policy.rules[index];
    if (rule === undefined) return [];
    return [
      inCondition({ rule, index }, rule.ast.start, {
        code: 'dead-rule',
        message: `this rule ${why}`,
        advice,
      }),
    ];
  });
  const known = new Set(dead.map(({ path }) => path[1]));
  return [...dead, ...sameConditions(subject).filter(({ path }) => !known.has(path[1]))];
}

/** Rules with the condition of an earlier one, in case that it is too long to be understood. */
function sameConditions({ policy }: Subject): readonly Finding[] {
  const seen = new Map<string, string>();
  return policy.rules.flatMap((rule, index) => {
    const key = `${rule.for} ${serialize(rule.ast)}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, rule.id);
      return [];
    }
    return [
      inCondition({ rule, index }, rule.ast.start, {
        code: 'dead-rule',
        message: `this rule never decides: rule ${first} has the same condition and comes first`,
        advice: 'delete this rule, or change its condition',
      }),
    ];
  });
}
