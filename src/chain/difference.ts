// Compares the essentials of a request with those that were approved.
import { Decimal, parseAmount } from '../protocol/decimal.js';
import { canonicalAddress, sameAddress } from './address/canonical.js';
import type { EssentialDestination, Essentials } from './essentials.js';
import { shorten } from './finding.js';

/** In the order in which they are compared, with their names in reasons. */
const TEXTS: readonly (readonly [keyof Essentials, string])[] = [
  ['operation', 'operation'],
  ['asset', 'asset'],
  ['sourceType', 'sourceType'],
  ['sourceId', 'sourceId'],
  ['callData', 'contractCallData'],
  ['type', 'type'],
];
/** Kept by their hash, which says nothing to a person. */
const HASHES: readonly (readonly [keyof Essentials, string])[] = [
  ['messages', 'what rawMessageData signs'],
  ['messageTypes', 'the type of a message in rawMessageData'],
  ['programCall', 'programCallData'],
  ['psbt', 'psbt'],
  ['extraInfo', 'extraInfo'],
];
const AMOUNTS = [
  ['amount', 'amountStr'],
  ['requestedAmount', 'requestedAmountStr'],
] as const;

/** More destinations must be in the order in which they were approved, so that no request takes long to compare. */
const MAX_REORDERED = 100;

/** In characters, of a value in a reason. */
const MAX_VALUE = 60;

/**
 * The first essential that both carry and that differs. Amounts may be smaller by the fee, but never larger.
 * @returns such as `asset is BTC, but ETH was approved`, without secrets
 */
export function differenceBetween(approved: Essentials, now: Essentials): string | undefined {
  for (const [key, name] of TEXTS) {
    if (differ(approved[key], now[key])) return reason(name, approved[key], now[key]);
  }
  for (const [key, name] of HASHES) {
    if (differ(approved[key], now[key])) return `${name} is not what was approved`;
  }
  const fee = new Decimal((now.fee === undefined ? undefined : parseAmount(now.fee)) ?? 0);
  for (const [key, name] of AMOUNTS) {
    if (fallOf(approved[key], now[key], fee) === undefined) return reason(name, approved[key], now[key]);
  }
  const chain = now.chain ?? approved.chain;
  const [address, other] = [now.destAddress, approved.destAddress];
  if (address !== undefined && other !== undefined && !sameAddress(address, other, chain)) {
    return reason('destAddress', other, address);
  }
  if (approved.destinations === undefined || now.destinations === undefined) return undefined;
  return destinationsDiffer(canonical(approved.destinations, chain), canonical(now.destinations, chain), fee);
}

function differ<T>(approved: T | undefined, now: T | undefined): boolean {
  return approved !== undefined && now !== undefined && approved !== now;
}

function reason(name: string, approved: unknown, now: unknown): string {
  return `${name} is ${shorten(String(now), MAX_VALUE)}, but ${shorten(String(approved), MAX_VALUE)} was approved`;
}

/** @returns by how much the amount is smaller than approved; `undefined` if it is larger, or smaller by more than the fee */
function fallOf(approved: string | undefined, now: string | undefined, fee: Decimal): Decimal | undefined {
  if (approved === undefined || now === undefined || approved === now) return new Decimal(0);
  const fall = parseAmount(approved)?.minus(parseAmount(now) ?? Infinity);
  return fall === undefined || fall.isNegative() || fall.gt(fee) ? undefined : fall;
}

type Destinations = readonly EssentialDestination[];

function canonical(destinations: Destinations, chain: string | undefined): Destinations {
  return destinations.map(({ address, ...rest }) =>
    address === undefined ? rest : { ...rest, address: canonicalAddress(address, chain) },
  );
}

/** Each must be one of the approved ones, in any order, and what they all get may be smaller by the fee. */
function destinationsDiffer(approved: Destinations, now: Destinations, fee: Decimal): string | undefined {
  if (approved.length !== now.length) {
    return reason('the number of destinations', approved.length, now.length);
  }
  const compare = (place: number, other: number): string | undefined =>
    destinationDiffers(approved[place] ?? {}, now[other] ?? {}, fee);
  const pairs = pairUp(now.length, (place, other) => compare(place, other) === undefined);
  if (pairs === undefined) {
    const other = now.findIndex((_, place) => compare(place, place) !== undefined);
    return `destination ${other + 1}: ${compare(other, other)}`;
  }
  const falls = pairs.map((place, other) => fallOf(approved[place]?.amount, now[other]?.amount, fee));
  const fall = falls.reduce<Decimal>((sum, each) => sum.plus(each ?? 0), new Decimal(0));
  return fall.gt(fee)
    ? `the destinations get ${fall.toFixed()} less than was approved, more than the fee`
    : undefined;
}

function destinationDiffers(
  approved: EssentialDestination,
  now: EssentialDestination,
  fee: Decimal,
): string | undefined {
  const haveAddress = approved.address !== undefined && now.address !== undefined;
  for (const key of haveAddress ? (['address', 'tag'] as const) : (['type', 'id', 'tag'] as const)) {
    if (differ(approved[key], now[key])) return reason(key, approved[key], now[key]);
  }
  return fallOf(approved.amount, now.amount, fee) === undefined
    ? reason('amount', approved.amount, now.amount)
    : undefined;
}

/**
 * Finds for each of `count` destinations an approved one of its own (augmenting paths).
 * @returns the places of the approved ones; `undefined` if there are not enough
 */
function pairUp(
  count: number,
  fits: (approved: number, now: number) => boolean,
): readonly number[] | undefined {
  const places = Array.from({ length: count }, (_, place) => place);
  if (places.every((place) => fits(place, place))) return places;
  if (count > MAX_REORDERED) return undefined;
  const ways = places.map((now) => places.filter((approved) => fits(approved, now)));
  const takenBy = new Map<number, number>();
  const take = (now: number, tried: Set<number>): boolean =>
    (ways[now] ?? []).some((approved) => {
      if (tried.has(approved)) return false;
      tried.add(approved);
      const other = takenBy.get(approved);
      if (other !== undefined && !take(other, tried)) return false;
      takenBy.set(approved, now);
      return true;
    });
  if (!places.every((now) => take(now, new Set()))) return undefined;
  const pairs: number[] = [];
  for (const [approved, now] of takenBy) pairs[now] = approved;
  return pairs;
}
