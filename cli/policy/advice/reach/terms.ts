// Parts of a condition that have a value: facts, constants, entries of tables, sums, parts of the time.
import type { ASTNode } from '@marcbachmann/cel-js';
import { parseDecimal } from '../../../../src/protocol/decimal.js';
import { addIntervals, type Interval, multiplyIntervals, negative } from './interval.js';
import { readFact, type Scope } from './paths.js';
import {
  constant,
  decimalOf,
  FAILED,
  isTableText,
  opaque,
  type TableText,
  type Term,
  toInterval,
  UNKNOWN,
} from './term.js';
import { localTime, type LocalTime } from './time.js';

export function termOf(node: ASTNode, scope: Scope): Term {
  switch (node.op) {
    case 'value':
      return constant(node.args);
    case '-_':
      return negated(termOf(node.args, scope));
    case '.':
    case '[]':
      return tableValue(node, scope) ?? readFact(node, scope) ?? opaque([]);
    case 'id':
      return node.args === 'now' ? now(scope) : (readFact(node, scope) ?? opaque([]));
    case 'call':
      return callOf(node.args[0], node.args[1], scope);
    case 'rcall':
      return methodOf(node.args[0], node.args[1], node.args[2], scope);
    case '+':
    case '-':
    case '*':
      return arithmetic(node.op, termOf(node.args[0], scope), termOf(node.args[1], scope));
    default:
      return opaque([]);
  }
}

function negated(term: Term): Term {
  const [value] = term.constants ?? [];
  return typeof value === 'bigint' || typeof value === 'number' ? constant(-value) : opaque([term]);
}

/** `tables.limits[tx.asset]` */
function tableValue(node: ASTNode & { op: '.' | '[]' }, scope: Scope): Term | undefined {
  const table = tableOf(node.args[0], scope);
  if (table === undefined) return undefined;
  const member = node.args[1];
  const key = typeof member === 'string' ? constant(member) : termOf(member, scope);
  if (key.fact !== undefined) {
    const mentions = scope.variables.mentionsOf(key.fact);
    for (const each of table.keys()) mentions.strings.add(each);
  }
  const values = new Map([...table].map(([each, text]): [unknown, TableText] => [each, { text }]));
  return {
    reads: key.reads,
    constants: [...values.values()],
    evaluate(valueOf) {
      const value = key.evaluate(valueOf);
      return value === FAILED || value === UNKNOWN ? value : (values.get(value) ?? FAILED);
    },
    ...(key.isUncertain === true && { isUncertain: true }),
  };
}

/** `tables.limits` */
export function tableOf(node: ASTNode, { variables }: Scope): ReadonlyMap<string, string> | undefined {
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [owner, name] = node.args;
  if (owner.op !== 'id' || owner.args !== 'tables') return undefined;
  const key = typeof name === 'string' ? name : name.op === 'value' ? String(name.args) : undefined;
  return key === undefined ? undefined : variables.policy.tables.get(key);
}

function now({ variables }: Scope): Term {
  const { id } = variables.of('now', 'time');
  return { reads: [id], evaluate: (valueOf) => valueOf(id), fact: 'now' };
}

function callOf(name: string, args: readonly ASTNode[], scope: Scope): Term {
  const [argument] = args;
  if (argument?.op === 'value' && typeof argument.args === 'string') {
    if (name === 'decimal') return constant(parseDecimal(argument.args) ?? FAILED);
    if (name === 'timestamp') return constant(new Date(argument.args));
  }
  if (name === 'size' && argument !== undefined) return sizeOf(argument, scope);
  const calendar = Object.hasOwn(CALENDAR, name) ? CALENDAR[name] : undefined;
  if (calendar !== undefined) return localPart(name, calendar, args, scope) ?? opaque([]);
  const terms = args.map((each) => termOf(each, scope));
  const [only] = terms;
  const isDecimal = name === 'decimal' && only?.constants !== undefined;
  return isDecimal ? { ...only, evaluate: (valueOf) => toDecimal(only.evaluate(valueOf)) } : opaque(terms);
}

