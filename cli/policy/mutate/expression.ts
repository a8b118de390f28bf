// Changes that a mutation test makes to an expression, one at a time.
import type { ASTNode, ASTOperator } from '@marcbachmann/cel-js';
import { Decimal } from '../../../src/protocol/decimal.js';
import { type NodeOf, nodesIn } from '../../../src/policy/language/nodes.js';
import { write } from '../../../src/policy/language/write.js';

export type ChangeKind =
  'comparison' | 'bound' | 'connective' | 'condition' | 'negation' | 'membership' | 'quantifier' | 'branches';

/** What replaces a part of an expression. */
export interface ExpressionChange {
  readonly kind: ChangeKind;
  /** The part. */
  readonly node: ASTNode;
  /** What to write in its place, in parentheses if it needs them. */
  readonly text: string;
  /** For people: what was changed, and to what. */
  readonly before: string;
  readonly after: string;
  /** Where it was changed: an offset in the expression. */
  readonly offset: number;
}

/** @param source the expression as written */
export function* changesIn(ast: ASTNode, source: string): Generator<ExpressionChange> {
  for (const node of nodesIn(ast)) yield* changesOf(node, source);
  for (const node of bareConditions(ast)) yield replaced('negation', node, `!(${write(node)})`);
}

function* changesOf(node: ASTNode, source: string): Generator<ExpressionChange> {
  switch (node.op) {
    case '<':
    case '<=':
    case '>':
    case '>=':
      yield replaced('comparison', node, compared(node, BOUNDARIES[node.op]));
      yield* movedBounds(node);
      return;
    case '==':
    case '!=':
      yield replaced('comparison', node, compared(node, node.op === '==' ? '!=' : '=='));
      return;
    case '&&':
    case '||':
      yield* looserConnective(node, source);
      return;
    case '!_':
      yield replaced('negation', node, write(node.args));
      return;
    case 'in':
      yield* otherMembership(node);
      return;
    case 'rcall':
      if (node.args[0] === 'all') yield quantified(node, 'exists');
      if (node.args[0] === 'exists') yield quantified(node, 'all');
      return;
    case '?:': {
      const [condition, yes, no] = node.args;
      yield replaced('branches', node, `(${write(condition)}) ? (${write(no)}) : (${write(yes)})`);
      return;
    }
    default:
      return;
  }
}

type Ordering = NodeOf<'<' | '<=' | '>' | '>='>;

/** The same comparison with or without equality. */
const BOUNDARIES = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' } as const;

function replaced(kind: ChangeKind, node: ASTNode, text: string): ExpressionChange {
  return { kind, node, text: `(${text})`, before: write(node), after: text, offset: node.start };
}

function compared({ args: [left, right] }: Ordering | NodeOf<'==' | '!='>, operator: string): string {
  return `${operandOf(left)} ${operator} ${operandOf(right)}`;
}

function operandOf(node: ASTNode): string {
  const isLoose = (['?:', '||', '&&', '==', '!=', '<', '<=', '>', '>=', 'in'] as ASTOperator[]).includes(
    node.op,
  );
  return isLoose ? `(${write(node)})` : write(node);
}

/** A bound that is a literal, one unit in its last place higher and lower. */
function* movedBounds(node: Ordering): Generator<ExpressionChange> {
  for (const [place, side] of node.args.entries()) {
    const decimal = decimalIn(side);
    const whole = side.op === 'value' && typeof side.args === 'bigint' ? side.args : undefined;
    const texts =
      decimal !== undefined
        ? neighbours(decimal).map((text) => `decimal("${text}")`)
        : whole !== undefined
          ? [whole + 1n, whole - 1n].map(String)
          : [];
    for (const [direction, text] of texts.entries()) {
      // With whole numbers, `x < 9` is `x <= 8`, which the change of the operator makes already.
      if (whole !== undefined && isSameAsOperator(node.op, place, direction)) continue;
      const after = write(node, { node: side, text });
      yield { kind: 'bound', node: side, text, before: write(node), after, offset: side.start };
    }
  }
}

/** @param place of the literal: 0 at the left, 1 at the right @param direction 0 higher, 1 lower */
function isSameAsOperator(operator: Ordering['op'], place: number, direction: number): boolean {
  const raises = operator === '<' || operator === '>=';
  return (raises === (place === 1)) === (direction === 0);
}

/** The text of the literal in `decimal("0.50")`. */
function decimalIn(node: ASTNode): string | undefined {
  if (node.op !== 'call' || node.args[0] !== 'decimal') return undefined;
  const [literal] = node.args[1];
  return literal?.op === 'value' && typeof literal.args === 'string' ? literal.args : undefined;
}

/** The numbers one unit in the last place higher and lower; none for something else than a number. */
export function neighbours(text: string): readonly string[] {
  if (!/^-?\d+(\.\d+)?$/.test(text)) return [];
  const places = text.split('.')[1]?.length ?? 0;
  const unit = new Decimal(10).pow(-places);
  const value = new Decimal(text);
  return [value.plus(unit), value.minus(unit)].map((moved) => moved.toFixed(places));
}

/** `&&` and `||` exchanged, and each condition left out. */
function* looserConnective(node: NodeOf<'&&' | '||'>, source: string): Generator<ExpressionChange> {
  const [left, right] = node.args;
  const other = node.op === '&&' ? '||' : '&&';
  const offset = Math.max(node.start, source.indexOf(node.op, left.end));
  const text = `((${write(left)}) ${other} (${write(right)}))`;
  yield { kind: 'connective', node, text, before: node.op, after: other, offset };
  for (const [dropped, kept] of [
    [left, right],
    [right, left],
  ] as const) {
    // Of a longer chain, each condition is left out on its own.
    if (dropped.op === node.op) continue;
    const after = '(left out)';
    yield {
      kind: 'condition',
      node,
      text: `(${write(kept)})`,
      before: write(dropped),
      after,
      offset: dropped.start,
    };
  }
}

/** Longer lists of literals lose no entries. */
const MAX_ENTRIES = 20;

function* otherMembership(node: NodeOf<'in'>): Generator<ExpressionChange> {
  const [element, list] = node.args;
  yield replaced('membership', node, `!(${write(node)})`);
  const entries = list.op === 'list' && list.args.length <= MAX_ENTRIES ? list.args : [];
  if (entries.length < 2) {
    const change = replaced('membership', node, 'false');
    yield { ...change, after: `${operandOf(element)} in []` };
    return;
  }
  for (const entry of entries) {
    const rest = entries.filter((other) => other !== entry).map((other) => write(other));
    const text = `[${rest.join(', ')}]`;
    const after = write(node, { node: list, text });
    yield { kind: 'membership', node: list, text, before: write(node), after, offset: entry.start };
  }
}

function quantified(node: NodeOf<'rcall'>, name: string): ExpressionChange {
  const [, list, args] = node.args;
  return replaced(
    'quantifier',
    node,
    `${operandOf(list)}.${name}(${args.map((arg) => write(arg)).join(', ')})`,
  );
}

/** Conditions that are no comparison, such as `has(tx.note)` or `tx.raw.verified`, and are not negated. */
function* bareConditions(node: ASTNode): Generator<ASTNode> {
  switch (node.op) {
    case '&&':
    case '||':
      for (const part of node.args) yield* bareConditions(part);
      return;
    case 'rcall':
      yield node;
      if (node.args[0] !== 'all' && node.args[0] !== 'exists') return;
      if (node.args[2][1] !== undefined) yield* bareConditions(node.args[2][1]);
      return;
    case 'call':
    case '.':
    case '[]':
      yield node;
      return;
    default:
      return;
  }
}
