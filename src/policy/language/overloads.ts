// Explains operators and functions that do not take what they are given, in the words of the guide.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import { CALENDAR, calendarKind } from './calendar.js';
import { nearest } from './nearest.js';

const TYPE_NAMES: Readonly<Record<string, string>> = {
  Decimal: 'an amount',
  Address: 'an address',
  string: 'a string',
  int: 'a whole number',
  double: 'a number',
  bool: 'true or false',
  null: 'null',
  List: 'a list of the policy',
  TableValue: 'a value of a table',
  Destination: 'a destination',
  'list<Destination>': 'a list of destinations',
  'google.protobuf.Timestamp': 'a time',
  Date: 'a date',
  Time: 'a time of day',
  Weekday: 'a weekday',
  'list<Date>': 'a list of dates',
};

function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

/**
 * @param summary such as `no such overload: Decimal <= int`
 * @param node the operation, if it is known
 */
export function explainOperator(summary: string, node: ASTNode | undefined): string {
  const [, left = '', operator = '', right = ''] =
    /: (\S+(?:<.*>)?) (==|!=|<=|>=|<|>|in|\+|-|\*|\/|%) (.+)$/.exec(summary) ?? [];
  if (operator === '') {
    return summary.includes('-Decimal')
      ? `${summary}; write decimal("0") - … for a negative amount`
      : summary;
  }
  const operands = operandsOf(node);
  const advice = adviceFor(left, operator, right, operands);
  const what =
    operator === 'in'
      ? `"in" can’t search ${typeName(right)} for ${typeName(left)}`
      : ['+', '-', '*', '/', '%'].includes(operator)
        ? `${operator} can’t be used with ${typeName(left)} and ${typeName(right)}`
        : `${typeName(left)} can’t be compared with ${typeName(right)}`;
  return `${what}${advice === undefined ? '' : `; ${advice}`}`;
}

type Operands = readonly [ASTNode, ASTNode] | undefined;

function operandsOf(node: ASTNode | undefined): Operands {
  if (node === undefined || !Array.isArray(node.args) || node.args.length !== 2) return undefined;
  const [left, right] = node.args as readonly (ASTNode | string)[];
  return typeof left === 'object' && typeof right === 'object' ? [left, right] : undefined;
}

function adviceFor(left: string, operator: string, right: string, operands: Operands): string | undefined {
  const types = [left, right];
  const isNumber = (type: string): boolean => ['Decimal', 'TableValue'].includes(type);
  if (types.includes('null')) {
    const fact = operands?.[left === 'null' ? 1 : 0];
    const name = fact === undefined ? 'tx.note' : serialize(fact);
    return `a fact that is not there is absent: write ${operator === '!=' ? '' : '!'}has(${name})`;
  }
  if (operator === '/') return 'multiply instead: write x * decimal("0.5") for x / 2';
  if (types.some(isNumber) && types.some((type) => ['int', 'double', 'string'].includes(type))) {
    const literal = operands?.find(
      (side) => side.op === 'value' && ['number', 'bigint', 'string'].includes(typeof side.args),
    );
    return `write an amount as decimal("${literal === undefined ? '0.01' : amountIn(literal)}")`;
  }
  if (operator === 'in' && right === 'string') return 'write brackets around the values: in ["ETH", "BTC"]';
  if (operator === 'in' && left === 'list<Destination>')
    return 'write tx.destinations.all(d, d in lists.payees)';
  if (types.some((type) => calendarKind(type) !== undefined)) return calendarFix(types);
  if (types.includes('google.protobuf.Timestamp')) return 'write a time as timestamp("2026-12-31T00:00:00Z")';
  return undefined;
}

/** How to write the other side of a comparison with a date, a time of day or a weekday. */
function calendarFix(types: readonly string[]): string | undefined {
  if (types.every((type) => calendarKind(type) !== undefined)) return undefined;
  const kind = types.map(calendarKind).find((each) => each !== undefined);
  return kind?.isOrdered === false ? 'compare a weekday with == or in' : `write ${kind?.demand}`;
}

/** A number as it was written; another string is not repeated. */
function amountIn({ input, start, end }: ASTNode): string {
  const written = input.slice(start, end).replaceAll(/["'\s]/g, '');
  return /^\d[\d.]*$/.test(written) ? written : '0.01';
}

const METHODS = [
  ...['startsWith', 'endsWith', 'contains', 'size', 'lowerAscii', 'upperAscii', 'trim'],
  ...['all', 'exists', 'exists_one', 'filter', 'map'],
  ...[
    'getHours',
    'getMinutes',
    'getSeconds',
    'getDayOfWeek',
    'getDayOfMonth',
    'getDate',
    'getMonth',
    'getFullYear',
  ],
];
const FUNCTIONS = [
  ...['decimal', 'has', 'size', 'timestamp', 'duration', 'string', 'int', 'double', 'bool'],
  ...Object.keys(CALENDAR),
];

/** @param summary such as `found no matching overload for 'string.startWith(string)'` */
export function explainCall(summary: string): string {
  const [, owner, name = '', args = ''] = /'(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(summary) ?? [];
  if (name === '') return summary;
  const names = owner === undefined ? FUNCTIONS : METHODS;
  const near = nearest(name, names) ?? names.find((each) => each.toLowerCase().includes(name.toLowerCase()));
  const written = owner === undefined ? `${name}()` : `.${name}() of ${typeName(owner)}`;
  if (near === name) {
    if (args === '') return `${written} needs something between its parentheses${usageOf(name)}`;
    const given = args.split(', ').map(typeName).join(' and ');
    return `${written} does not take ${given}${usageOf(name)}`;
  }
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return `there is no function ${written}${owner === 'List' && near === undefined ? '; write x in lists.NAME' : hint}`;
}

const USAGE: Readonly<Record<string, string>> = {
  contains: '; it searches a string: write x in lists.NAME to search a list',
  all: '; write .all(d, d in lists.payees)',
  exists: '; write .exists(d, d.address in lists.blocked)',
  ...Object.fromEntries(
    Object.keys(CALENDAR).map((name) => [name, `; write ${name}(now, "Europe/Berlin")`] as const),
  ),
};

function usageOf(name: string): string {
  return USAGE[name] ?? '';
}
