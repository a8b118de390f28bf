// Formats advice as lines of text: what is at the same place stands together.
import { excerptLines, placeOf } from '../../../src/policy/parse/problem.js';
import { count, type Paint } from '../../terminal.js';
import type { Advice } from './advice.js';

/**
 * ```
 * policy.yaml:12:11  rule small-internal
 *   warning: this rule approves any amount: one request can empty the vault [amount-open]
 *   write: add && tx.amount <= tables.maxPerTransaction[tx.asset]
 *     12 |     when: tx.operation == "TRANSFER"
 *        |           ^
 * ```
 */
export function adviceLines(paint: Paint, advice: readonly Advice[]): readonly string[] {
  const places = new Map<string, readonly Advice[]>();
  for (const each of advice) {
    const place = placeOf(each);
    places.set(place, [...(places.get(place) ?? []), each]);
  }
  return [...places].flatMap(([place, warnings]) => [
    paint('bold', place),
    ...warnings.flatMap(({ code, message, advice: remedy }) => [
      `  ${paint('yellow', 'warning')}  ${message} ${paint('dim', `[${code}]`)}`,
      `  ${paint('green', 'advice')}   ${remedy}`,
    ]),
    ...(warnings[0] === undefined ? [] : excerptLines(warnings[0])),
    '',
  ]);
}

/** `3 warnings at 2 places` */
export function adviceCount(advice: readonly Advice[]): string {
  const places = new Set(advice.map(placeOf));
  return `${count(advice.length, 'warning')} at ${count(places.size, 'place')}`;
}
