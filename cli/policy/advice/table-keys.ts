// Finds assets that a rule names and its table does not have: the rule can't be evaluated for them.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { type Finding, inCondition, type PlacedRule, type Subject } from './finding.js';
import { pathsOf, type TruePath } from './paths.js';
import { memberOf, nameOf, named, valuesIn } from './terms.js';

export function tableKeyHabits({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    const found = new Map<number, Finding>();
    for (const path of pathsOf(rule.ast) ?? []) {
      for (const finding of missingKeys(path, { rule, index }, policy))
        found.set(finding.offset ?? 0, finding);
    }
    return [...found.values()];
  });
}

/** `tx.asset == "BTC" && tx.amount <= tables.limits[tx.asset]`, without BTC in the table. */
function missingKeys(path: TruePath, placed: PlacedRule, policy: Policy): readonly Finding[] {
  // Inside a loop, a list may have limited the asset before: d in lists.employees.
  const single = path.filter(({ node }) => node.op !== 'rcall');
  return single.flatMap(({ node }) =>
    [...nodesIn(node)].flatMap((part) => {
      const read = tableRead(part);
      const keys = read === undefined ? undefined : policy.tables.get(read.table);
      if (read === undefined || keys === undefined) return [];
      const missing = valuesFor(read.key, path, policy).filter((key) => !keys.has(key));
      if (missing.length === 0) return [];
      const list = missing.map((key) => `"${key}"`).join(', ');
      return [
        inCondition(placed, part.start, {
          code: 'missing-key',
          message: `tables.${read.table} has no ${list}, so this rule can't be evaluated for it, and the answer is onError (${policy.onError.toLowerCase()})`,
          advice: `add to tables: ${read.table}: { ${missing.map((key) => `${key}: "…"`).join(', ')} }, or take it out of the condition`,
        }),
      ];
    }),
  );
}

/** `tables.limits[key]` or `tables.limits.key`. */
function tableRead(node: ASTNode): { readonly table: string; readonly key: ASTNode | string } | undefined {
  if (node.op !== '[]' && node.op !== '.') return undefined;
  const table = memberOf(node.args[0], 'tables');
  return table === undefined ? undefined : { table, key: node.args[1] };
}

/** The values that a path leaves to the key of a table. */
function valuesFor(key: ASTNode | string, path: TruePath, policy: Policy): readonly string[] {
  if (typeof key === 'string') return [key];
  if (key.op === 'value') return typeof key.args === 'string' ? [key.args] : [];
  const known = path.flatMap((literal) => {
    const values = valuesIn(literal, named(nameOf(key)), policy);
    return values === undefined ? [] : [values];
  });
  const [first] = known;
  return first === undefined
    ? []
    : known.reduce((one, other) => one.filter((value) => other.includes(value)), first);
}
