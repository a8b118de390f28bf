// Notes what a comparison compares a fact with, so that the solver tries values on both sides of it.
import { Decimal } from '../../../../src/protocol/decimal.js';
import type { Scope } from './paths.js';
import { decimalOf, isTableText, type Term, type ValueOf } from './term.js';
import { patternOf, type Variable, type Variables } from './variables.js';

/** Longer lists are not made up. */
const MAX_LENGTH = 60;

/** @returns whether the values that will be tried for the facts give every possible outcome */
export function mention(left: Term, right: Term, { variables }: Scope): boolean {
  if (left.fact !== undefined && right.fact !== undefined && left.fact !== right.fact) {
    const isSimple = [left.fact, right.fact].every((fact) => !fact.includes('()') && fact !== 'now');
    if (isSimple) variables.link(left.fact, right.fact);
    return isSimple;
  }
  if (left.fact !== undefined && left.fact === right.fact) variables.mentionsOf(left.fact).isCompared = true;
  const isLeft = left.fact === undefined || addConstants(left.fact, right, { variables });
  const isRight = right.fact === undefined || addConstants(right.fact, left, { variables });
  return isLeft && isRight;
}

function addConstants(
  fact: string,
  { constants = [] }: Term,
  { variables }: Pick<Scope, 'variables'>,
): boolean {
  if (fact.startsWith('now')) return addTimes(fact, constants, { variables });
  const size = /^(.*)\.size\(\)$/.exec(fact)?.[1];
  if (size !== undefined) {
    const lengths = constants.map(Number).filter((length) => length <= MAX_LENGTH && length >= 0);
    const mentions = variables.mentionsOf(size);
    lengths.forEach((length) => mentions.lengths.add(length));
    return lengths.length === constants.length;
  }
  const mentions = variables.mentionsOf(fact);
  for (const value of constants) {
    if (value instanceof Decimal) mentions.addDecimal(value);
    else if (typeof value === 'string') mentions.strings.add(value);
    else if (isTableText(value)) {
      mentions.strings.add(value.text);
      const decimal = decimalOf(value.text);
      if (decimal !== undefined) mentions.addDecimal(decimal);
    } else if (['bigint', 'number', 'boolean'].includes(typeof value)) {
      mentions.literals.add(value as bigint | number | boolean);
    }
  }
  return true;
}

/** @param fact a part of the time */
export function addTimes(
  fact: string,
  constants: readonly unknown[],
  { variables }: Pick<Scope, 'variables'>,
): boolean {
  const { time } = variables.mentionsOf('now');
  for (const value of constants) {
    const text = isTableText(value) ? value.text : value;
    if (value instanceof Date) time.instants.add(value.getTime());
    else if (fact === 'now.getMinutes') time.minutes.add(Number(value));
    else if (fact === 'now.time') time.minutes.add(Number(String(text).slice(-2)));
    else if (fact === 'now.date') {
      const day = Date.parse(String(text));
      if (!Number.isNaN(day)) time.instants.add(day);
    }
  }
  return true;
}

/** How the addresses of a comparison compare. */
export interface AddressContext {
  readonly reads: readonly number[];
  readonly isUncertain: boolean;
  readonly equal: (one: string, other: string, valueOf: ValueOf) => boolean;
  /** The id of the asset that the address belongs to, if it matters. */
  readonly assetIn: (valueOf: ValueOf) => string | undefined;
}

/** Facts whose addresses belong to the transaction's asset. */
const OF_THE_ASSET = /^tx\.(?:destAddress$|destinations\[\])/;

export function addressContext({ variables }: Scope, ...terms: readonly Term[]): AddressContext {
  const { addresses } = variables;
  const facts = terms.flatMap(({ fact }) => fact ?? []);
  const isAddress = variables.all.some(
    ({ pattern, sort }) => sort === 'address' && facts.some((fact) => pattern.startsWith(fact)),
  );
  const dependsOnAsset = isAddress && addresses.dependsOnAsset;
  const asset = dependsOnAsset ? assetOf(facts, variables) : undefined;
  if (asset !== undefined) addAssets(variables, patternOf(asset.name));
  const assetIn = (valueOf: ValueOf): string | undefined =>
    asset === undefined ? undefined : stringIn(valueOf(asset.id));
  return {
    reads: asset === undefined ? [] : [asset.id],
    isUncertain: dependsOnAsset && asset === undefined,
    assetIn,
    equal: (one, other, valueOf) => addresses.addressFor(one, assetIn(valueOf)).equals(other),
  };
}

/** The fact that says which asset the addresses belong to. */
function assetOf(facts: readonly string[], variables: Variables): Variable | undefined {
  if (facts.every((fact) => OF_THE_ASSET.test(fact))) return variables.of('tx.asset', 'string');
  return facts.every((fact) => fact.startsWith('config.extraInfo.'))
    ? variables.of('config.extraInfo.asset', 'dynamic')
    : undefined;
}

function stringIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Addresses compare by the rules of the asset's chain. */
function addAssets(variables: Variables, pattern: string): void {
  const { strings } = variables.mentionsOf(pattern);
  for (const asset of variables.addresses.assets) strings.add(asset);
}
