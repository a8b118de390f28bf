// Finds comparisons of a date, a time of day or a weekday with something that is none.
import { type ASTNode, type Environment as CelEnvironment, serialize } from '@marcbachmann/cel-js';
import { calendarKind, type CalendarKind, calendarProblem, invalidEntry } from './calendar.js';
import type { EvaluableNode } from './macro.js';
import { NamedList } from './named-list.js';
import type { NodeOf } from './nodes.js';
import { TableValue } from './table.js';

/**
 * @param node after its type check
 * @param environment has the policy's lists and tables
 */
export function calendarPitfall(
  { op, args: [left, right] }: NodeOf<'==' | '!=' | 'in' | '<' | '<=' | '>' | '>='>,
  environment: CelEnvironment,
): string | undefined {
  const kind = calendarKind(typeOf(left)) ?? (op === 'in' ? undefined : calendarKind(typeOf(right)));
  if (kind === undefined) return undefined;
  const other = calendarKind(typeOf(left)) === undefined ? left : right;
  if (typeOf(other).includes('dyn')) return dynamicProblem(kind);
  const constant = constantOf(other, environment);
  if (constant instanceof NamedList && constant.isFile) {
    return `${serialize(other)} has addresses from elsewhere and no ${kind.type.toLowerCase()}: write each ${kind.type.toLowerCase()} as an entry of a list`;
  }
  const problem = textsIn(other, kind, constant)
    .map((text) => calendarProblem(kind, text))
    .find((each) => each !== undefined);
  return problem === undefined || other.op === 'value' || other.op === 'list'
    ? problem
    : `${serialize(other)}: ${problem}`;
}

function dynamicProblem({ type, demand }: CalendarKind): string {
  return `a ${type.toLowerCase()} can’t be compared with a dynamic value: compare it with ${demand}, a list or a value of a table`;
}

/**
 * The texts in an operand that are known when the policy is loaded; of a list, one that is invalid.
 * @param value of the operand, if it is a constant
 */
function textsIn(node: ASTNode, kind: CalendarKind, value: unknown): readonly string[] {
  if (node.op === 'value') return typeof node.args === 'string' ? [node.args] : [];
  if (node.op === 'list') return node.args.flatMap((entry) => textsIn(entry, kind, undefined));
  if (value instanceof TableValue) return [value.text];
  const invalid = value instanceof NamedList ? invalidEntry(kind, value) : undefined;
  return invalid === undefined ? [] : [invalid];
}

/** The value of `lists.holidays` or `tables.dates["go-live"]`; `undefined` if it depends on the request. */
function constantOf(node: ASTNode, environment: CelEnvironment): unknown {
  if (!/^(?:List|TableValue)$/.test(typeOf(node))) return undefined;
  try {
    return environment.evaluate(serialize(node));
  } catch {
    return undefined;
  }
}

function typeOf(node: ASTNode & Pick<EvaluableNode, 'checkedType'>): string {
  return node.checkedType?.name ?? '';
}
