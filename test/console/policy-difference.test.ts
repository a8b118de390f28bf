// How the rules of a candidate differ from those in force.
import fc from 'fast-check';
import t from 'tap';
import { ruleChanges } from '../../src/console/policy/difference.js';
import { parsePolicy } from '../../src/policy/parse/file.js';

type RuleParts = readonly [id: string, amount: number, reason?: string];

function policyOf(rules: readonly RuleParts[]) {
  const lines = rules.map(([id, amount, reason]) => {
    const when = `'tx.amount < decimal("${amount}")'`;
    const why = reason === undefined ? '' : `, reason: ${reason}`;
    return `  - { id: ${id}, for: transaction, when: ${when}, action: reject${why} }`;
  });
  return parsePolicy(`version: 1\nrules:\n${lines.join('\n')}\n`, 'test');
}

function changes(before: readonly RuleParts[], after: readonly RuleParts[]): readonly string[] {
  return ruleChanges(policyOf(before), policyOf(after)).map(({ id, change }) => `${change} ${id}`);
}

t.test('says what is added, removed, changed and moved', (t) => {
  const before: readonly RuleParts[] = [
    ['a', 1],
    ['b', 2],
    ['c', 3],
    ['d', 4],
  ];
  t.same(changes(before, before), []);
  t.same(
    changes(before, [
      ['a', 1],
      ['new', 9],
      ['b', 2],
      ['c', 30],
      ['d', 4],
    ]),
    ['added new', 'changed c'],
  );
  t.same(
    changes(before, [
      ['a', 1],
      ['b', 2],
      ['d', 4],
    ]),
    ['removed c'],
  );
  t.same(
    changes(before, [
      ['d', 4],
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]),
    ['moved d'],
  );
  t.same(
    changes(before, [
      ['a', 1, 'Small.'],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]),
    ['changed a'],
  );
  t.end();
});

t.test('names no rule that is the same in the same place', (t) => {
  const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });
  fc.assert(
    fc.property(ids, ids, (before, after) => {
      const parts = (all: readonly string[]) => all.map((id): RuleParts => [id, 1]);
      const named = new Set(changes(parts(before), parts(after)).map((text) => text.split(' ')[1]));
      const rest = (all: readonly string[]) => all.filter((id) => !named.has(id));
      return rest(before).join() === rest(after).join();
    }),
    { numRuns: 40 },
  );
  t.end();
});