/** `decimal(tables.limits[tx.asset])` */
function toDecimal(value: unknown): unknown {
  if (isTableText(value)) return decimalOf(value.text) ?? FAILED;
  return value;
}

const pad = (number: number): string => String(number).padStart(2, '0');
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

/** `date(now, "Asia/Tokyo")` and the like. */
const CALENDAR: Readonly<Record<string, (time: LocalTime) => string | undefined>> = {
  date: ({ year, month, date }) => `${year}-${pad(month + 1)}-${pad(date)}`,
  time: ({ hours, minutes }) => `${pad(hours)}:${pad(minutes)}`,
  weekday: ({ day }) => WEEKDAYS[day],
};

function localPart(
  name: string,
  part: (time: LocalTime) => string | undefined,
  [time, zone]: readonly ASTNode[],
  scope: Scope,
): Term | undefined {
  if (time?.op !== 'id' || time.args !== 'now' || zone?.op !== 'value') return undefined;
  const { reads } = now(scope);
  const timeZone = String(zone.args);
  if (name === 'time') scope.variables.mentionsOf('now').time.readsHours = true;
  return {
    reads,
    evaluate: (valueOf) => part(localTime(valueOf(reads[0] ?? 0) as Date, timeZone)),
    fact: `now.${name}`,
  };
}

const TIME_PARTS: Readonly<Record<string, (time: LocalTime) => number>> = {
  getHours: ({ hours }) => hours,
  getMinutes: ({ minutes }) => minutes,
  getDayOfWeek: ({ day }) => day,
  getMonth: ({ month }) => month,
  getDate: ({ date }) => date,
  getDayOfMonth: ({ date }) => date - 1,
};

function methodOf(name: string, receiver: ASTNode, args: readonly ASTNode[], scope: Scope): Term {
  if (name === 'size' && args.length === 0) return sizeOf(receiver, scope);
  const term = termOf(receiver, scope);
  const part = TIME_PARTS[name];
  if (part === undefined || term.fact !== 'now') return opaque([term]);
  const [zone] = args;
  const timeZone = zone === undefined ? 'UTC' : zone.op === 'value' ? String(zone.args) : undefined;
  if (timeZone === undefined) return opaque([term]);
  const { time } = scope.variables.mentionsOf('now');
  if (name === 'getHours' || name === 'getMinutes') time.readsHours = true;
  if (!['getHours', 'getMinutes', 'getDayOfWeek'].includes(name)) time.readsDates = true;
  return {
    reads: term.reads,
    evaluate: (valueOf) => BigInt(part(localTime(valueOf(term.reads[0] ?? 0) as Date, timeZone))),
    fact: `now.${name}`,
  };
}

/** `tx.destinations.size()`, `tx.note.size()` */
function sizeOf(node: ASTNode, scope: Scope): Term {
  const term = termOf(node, scope);
  if (term.fact === undefined) return opaque([term]);
  const { fact } = term;
  return {
    reads: term.reads,
    fact: `${fact}.size()`,
    isUncertain: scope.variables.all.some(({ pattern, sort }) => pattern === fact && sort !== 'length'),
    evaluate(valueOf) {
      const value = term.evaluate(valueOf);
      if (value === FAILED) return FAILED;
      if (typeof value === 'number') return BigInt(value);
      const isKnown = typeof value === 'string' && scope.variables.mentionsOf(fact).isComplete;
      return isKnown ? BigInt(Array.from(value).length) : UNKNOWN;
    },
  };
}

function arithmetic(operator: '+' | '-' | '*', left: Term, right: Term): Term {
  const apply = (one: Interval, other: Interval): Interval | undefined => {
    if (operator === '*') return multiplyIntervals(one, other);
    return addIntervals(one, operator === '+' ? other : negative(other));
  };
  return {
    reads: [...left.reads, ...right.reads],
    isUncertain: true,
    evaluate(valueOf) {
      const [one, other] = [left.evaluate(valueOf), right.evaluate(valueOf)];
      if (one === FAILED || other === FAILED) return FAILED;
      const [first, second] = [toInterval(one), toInterval(other)];
      return first === undefined || second === undefined ? UNKNOWN : (apply(first, second) ?? UNKNOWN);
    },
  };
}
