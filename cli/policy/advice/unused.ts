// Finds lists and tables that no rule reads.
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { expressionsOf } from '../../../src/policy/limits/limit.js';
import { type Finding, sectionOf, type Subject } from './finding.js';
import { memberOf } from './terms.js';

export function unusedHabits(subject: Subject): readonly Finding[] {
  return [...unusedIn('lists', subject), ...unusedIn('tables', subject)];
}

function unusedIn(section: 'lists' | 'tables', subject: Subject): readonly Finding[] {
  const read = new Set<string>();
  const { rules, limits } = subject.policy;
  for (const { ast } of [...rules, ...limits.flatMap(expressionsOf)]) {
    for (const node of nodesIn(ast)) {
      const name = node.op === '.' || node.op === '[]' ? memberOf(node, section) : undefined;
      if (name !== undefined) read.add(name);
    }
  }
  return Object.keys(sectionOf(subject, section))
    .filter((name) => !read.has(name))
    .map((name) => ({
      code: section === 'lists' ? 'unused-list' : 'unused-table',
      path: [section, name],
      atKey: true,
      message: `no rule reads ${section}.${name}: what it should allow or block is not allowed or blocked`,
      advice:
        section === 'lists'
          ? `use it, as in tx.destinations.all(d, d in lists.${name}), or delete it`
          : `use it, as in tx.amount <= tables.${name}[tx.asset], or delete it`,
    }));
}
