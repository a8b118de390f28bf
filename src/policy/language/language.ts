// The language of rules: CEL with exact decimals, addresses and lists; strict about errors, and bounded.
import {
  type ASTNode,
  Environment,
  EvaluationError,
  type ParseResult,
  serialize,
} from '@marcbachmann/cel-js';
import { BaseError } from '../../protocol/error.js';
import type { Kind } from '../../protocol/request.js';
import { Address, normalizeAddress } from '../facts/address.js';
import { add, Decimal, multiply, parseDecimal, subtract } from '../facts/decimal.js';
import {
  type ExpressionProblem,
  type KnownNames,
  notBoolean,
  problemFinder,
  SETUP_MACRO,
  toProblem,
} from './expression-problems.js';
import { Configuration, Destination, FACT_TYPES, Transaction } from '../facts/facts.js';
import type { Macro } from './macro.js';

/** Steps that one evaluation may take: what a rule does with a request's lists must come to an end. */
const MAX_STEPS = 100_000;
/** And the time that it may take, in ms: a step can go through a text of a million characters. */
const MAX_MS = 2000;
/** The clock is looked at after this many steps; a power of two. */
const STEPS_PER_LOOK = 32;
/** The steps that are left then for the first time. */
const FIRST_LOOK = Math.floor((MAX_STEPS - 1) / STEPS_PER_LOOK) * STEPS_PER_LOOK;
/** Limits on how an expression is built; lists that are longer belong under `lists`. */
const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 64,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

/** What a rule of one kind is evaluated with. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Compiled {
  readonly ast: ASTNode;
  /** What must hold first: where one of them is false, the expression is. */
  readonly conditions: readonly Condition[];
  /** @throws whatever keeps it from being evaluated for these facts; `explainError` tells it in words */
  readonly evaluate: (facts: Facts) => unknown;
  /** The same for another expression of this language, such as a part of this one; it is compiled each time. */
  readonly evaluatePart: (source: string, facts: Facts) => unknown;
}

export interface Language {
  /** Parses, type-checks and compiles an expression that must be true or false. */
  compile(source: string): Compiled | readonly ExpressionProblem[];
}

/** A list of the policy, under `lists`: membership takes the same time however long it is. */
class NamedList {
  readonly #entries: ReadonlySet<string>;

  constructor(entries: readonly string[]) {
    this.#entries = new Set(entries.map(normalizeAddress));
  }

  has(text: string): boolean {
    return this.#entries.has(text) || this.#entries.has(normalizeAddress(text));
  }

  hasAddress({ normalized }: Address): boolean {
    return this.#entries.has(normalized);
  }
}

class Lists {
  readonly [name: string]: NamedList;
}

/** More than MAX_STEPS or MAX_MS. */
class BudgetError extends BaseError<'BUDGET_EXCEEDED'> {
  constructor(limit: string) {
    super('BUDGET_EXCEEDED', `it takes more than ${limit} for this request`);
  }
}

// The time-zone functions of cel-js go through local time, and only UTC has every hour of every day.
process.env['TZ'] = 'UTC';

const TIMESTAMP = 'google.protobuf.Timestamp';

/**
 * @param lists the policy's lists, by name
 * @returns the language of each kind of rule
 */
export function languageWith(lists: ReadonlyMap<string, readonly string[]>): Record<Kind, Language> {
  const named = Object.assign(
    new Lists(),
    Object.fromEntries([...lists].map(([name, entries]) => [name, new NamedList(entries)])),
  );
  const listTypes = Object.fromEntries([...lists.keys()].map((name) => [name, 'List']));
  const environment = (variable: string, type: string): Environment =>
    baseEnvironment()
      .registerType('Lists', { ctor: Lists, fields: listTypes })
      .registerConstant('lists', 'Lists', named)
      .registerVariable('now', TIMESTAMP)
      .registerVariable(variable, type);
  const known = { ...FACT_TYPES, lists: listTypes };
  return {
    transaction: language(environment('tx', 'Transaction'), known),
    configuration: language(environment('config', 'Configuration'), known),
  };
}

function baseEnvironment(): Environment {
  const environment = new Environment({ limits: LIMITS })
    .registerType('Decimal', { ctor: Decimal, fields: {} })
    .registerType('Address', { ctor: Address, fields: {} })
    .registerType('List', { ctor: NamedList, fields: {} })
    .registerType('Destination', { ctor: Destination, fields: FACT_TYPES.destination })
    .registerType('Transaction', { ctor: Transaction, fields: FACT_TYPES.tx })
    .registerType('Configuration', { ctor: Configuration, fields: FACT_TYPES.config })
    .registerFunction('decimal(ast): Decimal', decimalMacro);

  const decimals: Record<string, (left: Decimal, right: Decimal) => unknown> = {
    '<': (left, right) => left.lt(right),
    '<=': (left, right) => left.lte(right),
    '>': (left, right) => left.gt(right),
    '>=': (left, right) => left.gte(right),
    '==': (left, right) => left.eq(right),
    '+': add,
    '-': subtract,
    '*': multiply,
  };
  for (const [operator, apply] of Object.entries(decimals)) {
    environment.registerOperator(`Decimal ${operator} Decimal`, apply);
  }
  // Also for a dynamic address: there the general `in` of CEL would fit as well, and find it unequal.
  for (const address of ['Address', 'dyn<Address>']) {
    environment.registerOperator(`${address} in list<string>`, (left: Address, list: Iterable<string>) =>
      [...list].some((entry) => left.equals(entry)),
    );
  }

  return environment
    .registerOperator('Address == Address', (left: Address, right: Address) => left.equals(right.normalized))
    .registerOperator('Address == string', (left: Address, right: string) => left.equals(right))
    .registerOperator('string in list<Address>', (left: string, list: Iterable<Address>) =>
      [...list].some((entry) => entry.equals(left)),
    )
    .registerOperator('Address in List', (left: Address, list: NamedList) => list.hasAddress(left))
    .registerOperator('string in List', (left: string, list: NamedList) => list.has(left));
}

