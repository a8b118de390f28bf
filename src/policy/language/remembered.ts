// Finds the facts in an expression that can't be known without a store.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { EvaluableNode } from './macro.js';
import { nodesIn } from './nodes.js';

const REMEMBERED = ['expected', 'initiator'];

/** @returns `tx.expected` and `tx.initiator`, each if the expression reads it */
export function rememberedFacts(ast: ASTNode): readonly string[] {
  const read = new Set([...nodesIn(ast)].flatMap(memberOfTransaction));
  return REMEMBERED.filter((name) => read.has(name)).map((name) => `tx.${name}`);
}

/** The name in `tx.name`, `tx["name"]` and `t.name`, where `t` stands for `tx` in a loop. */
function memberOfTransaction(node: ASTNode): readonly string[] {
  if (node.op !== '.' && node.op !== '[]') return [];
  const [owner, member] = node.args;
  const name = typeof member === 'string' ? member : member.op === 'value' ? member.args : undefined;
  const type = (owner as ASTNode & Pick<EvaluableNode, 'checkedType'>).checkedType?.name;
  const isTransaction = serialize(owner) === 'tx' || type === 'Transaction';
  return isTransaction && typeof name === 'string' ? [name] : [];
}
