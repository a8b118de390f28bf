// What is wrong with an expression, found when the policy is loaded: all of it at once, and where.
import {
  type ASTNode,
  type Environment,
  EvaluationError,
  ParseError,
  serialize,
  TypeError,
} from '@marcbachmann/cel-js';
import { STAGES } from '../facts/facts.js';
import type { Checker, EvaluableNode, Macro } from './macro.js';
import { nearest } from './nearest.js';

/** Something wrong with an expression. */
export interface ExpressionProblem {
  readonly message: string;
  /** Where in the expression, in UTF-16 code units from its start. */
  readonly offset: number;
}

/** What rules may name: the facts of `tx`, `config` and destinations, and the lists; each with its type. */
export type KnownNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The macro that sets an environment up, once. */
export const SETUP_MACRO = 'strictly';

/** Functions of cel-js that rules can't use, and why. */
const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  matches:
    'matches() is not offered, for a regular expression can take for ever: use startsWith, endsWith or contains',
  dyn: 'dyn() is not offered, for it takes the types away that keep a rule from being misread',
  [SETUP_MACRO]: `there is no function ${SETUP_MACRO}`,
};

/** Wraps an expression so that each side of its `&&` and `||` is checked, where cel-js stops at the first problem. */
const PARTS_MACRO = 'parts';
/** Takes the place of `has` while types are checked: `has` itself accepts names that do not exist. */
const HAS_MACRO = 'got';

export function problemFinder(environment: Environment, known: KnownNames) {
  const wrapper = `${PARTS_MACRO}(`;
  let found: ExpressionProblem[] = [];

  const checkParts = (node: ASTNode, checker: Checker, context: unknown): void => {
    if (node.op === '&&' || node.op === '||') {
      node.args.forEach((part) => checkParts(part, checker, context));
      return;
    }
    try {
      const { name } = checker.check(node, context);
      // A dynamic one is told apart below.
      if (name !== 'bool' && name !== 'dyn') found.push(notBoolean(name, node.start - wrapper.length));
    } catch (error) {
      found.push(toProblem(error, known, wrapper.length));
    }
  };
  const partsMacro: Macro = ({ args: [argument] }) => ({
    typeCheck(checker, _macro, context) {
      if (argument !== undefined) checkParts(argument, checker, context);
      return checker.getType('bool');
    },
    evaluate: () => false,
  });
  const hasMacro: Macro = ({ args: [argument] }) => ({
    typeCheck(checker, _macro, context) {
      if (argument !== undefined) checker.check(argument, context);
      return checker.getType('bool');
    },
    evaluate: () => false,
  });
  const { maxDepth, maxAstNodes } = environment.opts.limits;
  const checking = environment
    .clone({ limits: { maxDepth: maxDepth + 1, maxAstNodes: maxAstNodes + 1 } })
    .registerFunction(`${PARTS_MACRO}(ast): bool`, partsMacro)
    .registerFunction(`${HAS_MACRO}(ast): bool`, hasMacro);

  return (source: string, ast: ASTNode): readonly ExpressionProblem[] => {
    const nodes = [...nodesIn(ast)];
    let renamed = source;
    for (const node of nodes) {
      if (node.op === 'call' && node.args[0] === 'has') {
        renamed = renamed.slice(0, node.start) + HAS_MACRO + renamed.slice(node.start + HAS_MACRO.length);
      }
    }
    found = [];
    // The end of the line ends a comment.
    const { error } = checking.check(`${wrapper}${renamed}\n)`);
    if (error !== undefined && found.length === 0) found.push(toProblem(error, known, wrapper.length));
    const pitfalls = nodes.flatMap((node) => {
      const message = pitfallOf(node, environment);
      return message === undefined ? [] : [{ message, offset: node.start }];
    });
    return [...found, ...pitfalls].sort((a, b) => a.offset - b.offset);
  };
}

/** What type-checks, and yet could not do what its author meant. */
function pitfallOf(node: ASTNode, environment: Environment): string | undefined {
  switch (node.op) {
    case 'call': {
      const [name, [argument]] = node.args;
      if (Object.hasOwn(REFUSED_FUNCTIONS, name)) return REFUSED_FUNCTIONS[name];
      if ((name === 'timestamp' || name === 'duration') && argument?.op === 'value') {
        return errorOf(() => environment.evaluate(serialize(node)));
      }
      return undefined;
    }
    case 'rcall': {
      const [name, , args] = node.args;
      if (Object.hasOwn(REFUSED_FUNCTIONS, name)) return REFUSED_FUNCTIONS[name];
      const zone = args[0]?.op === 'value' ? args[0].args : undefined;
      if (/^get[A-Z]/.test(name) && typeof zone === 'string' && !isTimeZone(zone)) {
        return `"${zone}" is not a time zone; write one such as "Europe/Berlin" or "UTC"`;
      }
      return undefined;
    }
    case '.':
    case '[]': {
      const [owner, member] = node.args;
      if (typeof member !== 'string' && member.op !== 'value')
        return 'an index must be a number or a text in quotes';
      const name = typeof member === 'string' ? member : member.args;
      return name === 'apiKey' && serialize(owner) === 'config.extraInfo'
        ? 'config.extraInfo.apiKey is a secret, and no fact'
        : undefined;
    }
    case 'id':
      return node.args === 'optional' ? 'there is no "optional"' : undefined;
    case '&&':
    case '||':
      return node.args.some((side) => typeOf(side) === 'dyn')
        ? `each side of ${node.op} must be true or false, and a dynamic value may be neither: write == true`
        : undefined;
    case '==':
    case '!=':
    case 'in': {
      const [left, right] = node.args;
      const mixed = mixedTypes(node.op, left, right);
      if (mixed !== undefined) return mixed;
      const texts = [left, right]
        .flatMap((side) => (side.op === 'list' ? side.args : [side]))
        .flatMap((side) => (side.op === 'value' ? [side.args] : []));
      const wrong = texts.find((text) => !STAGES.some((stage) => stage === text));
      return wrong !== undefined && [left, right].some((side) => serialize(side) === 'tx.stage')
        ? `tx.stage is ${STAGES.map((stage) => `"${stage}"`).join(' or ')}, never ${JSON.stringify(String(wrong))}`
        : undefined;
    }
    default:
      return undefined;
  }
}

