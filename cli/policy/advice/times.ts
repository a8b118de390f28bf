// Finds times that are read in UTC, and numbers that a part of a time never is.
import type { ASTNode } from '@marcbachmann/cel-js';
import { type Finding, forEachNode, inCondition, type PlacedRule, type Subject } from './finding.js';
import { comparisonsOf, nameOf } from './terms.js';

/** The smallest and largest value of each part of a time. */
const RANGES: Readonly<Record<string, readonly [number, number, string]>> = {
  getHours: [0, 23, 'hours are 0 to 23'],
  getMinutes: [0, 59, 'minutes are 0 to 59'],
  getSeconds: [0, 59, 'seconds are 0 to 59'],
  getDayOfWeek: [0, 6, '0 is Sunday and 6 is Saturday'],
  getMonth: [0, 11, '0 is January and 11 is December'],
  getDayOfMonth: [0, 30, 'the first day is 0; getDate() counts from 1'],
  getDate: [1, 31, 'the first day is 1'],
};

/** Parts that depend on the time zone. */
const ZONED = [
  'getHours',
  'getDayOfWeek',
  'getMonth',
  'getDayOfMonth',
  'getDate',
  'getDayOfYear',
  'getFullYear',
];

export function timeHabits(subject: Subject): readonly Finding[] {
  return forEachNode(subject, (node, placed) => [...withoutZone(node, placed), ...impossible(node, placed)]);
}

/** `now.getHours()` */
function withoutZone(node: ASTNode, placed: PlacedRule): readonly Finding[] {
  if (node.op !== 'rcall') return [];
  const [method, , args] = node.args;
  if (!ZONED.includes(method) || args.length > 0) return [];
  return [
    inCondition(placed, node.start, {
      code: 'time-in-utc',
      message: `${method}() without a time zone is in UTC, so working hours and weekends begin and end at other times than yours`,
      advice: `write ${nameOf(node).replace(/\(\)$/, '("Europe/Berlin")')}, with your time zone; "UTC" if you mean it`,
    }),
  ];
}

/** `now.getMonth("Europe/Berlin") == 12` */
function impossible(node: ASTNode, placed: PlacedRule): readonly Finding[] {
  const sides =
    node.op === 'in' ? [{ left: node.args[0], right: node.args[1] }] : comparisonsOf({ node, holds: true });
  return sides.flatMap(({ left, right }) => {
    const range = left.op === 'rcall' ? RANGES[left.args[0]] : undefined;
    if (range === undefined) return [];
    const [least, most, meaning] = range;
    // A limit may be one past the end: getHours() < 24.
    const slack = node.op === 'in' || node.op === '==' || node.op === '!=' ? 0 : 1;
    const literals = right.op === 'list' ? right.args : [right];
    const wrong = literals.find(
      ({ op, args }) => op === 'value' && (Number(args) < least || Number(args) > most + slack),
    );
    if (wrong === undefined) return [];
    return [
      inCondition(placed, wrong.start, {
        code: 'impossible-time',
        message: `${nameOf(left)} is never ${nameOf(wrong)}: ${meaning}`,
        advice: 'count as it counts',
      }),
    ];
  });
}
