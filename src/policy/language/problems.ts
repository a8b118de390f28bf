// Finds all problems in an expression, with their positions, when the policy is loaded.
import {
  type ASTNode,
  type Environment as CelEnvironment,
  ParseError,
  serialize,
  TypeError as CelTypeError,
} from '@marcbachmann/cel-js';
import type { KnownNames } from './environment.js';
import type { Checker, EvaluableNode, Macro } from './macro.js';
import { nearest } from './nearest.js';
import { nodesIn } from './nodes.js';
import { explainCall, explainOperator } from './overloads.js';
import { pitfallOf } from './pitfalls.js';

export interface ExpressionProblem {
  readonly message: string;
  /** Position in the expression, in UTF-16 code units from its start. */
  readonly offset: number;
}

/** What an expression has to result in. */
export interface Result {
  /** Types in the rule language. */
  readonly types: readonly string[];
  /** In words: `an amount`. */
  readonly demand: string;
}

export const BOOLEAN: Result = { types: ['bool'], demand: 'true or false' };

/** Wraps an expression so that each operand of `&&` and `||` is checked; cel-js alone stops at the first problem. */
const PARTS_MACRO = 'parts';
/** Replaces `has` during the check, because `has` itself accepts unknown names. */
const HAS_MACRO = 'got';

/** @returns a function that finds the problems in an expression in this environment, ordered by position */
export function problemFinder(environment: CelEnvironment, known: KnownNames) {
  const wrapper = `${PARTS_MACRO}(`;
  let found: ExpressionProblem[] = [];
  let result = BOOLEAN;

  const checkParts = (node: ASTNode, checker: Checker, context: unknown): void => {
    if (result === BOOLEAN && (node.op === '&&' || node.op === '||')) {
      node.args.forEach((part) => checkParts(part, checker, context));
      return;
    }
    try {
      const { name } = checker.check(node, context);
      // Dynamic operands are reported as pitfalls.
      const isDynamic = name === 'dyn' && result === BOOLEAN;
      if (!isDynamic && !result.types.includes(name)) {
        found.push(wrongResult(result, name, node.start - wrapper.length));
      }
    } catch (error) {
      found.push(toProblem(error, known, wrapper.length));
    }
  };
  const checking = checkingEnvironment(environment, checkParts);

  return (source: string, ast: ASTNode, wanted: Result): readonly ExpressionProblem[] => {
    const nodes = [...nodesIn(ast)];
    found = [];
    result = wanted;
    // The line break ends a comment at the end of the expression.
    const { error } = checking.check(`${wrapper}${withoutHas(source, nodes)}\n)`);
    if (error !== undefined && found.length === 0) found.push(toProblem(error, known, wrapper.length));
    const pitfalls = nodes.flatMap((node) => {
      const message = pitfallOf(node, environment);
      return message === undefined ? [] : [{ message, offset: node.start }];
    });
    return [...found, ...pitfalls].sort((a, b) => a.offset - b.offset);
  };
}

type Check = (node: ASTNode, checker: Checker, context: unknown) => void;

/** A copy of the environment with the two macros. */
function checkingEnvironment(environment: CelEnvironment, checkParts: Check): CelEnvironment {
  const macro =
    (check: Check): Macro =>
    ({ args: [argument] }) => ({
      typeCheck(checker, _macro, context) {
        if (argument !== undefined) check(argument, checker, context);
        return checker.getType('bool');
      },
      evaluate: () => false,
    });
  const { maxDepth, maxAstNodes } = environment.opts.limits;
  return environment
    .clone({ limits: { maxDepth: maxDepth + 1, maxAstNodes: maxAstNodes + 1 } })
    .registerFunction(`${PARTS_MACRO}(ast): bool`, macro(checkParts))
    .registerFunction(
      `${HAS_MACRO}(ast): bool`,
      macro((node, checker, context) => void checker.check(node, context)),
    );
}

/** Renames each call of `has`. Both names have the same length, so that all offsets stay the same. */
function withoutHas(source: string, nodes: readonly ASTNode[]): string {
  let renamed = source;
  for (const { op, args, start } of nodes) {
    if (op === 'call' && args[0] === 'has') {
      renamed = renamed.slice(0, start) + HAS_MACRO + renamed.slice(start + HAS_MACRO.length);
    }
  }
  return renamed;
}

