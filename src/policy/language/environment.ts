// The CEL environment for rules: CEL with exact decimals, addresses, facts and the policy's lists.
import { Environment as CelEnvironment } from '@marcbachmann/cel-js';
import type { Kind } from '../../protocol/request.js';
import { Address } from '../facts/address.js';
import { add, Decimal, multiply, parseDecimal, subtract } from '../../protocol/decimal.js';
import { Configuration, Destination, FACT_TYPES, Transaction } from '../facts/facts.js';
import type { Macro } from './macro.js';
import { Lists, NamedList } from './named-list.js';

/** Limits on the size of an expression; longer lists belong under `lists`. */
const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 64,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

const TIMESTAMP = 'google.protobuf.Timestamp';

// The time zone functions in cel-js use the process's local time, and UTC never skips an hour.
process.env['TZ'] = 'UTC';

/** Names that rules may use, with their types: the facts of `tx`, `config` and destinations, and the lists. */
export type KnownNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * One environment for each kind of rule: rules for transactions read `tx`, those for configuration changes `config`.
 */
export function celEnvironments(lists: ReadonlyMap<string, readonly string[]>): {
  readonly environments: Readonly<Record<Kind, CelEnvironment>>;
  readonly known: KnownNames;
} {
  const named = new Lists(lists);
  const listTypes = Object.fromEntries([...lists.keys()].map((name) => [name, 'List']));
  const environmentWith = (variable: string, type: string): CelEnvironment =>
    baseEnvironment()
      .registerType('Lists', { ctor: Lists, fields: listTypes })
      .registerConstant('lists', 'Lists', named)
      .registerVariable('now', TIMESTAMP)
      .registerVariable(variable, type);
  return {
    environments: {
      transaction: environmentWith('tx', 'Transaction'),
      configuration: environmentWith('config', 'Configuration'),
    },
    known: { ...FACT_TYPES, lists: listTypes },
  };
}

function baseEnvironment(): CelEnvironment {
  const environment = new CelEnvironment({ limits: LIMITS })
    .registerType('Decimal', { ctor: Decimal, fields: {} })
    .registerType('Address', { ctor: Address, fields: {} })
    .registerType('List', { ctor: NamedList, fields: {} })
    .registerType('Destination', { ctor: Destination, fields: FACT_TYPES.destination })
    .registerType('Transaction', { ctor: Transaction, fields: FACT_TYPES.tx })
    .registerType('Configuration', { ctor: Configuration, fields: FACT_TYPES.config })
    .registerFunction('decimal(ast): Decimal', decimalMacro);
  registerDecimalOperators(environment);
  registerAddressOperators(environment);
  return environment;
}

function registerDecimalOperators(environment: CelEnvironment): void {
  const operators: Record<string, (left: Decimal, right: Decimal) => unknown> = {
    '<': (left, right) => left.lt(right),
    '<=': (left, right) => left.lte(right),
    '>': (left, right) => left.gt(right),
    '>=': (left, right) => left.gte(right),
    '==': (left, right) => left.eq(right),
    '+': add,
    '-': subtract,
    '*': multiply,
  };
  for (const [operator, apply] of Object.entries(operators)) {
    environment.registerOperator(`Decimal ${operator} Decimal`, apply);
  }
}

function registerAddressOperators(environment: CelEnvironment): void {
  // Also registered for dynamic addresses; otherwise, CEL's own `in` would be used, and would never find an equal
  // entry.
  for (const address of ['Address', 'dyn<Address>']) {
    environment.registerOperator(`${address} in list<string>`, (left: Address, list: Iterable<string>) =>
      [...list].some((entry) => left.equals(entry)),
    );
  }
  environment
    .registerOperator('Address == Address', (left: Address, right: Address) => left.equals(right.normalized))
    .registerOperator('Address == string', (left: Address, right: string) => left.equals(right))
    .registerOperator('string in list<Address>', (left: string, list: Iterable<Address>) =>
      [...list].some((entry) => entry.equals(left)),
    )
    .registerOperator('Address in List', (left: Address, list: NamedList) => list.hasAddress(left))
    .registerOperator('string in List', (left: string, list: NamedList) => list.has(left));
}

/** `decimal("10000")`: the number is parsed once, when the policy is loaded. */
const decimalMacro: Macro = ({ args: [argument] }) => {
  const literal = argument?.op === 'value' && typeof argument.args === 'string' ? argument.args : undefined;
  const value = literal === undefined ? undefined : parseDecimal(literal);
  return {
    typeCheck(checker) {
      if (value === undefined) {
        throw checker.createError(
          'not_a_decimal',
          'decimal() takes a quoted string of digits with an optional decimal point, such as decimal("0.01")',
          argument,
        );
      }
      return checker.getType('Decimal');
    },
    evaluate: () => value,
    async: false,
  };
};
