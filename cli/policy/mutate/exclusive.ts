// Finds pairs of rules of which no request can match both, so that their order does not matter.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Rule } from '../../../src/policy/evaluate/rules.js';
import { write } from '../../../src/policy/language/write.js';

/** Whether both demand a fact to be one of certain strings, and have none of them in common. */
export function areExclusive(first: Rule, second: Rule): boolean {
  const others = demandsOf(second.ast);
  return [...demandsOf(first.ast)].some(([fact, values]) => {
    const demanded = others.get(fact);
    return demanded !== undefined && !values.some((value) => demanded.includes(value));
  });
}

/** What the conditions joined by `&&` demand: fact, and the strings of which it must be one. */
function demandsOf(ast: ASTNode): ReadonlyMap<string, readonly string[]> {
  const demands = new Map<string, readonly string[]>();
  for (const part of conditionsOf(ast)) {
    if (part.op !== '==' && part.op !== 'in') continue;
    const [fact, value] = part.args;
    const values = (value.op === 'list' ? value.args : [value]).map(stringIn);
    const strings = values.filter((each) => each !== undefined);
    if ((fact.op === '.' || fact.op === '[]') && strings.length === values.length)
      demands.set(write(fact), strings);
  }
  return demands;
}

function conditionsOf(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conditionsOf) : [node];
}

function stringIn(node: ASTNode): string | undefined {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : undefined;
}
