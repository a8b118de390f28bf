// Compares values as the rule language does.
import { Decimal } from '../../../../src/protocol/decimal.js';
import { isAddressText } from './addresses.js';
import { ERROR, FALSE, outcomeOf, TRUE } from './condition.js';
import { compareIntervals, isInterval } from './interval.js';
import { FAILED, isTableText, toInterval, UNKNOWN } from './term.js';

/** The result depends on what the solver does not know. */
export const EITHER = TRUE | FALSE;

/** @returns the set of possible outcomes of `left < right` and the like */
export function compareOrder(operator: string, left: unknown, right: unknown): number {
  if (left === FAILED || right === FAILED) return ERROR;
  const order = orderOf(left, right);
  if (order === undefined) return EITHER;
  switch (operator) {
    case '<':
      return outcomeOf(order < 0);
    case '<=':
      return outcomeOf(order <= 0);
    case '>':
      return outcomeOf(order > 0);
    default:
      return outcomeOf(order >= 0);
  }
}

function orderOf(left: unknown, right: unknown): number | undefined {
  const [one, other] = [toNumber(left), toNumber(right)];
  if (one !== undefined && other !== undefined) return one < other ? -1 : one > other ? 1 : 0;
  const [text, otherText] = [stringIn(left), stringIn(right)];
  // Dates and times of day.
  const isText = typeof left === 'string' || typeof right === 'string';
  if (isText && text !== undefined && otherText !== undefined) {
    return text < otherText ? -1 : text > otherText ? 1 : 0;
  }
  const [first, second] = [toInterval(left), toInterval(right)];
  return first === undefined || second === undefined ? undefined : compareIntervals(first, second);
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime();
  return typeof value === 'number' ? value : undefined;
}

/** @param sameAddress whether two texts are one address */
export function compareEqual(
  left: unknown,
  right: unknown,
  sameAddress: (one: string, other: string) => boolean,
): number {
  if (left === FAILED || right === FAILED) return ERROR;
  if (left === UNKNOWN || right === UNKNOWN) return EITHER;
  if (isAddressText(left) || isAddressText(right)) {
    const [one, other] = [addressIn(left), addressIn(right)];
    return one === undefined || other === undefined ? ERROR : outcomeOf(sameAddress(one, other));
  }
  if (typeof left === 'string' || typeof right === 'string') {
    const [one, other] = [stringIn(left), stringIn(right)];
    return outcomeOf(one !== undefined && one === other);
  }
  if (isAmount(left) || isAmount(right)) {
    const [one, other] = [toInterval(left), toInterval(right)];
    // A value of a table that is not a number.
    if (one === undefined || other === undefined) return ERROR;
    const order = compareIntervals(one, other);
    return order === undefined ? EITHER : outcomeOf(order === 0);
  }
  const [one, other] = [toNumber(left) ?? left, toNumber(right) ?? right];
  return outcomeOf(one === other);
}

function isAmount(value: unknown): boolean {
  return isInterval(value) || value instanceof Decimal || isTableText(value);
}

function addressIn(value: unknown): string | undefined {
  return isAddressText(value) ? value.address : stringIn(value);
}

function stringIn(value: unknown): string | undefined {
  if (isTableText(value)) return value.text;
  return typeof value === 'string' ? value : undefined;
}
