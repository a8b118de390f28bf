// `decimal("10000")`, and `decimal(x)` for a value of the request, as exact decimals.
import type { ASTNode } from '@marcbachmann/cel-js';
import { Decimal, fromNumber, parseAmount, parseDecimal } from '../../protocol/decimal.js';
import { FactError } from '../facts/fact.js';
import type { EvaluableNode, Macro } from './macro.js';
import { TableValue } from './table.js';

/** Types of values that may be decimals. */
const CONVERTIBLE = /^(?:string|Decimal|TableValue|dyn(?:<.*>)?)$/;

const DEMAND =
  'decimal() takes a quoted string of digits with an optional decimal point, such as decimal("0.01"), or a string or dynamic value of the request';

/** A number in quotes is parsed once, when the policy is loaded; anything else, at each evaluation. */
export const decimalMacro: Macro = ({ args: [argument] }) => {
  const literal = argument?.op === 'value' && typeof argument.args === 'string' ? argument.args : undefined;
  const value = literal === undefined ? undefined : parseDecimal(literal);
  return {
    typeCheck(checker, _macro, context) {
      const isUsable =
        argument !== undefined &&
        (argument.op === 'value'
          ? value !== undefined
          : CONVERTIBLE.test(checker.check(argument, context).name));
      if (!isUsable) throw checker.createError('not_a_decimal', DEMAND, argument);
      return checker.getType('Decimal');
    },
    evaluate(evaluator, _macro, context) {
      return value ?? toDecimal(evaluator.run(argument as ASTNode & EvaluableNode, context));
    },
    async: false,
  };
};

/** @throws {FactError} */
function toDecimal(value: unknown): Decimal {
  if (value instanceof Decimal) return value;
  if (value instanceof TableValue) return value.decimal;
  const decimal =
    typeof value === 'string'
      ? parseAmount(value)
      : typeof value === 'number'
        ? fromNumber(value)
        : undefined;
  if (decimal === undefined) throw new FactError('decimal() is given a value that is not a decimal number');
  return decimal;
}
