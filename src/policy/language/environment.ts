// The CEL environment for rules: CEL with exact decimals, addresses, facts and the policy's lists.
import { Environment as CelEnvironment } from '@marcbachmann/cel-js';
import type { Kind } from '../../protocol/request.js';
import { Address } from '../facts/address.js';
import { add, Decimal, multiply, subtract } from '../../protocol/decimal.js';
import type { Destination } from '../facts/destination.js';
import { FactError } from '../facts/fact.js';
import { FACT_CLASSES, FACT_TYPES, listedDestination } from '../facts/facts.js';
import { registerCalendar, TIMESTAMP } from './calendar-functions.js';
import { decimalMacro } from './decimal-macro.js';
import { LIMIT_FACT_TYPES, LIMIT_TYPE, LimitFacts, LimitsObject } from './limits.js';
import { Lists, NamedList } from './named-list.js';
import { type Tables, TablesObject, TableValue } from './table.js';

/** Limits on the size of an expression; longer lists belong under `lists`. */
const LIMITS = {
  maxAstNodes: 2000,
  maxDepth: 64,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

// The time zone functions in cel-js use the process's local time, and UTC never skips an hour.
process.env['TZ'] = 'UTC';

/**
 * Names that rules may use, with their types: the members of `tx`, `config`, `lists`, `tables` and `limits`, and those of
 * each type.
 */
export type KnownNames = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** What a policy adds to the language. */
export interface Vocabulary {
  readonly lists: Lists;
  readonly tables: Tables;
  /** The names of limits. @default none; there are none for the expressions of limits themselves */
  readonly limits?: readonly string[];
}

/**
 * One environment for each kind of rule: rules for transactions read `tx`, those for configuration changes `config`.
 */
export function celEnvironments({ lists, tables, limits = [] }: Vocabulary): {
  readonly environments: Readonly<Record<Kind, CelEnvironment>>;
  readonly known: KnownNames;
} {
  const listTypes = Object.fromEntries(Object.keys(lists).map((name) => [name, 'List']));
  const tableTypes = Object.fromEntries([...tables.keys()].map((name) => [name, TABLE]));
  const limitTypes = Object.fromEntries(limits.map((name) => [name, LIMIT_TYPE]));
  const tablesObject = new TablesObject(tables);
  const environmentWith = (variable: string, type: string): CelEnvironment =>
    baseEnvironment()
      .registerType('Lists', { ctor: Lists, fields: listTypes })
      .registerConstant('lists', 'Lists', lists)
      .registerType('Tables', { ctor: TablesObject, fields: tableTypes })
      .registerConstant('tables', 'Tables', tablesObject)
      .registerVariable('now', TIMESTAMP)
      .registerVariable(variable, type);
  const transaction = environmentWith('tx', 'Transaction');
  if (limits.length > 0) {
    transaction
      .registerType(LIMIT_TYPE, { ctor: LimitFacts, fields: LIMIT_FACT_TYPES })
      .registerType('Limits', { ctor: LimitsObject, fields: limitTypes })
      .registerVariable('limits', 'Limits');
  }
  const classes = Object.entries(FACT_CLASSES).map(([name, { facts }]) => [name, facts] as const);
  return {
    environments: {
      transaction,
      configuration: environmentWith('config', 'Configuration'),
    },
    known: {
      ...Object.fromEntries(classes),
      tx: FACT_TYPES.tx,
      config: FACT_TYPES.config,
      lists: listTypes,
      tables: tableTypes,
      ...(limits.length > 0 && { limits: limitTypes, [LIMIT_TYPE]: LIMIT_FACT_TYPES }),
    },
  };
}

/** The type of a table. */
const TABLE = 'map<string, TableValue>';

function baseEnvironment(): CelEnvironment {
  const environment = new CelEnvironment({ limits: LIMITS })
    .registerType('Decimal', { ctor: Decimal, fields: {} })
    .registerType('Address', { ctor: Address, fields: {} })
    .registerType('List', { ctor: NamedList, fields: {} })
    .registerType('TableValue', { ctor: TableValue, fields: {} });
  for (const [name, { ctor, facts }] of Object.entries(FACT_CLASSES)) {
    environment.registerType(name, { ctor, fields: facts });
  }
  environment.registerFunction('decimal(ast): Decimal', decimalMacro);
  registerDecimalOperators(environment);
  registerAddressOperators(environment);
  registerTableOperators(environment);
  registerCalendar(environment);
  return environment;
}

const DECIMAL_OPERATORS: Readonly<Record<string, (left: Decimal, right: Decimal) => unknown>> = {
  '<': (left, right) => left.lt(right),
  '<=': (left, right) => left.lte(right),
  '>': (left, right) => left.gt(right),
  '>=': (left, right) => left.gte(right),
  '==': (left, right) => left.eq(right),
  '+': add,
  '-': subtract,
  '*': multiply,
};

function registerDecimalOperators(environment: CelEnvironment): void {
  for (const [operator, apply] of Object.entries(DECIMAL_OPERATORS)) {
    environment.registerOperator(`Decimal ${operator} Decimal`, apply);
  }
  // A dynamic integer, such as an argument of a call. CEL would take it for unequal to any number.
  for (const other of ['string', 'int', 'double', 'bool']) {
    environment.registerOperator(`dyn<Decimal> == ${other}`, refuseDecimal);
    if (other !== 'bool') environment.registerOperator(`dyn<Decimal> in list<${other}>`, refuseDecimal);
  }
  // A dynamic value that is not one, compared with a decimal.
  for (const other of ['null', 'list', 'map', 'Address']) {
    environment.registerOperator(`dyn<${other}> == Decimal`, refuseDecimal);
  }
}

function refuseDecimal(): never {
  throw new FactError('a number is compared with something else: write decimal("…") on both sides');
}

/** Values of tables compare as decimals with decimals, and as strings with strings. */
function registerTableOperators(environment: CelEnvironment): void {
  for (const [operator, apply] of Object.entries(DECIMAL_OPERATORS)) {
    const result = ['+', '-', '*'].includes(operator) ? ': Decimal' : '';
    environment.registerOperator(
      `Decimal ${operator} TableValue${result}`,
      (left: Decimal, right: TableValue) => apply(left, right.decimal),
    );
    // The mirror image of == is registered with it.
    if (operator === '==') continue;
    environment.registerOperator(
      `TableValue ${operator} Decimal${result}`,
      (left: TableValue, right: Decimal) => apply(left.decimal, right),
    );
  }
  environment
    .registerOperator('string == TableValue', (left: string, right: TableValue) => left === right.text)
    .registerOperator('Address == TableValue', (left: Address, right: TableValue) => left.equals(right.text));
}

function registerAddressOperators(environment: CelEnvironment): void {
  // Also registered for dynamic addresses; otherwise, CEL's own `in` would be used, and would never find an equal
  // entry.
  for (const address of ['Address', 'dyn<Address>']) {
    environment.registerOperator(`${address} in list<string>`, (left: Address, list: Iterable<string>) =>
      [...list].some((entry) => left.equals(entry)),
    );
  }
  // A dynamic value that is none. CEL would take it for unequal.
  for (const other of ['int', 'double', 'bool', 'null', 'list', 'map']) {
    environment.registerOperator(`dyn<${other}> == Address`, refuseAddress);
  }
  environment
    .registerOperator('Address == Address', (left: Address, right: Address) => left.equals(right.normalized))
    .registerOperator('Address == string', (left: Address, right: string) => left.equals(right))
    .registerOperator('string in list<Address>', (left: string, list: Iterable<Address>) =>
      [...list].some((entry) => entry.equals(left)),
    )
    .registerOperator('Address in List', (left: Address, list: NamedList) => list.hasAddress(left))
    .registerOperator('Destination in List', isListed)
    .registerOperator('string in List', (left: string, list: NamedList) => list.has(left));
}

function refuseAddress(): never {
  throw new FactError('an address is compared with something else');
}

/** `d in lists.payees`: with its tag and its asset. */
function isListed(destination: Destination, list: NamedList): boolean {
  const listed = listedDestination(destination);
  if (listed === undefined) throw new FactError('a destination that is looked up in a list has no address');
  return list.hasDestination(listed.address, listed.tag);
}