/** What CEL would find unequal because of its type: here that would read as an answer. */
function mixedTypes(operator: string, left: ASTNode, right: ASTNode): string | undefined {
  const [one, other] = [typeOf(left), typeOf(right)];
  if (operator !== 'in' && [one, other].some((type) => /^(list|map)\b/.test(type))) {
    return 'lists and maps can’t be compared as a whole: ask about their entries';
  }
  if (operator === 'in' && other.includes('dyn')) {
    return 'there is no looking into a dynamic list with "in": write .exists(e, e == …)';
  }
  for (const [type, against] of [
    [one, other],
    [other, one],
  ] as const) {
    if (type.includes('Decimal') && against.includes('dyn'))
      return 'an amount can’t be compared with a dynamic value';
    if (type.includes('Address') && against.includes('dyn')) {
      return 'an address of the transaction can’t be compared with a dynamic value';
    }
  }
  return undefined;
}

/** As far as the expression could be checked. */
function typeOf(node: ASTNode & Pick<EvaluableNode, 'checkedType'>): string {
  return node.checkedType?.name ?? '';
}

/** A variable that only rules of the other kind have. */
const OTHER_KIND: Readonly<Record<string, string>> = {
  tx: ' here: a rule for configuration changes has "config"',
  config: ' here: a rule for transactions has "tx"',
};

export function notBoolean(type: string | undefined, offset: number): ExpressionProblem {
  return { message: `it is of type ${type}; it must be true or false`, offset };
}

/** @param shift how far the expression was moved to the right before it was checked */
export function toProblem(error: unknown, known: KnownNames, shift: number): ExpressionProblem {
  if (!(error instanceof ParseError || error instanceof TypeError)) {
    // A combination of types that cel-js itself can't tell apart, as with an empty list.
    return { message: 'its types can’t be told; write it another way', offset: 0 };
  }
  const { code, summary, range, node } = error;
  const offset = Math.max(0, (range?.start ?? shift) - shift);
  const at = node as ASTNode | undefined;
  if (code === 'no_such_key' && (at?.op === '.' || at?.op === '[]')) {
    return { message: unknownName(at.args, known), offset };
  }
  if (code === 'unknown_variable' && at?.op === 'id') {
    const hint = Object.hasOwn(OTHER_KIND, at.args)
      ? OTHER_KIND[at.args]
      : suggestion(at.args, ['tx', 'config', 'lists', 'now']);
    return { message: `there is no "${at.args}"${hint}`, offset };
  }
  if (code === 'no_such_overload' && summary.includes('Decimal') && /\b(double|int|string)\b/.test(summary)) {
    return { message: `${summary}; write an amount as decimal("0.01")`, offset };
  }
  return { message: summary.replace('EOF', 'the end of the expression'), offset };
}

function unknownName([owner, member]: readonly [ASTNode, string | ASTNode], known: KnownNames): string {
  const name = typeof member === 'string' ? member : serialize(member).replaceAll('"', '');
  const of = serialize(owner);
  const names = Object.keys(known[of] ?? known['destination'] ?? {});
  const problem = of === 'lists' ? `there is no list "${name}"` : `${of} has no fact "${name}"`;
  return problem + suggestion(name, names);
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

function errorOf(evaluate: () => unknown): string | undefined {
  try {
    evaluate();
    return undefined;
  } catch (error) {
    return error instanceof EvaluationError ? error.summary : String(error);
  }
}

function isTimeZone(timeZone: string): boolean {
  return errorOf(() => new Intl.DateTimeFormat('en', { timeZone })) === undefined;
}

/** The node and all below it, in no particular order. */
export function* nodesIn(node: ASTNode): Generator<ASTNode> {
  yield node;
  const children = (value: unknown): readonly ASTNode[] => {
    if (Array.isArray(value)) return value.flatMap(children);
    return typeof value === 'object' && value !== null && 'op' in value ? [value as ASTNode] : [];
  };
  for (const child of children(node.args)) yield* nodesIn(child);
}