/** `decimal("10000")`: the number is read once, when the policy is loaded. */
const decimalMacro: Macro = ({ args: [argument] }) => {
  const literal = argument?.op === 'value' && typeof argument.args === 'string' ? argument.args : undefined;
  const value = literal === undefined ? undefined : parseDecimal(literal);
  return {
    typeCheck(checker) {
      if (value === undefined) {
        throw checker.createError(
          'not_a_decimal',
          'decimal() takes digits in quotes, perhaps with a point, such as decimal("0.01")',
          argument,
        );
      }
      return checker.getType('Decimal');
    },
    evaluate: () => value,
    async: false,
  };
};

/**
 * CEL lets `&&`, `||`, `all` and `exists` swallow an error when their other side settles the result. Here an error is
 * an error, whatever stands beside it: a rule must not hold, or fail to hold, on facts that could not be read.
 * The evaluator is the one that cel-js hands to macros; the tests of this file hold it to both promises.
 */
function makeStrictAndBounded(environment: Environment): { steps: number } {
  const budget = { steps: MAX_STEPS };
  let deadline = 0;
  const spend = (): void => {
    budget.steps--;
    if (budget.steps < 0) throw new BudgetError(`${MAX_STEPS} steps`);
    // Most rules are done before.
    if (budget.steps % STEPS_PER_LOOK !== 0) return;
    const now = performance.now();
    if (budget.steps === FIRST_LOOK) deadline = now + MAX_MS;
    else if (now > deadline) throw new BudgetError(`${MAX_MS} ms`);
  };
  const macro: Macro = () => ({
    typeCheck: (checker) => checker.getType('bool'),
    evaluate(evaluator) {
      evaluator.run = evaluator.tryEval = (node, context) => {
        spend();
        return node.evaluate(evaluator, node, context);
      };
      return true;
    },
  });
  environment.registerFunction(`${SETUP_MACRO}(ast): bool`, macro);
  environment.evaluate(`${SETUP_MACRO}(true)`);
  return budget;
}

/** `tx.asset == "ETH"`, with which many a rule begins. */
export interface Condition {
  /** `tx` or `config` */
  readonly owner: string;
  readonly fact: string;
  readonly text: string;
}

/** The conditions that an expression begins with: CEL evaluates them first, and goes on only if they hold. */
function firstConditions(ast: ASTNode, known: KnownNames): readonly Condition[] {
  const conditions: Condition[] = [];
  for (const part of conjuncts(ast)) {
    if (part.op !== '==') break;
    const [left, right] = part.args;
    if (left.op !== '.' || left.args[0].op !== 'id' || right.op !== 'value') break;
    const [{ args: owner }, fact] = left.args;
    const text = right.args;
    if (known[owner]?.[fact] !== 'string' || typeof text !== 'string') break;
    conditions.push({ owner, fact, text });
  }
  return conditions;
}

function conjuncts(node: ASTNode): readonly ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjuncts) : [node];
}

function language(environment: Environment, known: KnownNames): Language {
  const budget = makeStrictAndBounded(environment);
  const findProblems = problemFinder(environment, known);

  const evaluate = (parsed: ParseResult, facts: Facts): unknown => {
    budget.steps = MAX_STEPS;
    return parsed(facts);
  };

  return {
    compile(source) {
      try {
        const parsed = environment.parse(source);
        // Checked first: what is looked for next are the types that this leaves in the nodes.
        const { type, error } = parsed.check();
        const problems = findProblems(source, parsed.ast);
        if (problems.length > 0) return problems;
        if (type === 'bool') {
          return {
            ast: parsed.ast,
            conditions: firstConditions(parsed.ast, known),
            evaluate: (facts) => evaluate(parsed, facts),
            evaluatePart: (part, facts) => evaluate(environment.parse(part), facts),
          };
        }
        return [error === undefined ? notBoolean(type, 0) : toProblem(error, known, 0)];
      } catch (error) {
        return [toProblem(error, known, 0)];
      }
    },
  };
}

/** Says why a rule could not be evaluated, in words that never hold a value of the request: they are logged. */
export function explainError(error: unknown): string {
  switch (error instanceof BaseError ? error.code : undefined) {
    case 'FACT_UNUSABLE':
    case 'NUMBER_TOO_LONG':
    case 'BUDGET_EXCEEDED':
      return (error as BaseError).message;
  }
  if (error instanceof EvaluationError) {
    const part = error.node === undefined ? 'it' : serialize(error.node);
    return error.code === 'no_such_key' ? `${part} is absent` : `${part}: ${error.code.replaceAll('_', ' ')}`;
  }
  return 'unexpected fault';
}
