// What the rules of a policy compare each fact with, and the values to try for it.
import type { Decimal } from '../../../../src/protocol/decimal.js';
import type { Value } from './condition.js';
import { divide } from './interval.js';
import { TimeMentions } from './time.js';
import { areStringsComplete, stringsFor } from './strings.js';

/** How the values of a variable compare. */
export type Sort =
  | 'string'
  | 'decimal'
  | 'address'
  | 'bool'
  /** A fact with facts of its own. */
  | 'object'
  /** The number of entries of a list. */
  | 'length'
  /** A value inside `tx.extraParameters` or `config.extraInfo`. */
  | 'dynamic'
  /** `now` */
  | 'time'
  /** Stands for a comparison that is not understood: true or false. */
  | 'free';

/** The value of a fact that is there, and has facts of its own. */
export const PRESENT = Symbol('present');

/** Facts that rules compare with each other have one object of this type in common. */
export class Mentions {
  readonly strings = new Set<string>();
  readonly prefixes = new Set<string>();
  readonly suffixes = new Set<string>();
  readonly infixes = new Set<string>();
  readonly lengths = new Set<number>();
  readonly decimals = new Map<string, Decimal>();
  /** Names of lists in which the fact is looked up. */
  readonly lists = new Set<string>();
  /** Other values of a dynamic fact. */
  readonly literals = new Set<bigint | number | boolean>();
  readonly time = new TimeMentions();
  /** Whether facts are compared with each other. */
  isCompared = false;
  hasParts = false;

  addAll(other: Mentions): void {
    for (const key of ['strings', 'prefixes', 'suffixes', 'infixes', 'lists'] as const) {
      other[key].forEach((text) => this[key].add(text));
    }
    other.lengths.forEach((length) => this.lengths.add(length));
    other.decimals.forEach((value, text) => this.decimals.set(text, value));
    other.literals.forEach((literal) => this.literals.add(literal));
  }

  addDecimal(value: Decimal): void {
    this.decimals.set(value.toFixed(), value);
  }

  get isComplete(): boolean {
    return areStringsComplete(this);
  }
}

/** Facts that a request always has. */
const ALWAYS_PRESENT =
  /^(?:(?:tx|config)\.requestId|tx\.(?:stage|operation|raw)|tx\.raw\.verified|tx\.(?:call|typedData|solana)\.complete)$/;

/** Anything else in their place is not usable. */
const ALWAYS_OBJECTS: ReadonlySet<string> = new Set(['config.extraInfo', 'tx.extraParameters']);

/** Maximum number of different facts considered where rules compare facts with each other. */
const POINTS_BETWEEN = 3;

/** @param pattern the name of the fact, without the places in lists */
export function valuesFor(pattern: string, sort: Sort, mentions: Mentions): readonly Value[] {
  const values = presentValues(pattern, sort, mentions);
  const isOptional = sort !== 'free' && sort !== 'time' && !ALWAYS_PRESENT.test(pattern);
  return isOptional ? [...values, undefined] : values;
}

function presentValues(pattern: string, sort: Sort, mentions: Mentions): readonly Value[] {
  switch (sort) {
    case 'string':
      return stringValues(pattern, mentions);
    case 'decimal':
      return divide([...mentions.decimals.values()], mentions.isCompared ? POINTS_BETWEEN : 0);
    case 'bool':
    case 'free':
      return [true, false];
    case 'object':
      return [PRESENT];
    case 'length':
      return lengthsOf(mentions);
    case 'dynamic':
      if (ALWAYS_OBJECTS.has(pattern)) return [PRESENT];
      return [
        ...(mentions.hasParts ? [PRESENT] : []),
        ...mentions.literals,
        ...stringsFor(mentions, unmentioned('other', mentions.strings)),
      ];
    case 'address':
    case 'time':
      throw new TypeError(`the values of ${pattern} are found elsewhere`);
  }
}

function stringValues(pattern: string, mentions: Mentions): readonly string[] {
  if (pattern === 'tx.stage') return ['approval', 'signing'];
  const name = mentions.isCompared ? 'value' : pattern.slice(pattern.lastIndexOf('.') + 1);
  return stringsFor(mentions, unmentioned(`other-${name}`, mentions.strings));
}

function unmentioned(text: string, mentioned: ReadonlySet<string>): string {
  return mentioned.has(text) ? unmentioned(`${text}-`, mentioned) : text;
}

/** Longer lists are tried only if a rule mentions a length. */
export const MAX_ENTRIES = 4;

/** Lengths on both sides of each length that is mentioned, and short ones. */
export function lengthsOf({ lengths }: Mentions): readonly number[] {
  const all = new Set([1, 2, 3, 4, ...[...lengths].flatMap((length) => [length, length + 1])]);
  return [...all].filter((length) => length >= 1).sort((a, b) => a - b);
}
