// Finds `d in lists.x` where it would be too narrow. It also compares tags, so that it is for rules that approve what is
// listed: a rule that rejects what is listed could be evaded with another tag.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { EvaluableNode } from './macro.js';
import type { ExpressionProblem } from './problems.js';

/** Whether the expression is true because of a part (1), because the part is false (-1), or neither is clear (0). */
type Polarity = 1 | -1 | 0;

/** @param ast after its type check @param approves whether the rule approves */
export function misusedMembership(ast: ASTNode, approves: boolean): readonly ExpressionProblem[] {
  return [...membershipsIn(ast, 1)].flatMap(({ node, polarity }) => {
    if (polarity === 0 || (polarity === 1) === approves) return [];
    const [destination, list] = node.args.map((side) => serialize(side));
    const condition = `${destination}.address in ${list}`;
    const rule = approves ? 'a rule that approves what is not listed' : 'a rule that does not approve';
    const advice = approves ? `!(${condition})` : condition;
    return [{ message: `${rule} compares addresses whatever the tag: write ${advice}`, offset: node.start }];
  });
}

interface Membership {
  readonly node: Extract<ASTNode, { readonly op: 'in' }>;
  readonly polarity: Polarity;
}

function* membershipsIn(node: ASTNode, polarity: Polarity): Generator<Membership> {
  switch (node.op) {
    case 'in':
      if (typeOf(node.args[0]) === 'Destination' && typeOf(node.args[1]) === 'List') yield { node, polarity };
      return;
    case '&&':
    case '||':
      for (const part of node.args) yield* membershipsIn(part, polarity);
      return;
    case '!_':
      yield* membershipsIn(node.args, opposite(polarity));
      return;
    case '==':
    case '!=':
      yield* comparedWithLiteral(node, polarity);
      return;
    case '?:':
      yield* membershipsIn(node.args[0], 0);
      yield* membershipsIn(node.args[1], polarity);
      yield* membershipsIn(node.args[2], polarity);
      return;
    case 'rcall': {
      const [name, , [, predicate]] = node.args;
      const keeps = name === 'exists' || name === 'all';
      if (predicate !== undefined) yield* membershipsIn(predicate, keeps ? polarity : 0);
      return;
    }
    default:
      return;
  }
}

/** `(d in lists.x) == false` */
function* comparedWithLiteral(
  { op, args: [left, right] }: Extract<ASTNode, { readonly op: '==' | '!=' }>,
  polarity: Polarity,
): Generator<Membership> {
  const literal = right.op === 'value' ? right.args : left.op === 'value' ? left.args : undefined;
  const other = right.op === 'value' ? left : right;
  if (typeof literal !== 'boolean') return;
  yield* membershipsIn(other, literal === (op === '==') ? polarity : opposite(polarity));
}

function opposite(polarity: Polarity): Polarity {
  return polarity === 0 ? 0 : polarity === 1 ? -1 : 1;
}

function typeOf(node: ASTNode & Pick<EvaluableNode, 'checkedType'>): string | undefined {
  return node.checkedType?.name;
}
