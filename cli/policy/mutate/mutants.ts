// All changes that a mutation test makes to a policy.
import type { ASTNode } from '@marcbachmann/cel-js';
import { OTHERWISE, type Policy, type Rule } from '../../../src/policy/evaluate/rules.js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { write } from '../../../src/policy/language/write.js';
import type { Action } from '../../../src/protocol/decision.js';
import { areExclusive } from './exclusive.js';
import { changesIn, neighbours } from './expression.js';
import { holdMutants } from './holds.js';
import { limitMutants } from './limits.js';
import type { Mutant } from './mutant.js';
import { languagesOf, withCondition, withRules } from './compile.js';

/** @param conditionOf the condition of the rule at a position, as written in the file */
export function* mutantsOf(policy: Policy, conditionOf: (index: number) => string): Generator<Mutant> {
  const languages = languagesOf(policy, policy.tables);
  for (const [index, rule] of policy.rules.entries()) {
    const tried = concerning([rule]);
    for (const { node, text, ...change } of changesIn(rule.ast, conditionOf(index))) {
      yield {
        ...change,
        path: ['rules', index, 'when'],
        concerns: tried,
        create: () => {
          const changed = withCondition(languages, rule, write(rule.ast, { node, text }));
          return changed && withRules(policy, (other) => [other === rule ? changed : other]);
        },
      };
    }
    yield otherAction(policy, rule, index);
    yield {
      ...{ kind: 'rule', path: ['rules', index, 'id'], offset: 0, concerns: tried },
      ...{ before: `rule ${rule.id}`, after: '(left out)' },
      create: () => withRules(policy, (other) => (other === rule ? [] : [other])),
    };
  }
  yield* swappedRules(policy);
  yield* otherLimits(policy);
  yield* limitMutants(policy);
  yield* holdMutants(policy);
  yield* otherDefaults(policy);
}

function concerning(rules: readonly Rule[]): Mutant['concerns'] {
  const ids = rules.map(({ id }) => id);
  return ({ tried }) => tried.some((id) => ids.includes(id));
}

function otherAction(policy: Policy, rule: Rule, index: number): Mutant {
  const action: Action = rule.action === 'APPROVE' ? 'REJECT' : 'APPROVE';
  return {
    ...{ kind: 'action', path: ['rules', index, 'action'], offset: 0, concerns: concerning([rule]) },
    ...{ before: rule.action.toLowerCase(), after: action.toLowerCase() },
    create: () => withRules(policy, (other) => [other === rule ? { ...rule, action } : other]),
  };
}

/** The order of two rules matters if they decide differently, and a request can match both. */
function* swappedRules(policy: Policy): Generator<Mutant> {
  for (const rules of Object.values(policy.rulesFor)) {
    for (const [index, first] of rules.entries()) {
      const second = rules[index + 1];
      if (second === undefined || decidesAlike(first, second) || areExclusive(first, second)) continue;
      yield {
        ...{ kind: 'order', path: ['rules', policy.rules.indexOf(second), 'id'], offset: 0 },
        ...{ before: `${first.id}, ${second.id}`, after: `${second.id}, ${first.id}` },
        concerns: concerning([first, second]),
        create: () =>
          withRules(policy, (rule) => (rule === first ? [second] : rule === second ? [first] : [rule])),
      };
    }
  }
}

function decidesAlike(first: Rule, second: Rule): boolean {
  return first.action === second.action && first.hold === second.hold;
}

/** Each number in a table that a rule reads, one unit in its last place higher and lower. */
function* otherLimits(policy: Policy): Generator<Mutant> {
  for (const [name, table] of policy.tables) {
    const readers = policy.rules.filter(({ ast }) => [...nodesIn(ast)].some((node) => isTable(node, name)));
    if (readers.length === 0) continue;
    for (const [key, limit] of table) {
      for (const moved of neighbours(limit)) {
        yield {
          ...{ kind: 'table', path: ['tables', name, key], offset: 0, concerns: concerning(readers) },
          ...{ before: `${key}: "${limit}"`, after: `${key}: "${moved}"` },
          create: () => {
            const tables = new Map([...policy.tables, [name, new Map([...table, [key, moved]])]]);
            const languages = languagesOf(policy, tables);
            return withRules({ ...policy, tables }, (rule) =>
              readers.includes(rule) ? [withCondition(languages, rule, rule.when) ?? rule] : [rule],
            );
          },
        };
      }
    }
  }
}

function isTable(node: ASTNode, name: string): boolean {
  return (
    (node.op === '.' || node.op === '[]') && [`tables.${name}`, `tables["${name}"]`].includes(write(node))
  );
}

function* otherDefaults(policy: Policy): Generator<Mutant> {
  const otherwise = policy.otherwise === 'REJECT' ? 'RETRY' : 'REJECT';
  const onError = policy.onError === 'REJECT' ? 'RETRY' : 'REJECT';
  yield {
    ...{ kind: 'otherwise', path: ['otherwise'], offset: 0 },
    ...{ before: policy.otherwise.toLowerCase(), after: otherwise.toLowerCase() },
    concerns: ({ rule, ruleError }) => rule === OTHERWISE && ruleError === undefined,
    create: () => ({ ...policy, otherwise }),
  };
  yield {
    ...{ kind: 'onError', path: ['onError'], offset: 0 },
    ...{ before: policy.onError.toLowerCase(), after: onError.toLowerCase() },
    concerns: ({ ruleError }) => ruleError !== undefined,
    create: () => ({ ...policy, onError }),
  };
}
