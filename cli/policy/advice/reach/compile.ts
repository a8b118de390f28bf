// Turns the `when` of a rule into a condition for the solver.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { NodeOf } from '../../../../src/policy/language/nodes.js';
import { atom } from './atom.js';
import { compareEqual, compareOrder, EITHER } from './comparison.js';
import { addressContext, mention } from './register.js';
import { and, type Condition, ERROR, FAILS, not, or, outcomeOf, TRUE } from './condition.js';
import { lookup } from './lookup.js';
import { entryOf, type Place, placeOf, presenceOf, type Scope } from './paths.js';
import { lengthsOf } from './mentions.js';
import { decimalOf, FAILED, isTableText, type Term, UNKNOWN } from './term.js';
import { termOf } from './terms.js';
import { patternOf } from './variables.js';

export function compile(node: ASTNode, scope: Scope): Condition {
  switch (node.op) {
    case '&&':
      return and(compile(node.args[0], scope), compile(node.args[1], scope));
    case '||':
      return or(compile(node.args[0], scope), compile(node.args[1], scope));
    case '!_':
      return not(compile(node.args, scope));
    case '?:': {
      const [condition, yes, no] = node.args.map((each) => compile(each, scope));
      if (condition === undefined || yes === undefined || no === undefined) return unknown(node, scope);
      return or(and(condition, yes), and(not(condition), no));
    }
    case 'value':
      return { kind: 'constant', outcome: outcomeOf(node.args === true) };
    case '==':
      return equality(node, scope);
    case '!=':
      return not(equality(node, scope));
    case '<':
    case '<=':
    case '>':
    case '>=':
      return counting(node, scope) ?? order(node, scope);
    case 'in':
      return lookup(node, scope) ?? unknown(node, scope);
    case 'call':
      return node.args[0] === 'has' ? presence(node, scope) : unknown(node, scope);
    case 'rcall':
      return loop(node, scope) ?? stringTest(node, scope) ?? unknown(node, scope);
    case '.':
    case '[]':
    case 'id':
      return fact(node, scope);
    default:
      return unknown(node, scope);
  }
}

/** A comparison that is not understood: true or false, and the same wherever it is written. */
export function unknown(node: ASTNode, scope: Scope): Condition {
  return atom({ node, scope, reads: [], isUncertain: true }, () => EITHER);
}

function isEitherUncertain(...terms: readonly Pick<Term, 'isUncertain'>[]): boolean {
  return terms.some(({ isUncertain }) => isUncertain === true);
}

function equality(node: NodeOf<'==' | '!='>, scope: Scope): Condition {
  const [left, right] = node.args;
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (other.op === 'value' && typeof other.args === 'boolean' && isCondition(side)) {
      const condition = compile(side, scope);
      return other.args ? condition : not(condition);
    }
  }
  if (isCondition(left) && isCondition(right)) {
    const [one, two] = [compile(left, scope), compile(right, scope)];
    return or(and(one, two), and(not(one), not(two)));
  }
  const counted = counting(node, scope);
  if (counted !== undefined) return node.op === '!=' ? not(counted) : counted;
  const [one, two] = [termOf(left, scope), termOf(right, scope)];
  const isComplete = mention(one, two, scope);
  const context = addressContext(scope, one, two);
  const reads = [...one.reads, ...two.reads, ...context.reads];
  return atom(
    { node, scope, reads, isUncertain: !isComplete || isEitherUncertain(one, two, context) },
    (valueOf) =>
      compareEqual(one.evaluate(valueOf), two.evaluate(valueOf), (text, other) =>
        context.equal(text, other, valueOf),
      ),
  );
}

function isCondition(node: ASTNode): boolean {
  if (node.op === 'call') return node.args[0] === 'has';
  if (node.op === 'rcall')
    return ['all', 'exists', 'exists_one', 'startsWith', 'endsWith', 'contains'].includes(node.args[0]);
  return ['&&', '||', '!_', '==', '!=', '<', '<=', '>', '>=', 'in'].includes(node.op);
}

function order(node: NodeOf<'<' | '<=' | '>' | '>='>, scope: Scope): Condition {
  const [left, right] = [termOf(node.args[0], scope), termOf(node.args[1], scope)];
  const isComplete = mention(left, right, scope);
  const isUncertain = !isComplete || isEitherUncertain(left, right);
  const isTime = [left, right].some(({ fact: name }) => name?.startsWith('now.') === true);
  return atom({ node, scope, reads: [...left.reads, ...right.reads], isUncertain }, (valueOf) => {
    const [one, two] = [left.evaluate(valueOf), right.evaluate(valueOf)];
    const isNoNumber =
      !isTime && [one, two].some((value) => isTableText(value) && decimalOf(value.text) === undefined);
    // What is not known may be a date or a time, which compares with values that are no numbers.
    const isKnown = one !== UNKNOWN && two !== UNKNOWN;
    return isNoNumber && isKnown ? ERROR : compareOrder(node.op, one, two);
  });
}

function presence(node: NodeOf<'call'>, scope: Scope): Condition {
  const [argument] = node.args[1];
  const term = argument && presenceOf(argument, scope);
  if (term === undefined) return unknown(node, scope);
  return atom({ node, scope, reads: term.reads, isUncertain: false }, (valueOf) =>
    outcomeOf(term.evaluate(valueOf) === true),
  );
}

