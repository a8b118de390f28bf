// Which lists a rule reads, found in its parsed expression.
import type { ASTNode } from '@marcbachmann/cel-js';
import { nodesIn } from '../language/nodes.js';

/** @returns the names of the lists in `lists.name` and `lists["name"]`; `all` if `lists` is used in any other way */
export function listsReadBy(ast: ASTNode): ReadonlySet<string> | 'all' {
  const names = new Set<string>();
  let named = 0;
  let mentions = 0;
  for (const node of nodesIn(ast)) {
    if (isLists(node)) mentions++;
    if ((node.op !== '.' && node.op !== '[]') || !isLists(node.args[0])) continue;
    const name = nameIn(node.args[1]);
    if (name === undefined) continue;
    named++;
    names.add(name);
  }
  return named === mentions ? names : 'all';
}

function isLists(node: ASTNode): boolean {
  return node.op === 'id' && node.args === 'lists';
}

/** @param key of `lists.name`, or the expression in `lists[…]` */
function nameIn(key: string | ASTNode): string | undefined {
  if (typeof key === 'string') return key;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : undefined;
}