export function wrongResult({ demand }: Result, type: string | undefined, offset: number): ExpressionProblem {
  return { message: `expected ${demand}, but this is of type ${type}`, offset };
}

/** @param shift length of the text that was inserted before the expression when it was checked */
export function toProblem(error: unknown, known: KnownNames, shift: number): ExpressionProblem {
  if (!(error instanceof ParseError || error instanceof CelTypeError)) {
    // cel-js itself fails on some combinations of types, such as an empty list.
    return { message: 'the types in this expression can’t be determined: rewrite it', offset: 0 };
  }
  const { code, summary, range, node } = error;
  const offset = Math.max(0, (range?.start ?? shift) - shift);
  const at = node as ASTNode | undefined;
  if (code === 'no_such_key' && (at?.op === '.' || at?.op === '[]')) {
    return { message: unknownMember(at.args, known), offset };
  }
  if (code === 'unknown_variable' && at?.op === 'id') {
    return { message: unknownVariable(at.args, known), offset };
  }
  return { message: explain(code, summary, at), offset };
}

/** The messages of cel-js, in the words of the guide. */
function explain(code: string, summary: string, node: ASTNode | undefined): string {
  if (summary.startsWith('no such overload')) return explainOperator(summary, node);
  if (summary.startsWith('found no matching overload')) return explainCall(summary);
  if (summary === 'has() invalid argument') return 'has() takes a fact: write has(tx.note)';
  if (summary.includes('maxListElements')) return `${summary}: put the values under lists`;
  if (code === 'no_such_key' || !summary.includes('EOF')) return summary;
  return summary
    .replace(/^Unexpected token: EOF$/, 'the expression ends too early')
    .replace('EOF', 'the end of the expression');
}

/** Variables that are available only in rules of the other kind. */
const OTHER_KIND: Readonly<Record<string, string>> = {
  tx: '"tx" is not available here: a rule for configuration changes uses "config"',
  config: '"config" is not available here: a rule for transactions uses "tx"',
};

function unknownVariable(name: string, known: KnownNames): string {
  if (name === 'limits') return limitsUnavailable(known);
  return Object.hasOwn(OTHER_KIND, name)
    ? (OTHER_KIND[name] ?? '')
    : `unknown name "${name}"${hintFor(name, known)}`;
}

function limitsUnavailable(known: KnownNames): string {
  return Object.hasOwn(known, 'limits')
    ? '"limits" is not available here: limits count transactions only'
    : '"limits" is not available here: add limits to the policy under limits:; they can’t read each other';
}

/** Other words for the variables. */
const VARIABLES: Readonly<Record<string, string>> = {
  transaction: 'tx',
  txn: 'tx',
  configuration: 'config',
  list: 'lists',
  table: 'tables',
  limit: 'limits',
};

/** What a name without its owner was meant to be. */
function hintFor(name: string, known: KnownNames): string {
  const owner = ['lists', 'tables', 'limits', 'tx', 'config'].find((each) =>
    Object.hasOwn(known[each] ?? {}, name),
  );
  if (owner !== undefined) return `; write ${owner}.${name}`;
  const variable = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
  if (variable !== undefined) return `; did you mean "${variable}"?`;
  if (/^[A-Z][A-Z0-9_]+$/.test(name)) return `; write a string in quotes: "${name}"`;
  return suggestion(name, ['tx', 'config', 'lists', 'tables', 'limits', 'now']);
}

function unknownMember([owner, member]: readonly [ASTNode, string | ASTNode], known: KnownNames): string {
  const name = typeof member === 'string' ? member : serialize(member).replaceAll('"', '');
  const ownerName = serialize(owner);
  const { checkedType } = owner as ASTNode & Pick<EvaluableNode, 'checkedType'>;
  const names = Object.keys(known[ownerName] ?? known[checkedType?.name ?? ''] ?? {});
  const problem =
    ownerName === 'lists' || ownerName === 'tables' || ownerName === 'limits'
      ? `unknown ${ownerName.slice(0, -1)} "${name}"`
      : `unknown fact "${name}" in ${ownerName}`;
  return problem + suggestion(name, names);
}

function suggestion(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