/** A fact that is true or false. */
function fact(node: ASTNode, scope: Scope): Condition {
  const term = termOf(node, scope);
  return atom({ node, scope, reads: term.reads, isUncertain: term.isUncertain === true }, (valueOf) => {
    const value = term.evaluate(valueOf);
    if (value === FAILED) return ERROR;
    return value === UNKNOWN ? EITHER : outcomeOf(value === true);
  });
}

const STRING_TESTS = {
  startsWith: { mentions: 'prefixes', test: (text: string, part: string) => text.startsWith(part) },
  endsWith: { mentions: 'suffixes', test: (text: string, part: string) => text.endsWith(part) },
  contains: { mentions: 'infixes', test: (text: string, part: string) => text.includes(part) },
} as const;

/** `tx.note.startsWith("INV-")` */
function stringTest(node: NodeOf<'rcall'>, scope: Scope): Condition | undefined {
  const [name, receiver, [argument]] = node.args;
  if (!Object.hasOwn(STRING_TESTS, name) || argument?.op !== 'value') return undefined;
  const { mentions, test } = STRING_TESTS[name as keyof typeof STRING_TESTS];
  const part = argument.args;
  const term = termOf(receiver, scope);
  if (typeof part !== 'string') return undefined;
  if (term.fact !== undefined) scope.variables.mentionsOf(term.fact)[mentions].add(part);
  return atom({ node, scope, reads: term.reads, isUncertain: true }, (valueOf) => {
    const value = term.evaluate(valueOf);
    if (value === FAILED) return ERROR;
    if (typeof value !== 'string') return typeof value === 'symbol' ? EITHER : ERROR;
    const isKnown = term.fact !== undefined && scope.variables.mentionsOf(term.fact).isComplete;
    return isKnown ? outcomeOf(test(value, part)) : EITHER;
  });
}

/** The entries of a list that a loop is about. */
interface Loop {
  readonly list: Place;
  readonly length: number;
  readonly bodyAt: (index: number) => Condition;
  readonly owners: Condition;
}

function loopOf(node: ASTNode, scope: Scope, names: readonly string[]): Loop | undefined {
  if (node.op !== 'rcall' || !names.includes(node.args[0])) return undefined;
  const [, receiver, [variable, predicate]] = node.args;
  const list = placeOf(receiver, scope);
  if (list === undefined || variable?.op !== 'id' || predicate === undefined) return undefined;
  if (entryOf(list, 0, scope) === undefined) return undefined;
  const { variables } = scope;
  const reads = list.owners.map((owner) => owner.variable);
  const there = atom({ node: receiver, scope, reads, isUncertain: false }, (valueOf) =>
    list.owners.every(
      ({ variable: id, index }) =>
        valueOf(id) !== undefined && (index === undefined || Number(valueOf(id)) > index),
    )
      ? TRUE
      : ERROR,
  );
  return {
    list,
    length: variables.of(list.name, 'length').id,
    owners: there,
    bodyAt(index) {
      const entry = entryOf(list, index, scope);
      if (entry === undefined) return FAILS;
      const bindings = new Map([...scope.bindings, [variable.args, entry]]);
      return compile(predicate, { variables, bindings });
    },
  };
}

function casesOf(
  { list, length, bodyAt, owners }: Loop,
  scope: Scope,
  combine: (bodies: readonly Condition[]) => Condition,
): Condition {
  const lengths = lengthsOf(scope.variables.mentionsOf(patternOf(list.name)));
  const bodies: Condition[] = [];
  const cases = new Map(
    lengths.map((count) => {
      while (bodies.length < count) bodies.push(bodyAt(bodies.length));
      return [count, combine(bodies.slice(0, count))];
    }),
  );
  const condition: Condition = { kind: 'cases', length, cases };
  return owners.kind === 'atom' && owners.reads.length === 0 ? condition : and(owners, condition);
}

/** `all`, `exists` and `exists_one` */
function loop(node: NodeOf<'rcall'>, scope: Scope): Condition | undefined {
  const found = loopOf(node, scope, ['all', 'exists', 'exists_one']);
  if (found === undefined) return undefined;
  const [name] = node.args;
  return casesOf(found, scope, (bodies) => {
    if (name === 'all') return and(...bodies);
    return name === 'exists' ? or(...bodies) : { kind: 'count', parts: bodies, test: (count) => count === 1 };
  });
}

const COUNT_TESTS: Readonly<Record<string, (count: number, limit: number) => boolean>> = {
  '==': (count, limit) => count === limit,
  '!=': (count, limit) => count === limit,
  '<': (count, limit) => count < limit,
  '<=': (count, limit) => count <= limit,
  '>': (count, limit) => count > limit,
  '>=': (count, limit) => count >= limit,
};

/** `tx.destinations.filter(d, …).size() > 1` */
function counting(node: NodeOf<'==' | '!=' | '<' | '<=' | '>' | '>='>, scope: Scope): Condition | undefined {
  const [left, right] = node.args;
  const isSize = left.op === 'rcall' && left.args[0] === 'size' && right.op === 'value';
  const found = isSize ? loopOf(left.args[1], scope, ['filter']) : undefined;
  const limit = right.op === 'value' ? Number(right.args) : NaN;
  const test = COUNT_TESTS[node.op];
  if (found === undefined || test === undefined || Number.isNaN(limit)) return undefined;
  return casesOf(found, scope, (parts) => ({ kind: 'count', parts, test: (count) => test(count, limit) }));
}
