// `date(now, "Asia/Tokyo")`, `time(…)` and `weekday(…)`, and how their values compare with what policies write.
import type { ASTNode, Environment as CelEnvironment } from '@marcbachmann/cel-js';
import { FactError } from '../facts/fact.js';
import {
  CALENDAR,
  type CalendarKind,
  type CalendarValue,
  calendarProblem,
  calendarValue,
  invalidEntry,
} from './calendar.js';
import type { EvaluableNode, Macro } from './macro.js';
import type { NamedList } from './named-list.js';
import type { TableValue } from './table.js';
import { isTimeZone, unknownTimeZone } from './time-zone.js';

/** cel-js's name for the type of `now`. */
export const TIMESTAMP = 'google.protobuf.Timestamp';

export function registerCalendar(environment: CelEnvironment): void {
  for (const [name, kind] of Object.entries(CALENDAR)) {
    environment.registerType(kind.type, { ctor: kind.ctor, fields: {} });
    // With one argument it is always refused, by a message that says what is missing.
    environment.registerFunction(`${name}(ast): ${kind.type}`, calendarMacro(name, kind));
    environment.registerFunction(`${name}(ast, ast): ${kind.type}`, calendarMacro(name, kind));
    registerComparisons(environment, kind);
  }
}

function calendarMacro(name: string, kind: CalendarKind): Macro {
  return ({ args: [time, zone] }) => {
    const timeZone = zone?.op === 'value' && typeof zone.args === 'string' ? zone.args : '';
    return {
      typeCheck(checker, _macro, context) {
        const demand = `${name}() takes a time and a time zone: ${name}(now, "Europe/Berlin")`;
        if (time === undefined || checker.check(time, context).name !== TIMESTAMP || timeZone === '') {
          throw checker.createError('invalid_argument', demand, zone ?? time);
        }
        if (!isTimeZone(timeZone)) {
          throw checker.createError('invalid_argument', unknownTimeZone(timeZone), zone);
        }
        return checker.getType(kind.type);
      },
      evaluate(evaluator, _macro, context) {
        const value = evaluator.run(time as ASTNode & EvaluableNode, context);
        return calendarValue(kind, value as Date, timeZone);
      },
      async: false,
    };
  };
}

/** Less than 0 if the first is earlier, 0 if both are the same. */
type Order = (left: string, right: string) => number;
const order: Order = (left, right) => (left < right ? -1 : left > right ? 1 : 0);

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '==': (order) => order === 0,
};

function registerComparisons(environment: CelEnvironment, kind: CalendarKind): void {
  const { type } = kind;
  const textOf = (value: string): string => checked(kind, value, 'a value');
  const tableText = (value: TableValue): string =>
    checked(kind, value.text, `a value of tables.${value.table}`);
  for (const [operator, test] of Object.entries(OPERATORS)) {
    if (operator !== '==' && !kind.isOrdered) continue;
    const compare =
      <Left, Right>(left: (value: Left) => string, right: (value: Right) => string) =>
      (a: Left, b: Right) =>
        test(order(left(a), right(b)));
    const own = ({ text }: CalendarValue): string => text;
    environment
      .registerOperator(`${type} ${operator} ${type}`, compare(own, own))
      .registerOperator(`${type} ${operator} string`, compare(own, textOf))
      .registerOperator(`${type} ${operator} TableValue`, compare(own, tableText));
    // The mirror image of == is registered with it.
    if (operator === '==') continue;
    environment
      .registerOperator(`string ${operator} ${type}`, compare(textOf, own))
      .registerOperator(`TableValue ${operator} ${type}`, compare(tableText, own));
  }
  environment
    .registerOperator(`${type} in list<string>`, ({ text }: CalendarValue, list: Iterable<string>) =>
      [...list].map(textOf).includes(text),
    )
    .registerOperator(`${type} in List`, ({ text }: CalendarValue, list: NamedList) => {
      if (invalidEntry(kind, list) !== undefined)
        throw new FactError(`an entry of a list is not ${kind.demand}`);
      return list.has(text);
    });
}

/** @throws {FactError} that does not quote the value, because it may come from a request */
function checked(kind: CalendarKind, text: string, what: string): string {
  if (calendarProblem(kind, text) === undefined) return text;
  throw new FactError(`${what} that is compared with a ${kind.type.toLowerCase()} is not ${kind.demand}`);
}
