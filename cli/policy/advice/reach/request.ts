// Writes a request that has the facts which a search found.
import { DEFAULT_OPERATION, type CallbackRequest, type Kind } from '../../../../src/protocol/request.js';
import { FACT_CLASSES } from '../../../../src/policy/facts/facts.js';
import type { Decimal } from '../../../../src/protocol/decimal.js';
import { isAddressText, NOBODY } from './addresses.js';
import { distribute } from './amounts.js';
import type { Value } from './condition.js';
import { amountIn, compareIntervals, type Interval, isInterval, pointAt } from './interval.js';
import { MAX_ENTRIES, PRESENT } from './mentions.js';
import type { State } from './state.js';

/** A request, and the time at which it is decided. */
export interface Reaching {
  readonly request: CallbackRequest;
  readonly now: Date;
}

type Payload = Record<string, unknown>;

/** The facts that were found, each with one value. */
class Found {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  /** @returns `undefined` if it is absent, or no rule reads it */
  value(name: string): Value {
    const variable = this.#state.problem.variables.find(name);
    return variable === undefined ? undefined : this.#state.valuesOf(variable.id)[0];
  }

  isRead(name: string): boolean {
    return this.#state.problem.variables.find(name) !== undefined;
  }

  interval(name: string): Interval | undefined {
    const value = this.value(name);
    return isInterval(value) ? value : undefined;
  }

  /** The direct members of a dynamic fact that rules read. */
  membersOf(name: string): readonly string[] {
    const { all } = this.#state.problem.variables;
    return all.flatMap((each) => {
      const rest = each.name.startsWith(`${name}.`) ? each.name.slice(name.length + 1) : '';
      return rest === '' || rest.includes('.') || each.sort === 'free' ? [] : [rest];
    });
  }
}

/** @returns `undefined` if the amounts do not fit together */
export function requestFrom(state: State, kind: Kind): Reaching | undefined {
  const found = new Found(state);
  const payload = kind === 'transaction' ? transactionFrom(found) : changeFrom(found);
  if (payload === undefined) return undefined;
  const owner = kind === 'transaction' ? 'tx' : 'config';
  const requestId = found.value(`${owner}.requestId`);
  const id = typeof requestId === 'string' ? requestId : 'example-request';
  const now = found.value('now');
  return {
    request: { kind, requestId: id, payload: { requestId: id, ...payload } },
    now: now instanceof Date ? now : new Date(Date.UTC(2026, 0, 1, 12)),
  };
}

function changeFrom(found: Found): Payload {
  const payload: Payload = { ...plainFields(found, 'config', FACT_CLASSES.Configuration.fields) };
  const extraInfo = dynamicFrom(found, 'config.extraInfo');
  // Without either, it would count as a transaction.
  if (extraInfo === undefined && payload['type'] === undefined) {
    return found.isRead('config.type') ? { ...payload, extraInfo: FILLER } : { ...payload, type: 'OTHER' };
  }
  return { ...payload, ...(extraInfo !== undefined && { extraInfo }) };
}

/** A member of an object that no rule reads. */
const FILLER = { other: 'x' };

/** Strings, as they are. */
function plainFields(
  found: Found,
  prefix: string,
  fields: Readonly<Record<string, readonly string[]>>,
): Payload {
  const payload: Payload = {};
  for (const [fact, [field]] of Object.entries(fields)) {
    const value = found.value(`${prefix}.${fact}`);
    if (field !== undefined && fact !== 'stage' && typeof value === 'string') payload[field] = value;
  }
  return payload;
}

function dynamicFrom(found: Found, name: string): unknown {
  const value = found.value(name);
  if (value === PRESENT) {
    const members = found
      .membersOf(name)
      .map((member) => [member, dynamicFrom(found, `${name}.${member}`)] as const);
    const known = members.filter(([, each]) => each !== undefined);
    return known.length === 0 ? FILLER : Object.fromEntries(known);
  }
  if (isAddressText(value)) return value.address;
  return typeof value === 'bigint' ? Number(value) : value;
}

const COPIES = [0, 4, 16, 64, 256];

function transactionFrom(found: Found): Payload | undefined {
  const payload = plainFields(found, 'tx', FACT_CLASSES.Transaction.fields);
  const operation = payload['operation'] ?? DEFAULT_OPERATION;
  const count = Number(found.value('tx.destinations') ?? 0);
  // The last of a few destinations stands for any number of them, which may be needed to reach a sum.
  const attempts = count < MAX_ENTRIES ? [count] : COPIES.map((copies) => count + copies);
  const places = attempts.map((length) => Array.from({ length }, (_, index) => Math.min(index, count - 1)));
  const amounts = places.reduce<Amounts | undefined>(
    (known, each) => known ?? amountsFrom(found, operation, each),
    undefined,
  );
  if (amounts === undefined) return undefined;
  const destAddress = found.value('tx.destAddress');
  const extraParameters = dynamicFrom(found, 'tx.extraParameters');
  const destinations = withDisplayed(
    found,
    amounts.destinations.map((fields, index) => ({
      ...destinationFrom(found, Math.min(index, Math.max(0, count - 1))),
      ...fields,
    })),
  );
  return {
    ...payload,
    ...amounts.fields,
    ...feeFrom(found),
    ...(isAddressText(destAddress) && { destAddress: destAddress.address }),
    ...(destinations.length > 0 && { destinations }),
    ...(extraParameters !== undefined && { extraParameters }),
  };
}

/** A fee shows the signing stage. */
function feeFrom(found: Found): Payload {
  const fee = found.interval('tx.fee');
  if (fee !== undefined) return { fee: amountIn(fee).toFixed() };
  return !found.isRead('tx.fee') && found.value('tx.stage') === 'signing' ? { fee: '0' } : {};
}

/** At the signing stage without a fee, an address is displayed; none of the rules reads it, or it would be there. */
function withDisplayed(found: Found, destinations: readonly Payload[]): readonly Payload[] {
  const isShown =
    found.value('tx.stage') !== 'signing' ||
    Object.keys(feeFrom(found)).length > 0 ||
    destinations.some((each) => each['displayDstAddress'] !== undefined);
  if (isShown || (destinations.length === 0 && found.isRead('tx.destinations'))) return destinations;
  const address = found.value('tx.destAddress');
  const displayDstAddress = isAddressText(address) ? address.address : NOBODY;
  return [{ ...destinations[0], displayDstAddress }, ...destinations.slice(1)];
}

function destinationFrom(found: Found, index: number): Payload {
  const prefix = `tx.destinations[${index}]`;
  const address = found.value(`${prefix}.address`);
  // A displayed address shows the signing stage.
  const isDisplayed = found.value('tx.stage') === 'signing';
  return {
    ...plainFields(found, prefix, FACT_CLASSES.Destination.fields),
    ...(isAddressText(address) && { [isDisplayed ? 'displayDstAddress' : 'dstAddress']: address.address }),
  };
}

/** The amounts of a transaction, and those of each of its destinations. */
interface Amounts {
  readonly fields: Payload;
  readonly destinations: readonly Payload[];
}

/** @param places of the destinations among those that were found */
function amountsFrom(found: Found, operation: unknown, places: readonly number[]): Amounts | undefined {
  const amount = found.interval('tx.amount');
  const requested = found.interval('tx.requestedAmount');
  const usd = usdFrom(found, places);
  const own = ownAmounts(found, operation, places);
  const parts = own.every((part) => part !== undefined) ? own : [];
  const isSum = parts.length > 0 && operation === DEFAULT_OPERATION;
  // What is paid is the amount, if it can be.
  const paid =
    isSum && amount !== undefined
      ? (distribute(amount, parts) ?? distribute(upTo(amount), parts))
      : undefined;
  if (usd === undefined || (isSum && amount !== undefined && paid === undefined)) return undefined;
  const whole =
    amount === undefined
      ? undefined
      : paid !== undefined && !isApart(amount, paid.sum)
        ? paid.sum
        : amountIn(amount);
  const [onlyUsd] = usd.length === 1 ? usd : [];
  if (onlyUsd?.isZero() === true && whole?.isZero() === false && operation === DEFAULT_OPERATION) {
    // What is requested is shown as the amount; for the value, the amount itself counts.
    return {
      fields: { amountStr: '0', requestedAmountStr: whole.toFixed() },
      destinations: [{ amountUSD: '0' }],
    };
  }
  const natives = own.map(
    (part, index) => paid?.amounts[index] ?? (part === undefined ? undefined : amountIn(part)),
  );
  const asked = requested && requestedFrom(requested, paid?.sum ?? whole);
  return {
    fields: {
      ...(whole !== undefined && { amountStr: whole.toFixed() }),
      ...(asked !== undefined && { requestedAmountStr: asked.toFixed() }),
      ...(asked === undefined &&
        paid !== undefined &&
        !found.isRead('tx.requestedAmount') && { requestedAmountStr: paid.sum.toFixed() }),
    },
    destinations: natives.map((native, index) => ({
      ...(native !== undefined && { amountNativeStr: native.toFixed() }),
      ...usdField(usd[index], native),
    })),
  };
}

/** The amounts of the destinations; if no rule reads them, they may show that less is paid than is requested. */
function ownAmounts(
  found: Found,
  operation: unknown,
  places: readonly number[],
): readonly (Interval | undefined)[] {
  const [amount, requested] = [found.interval('tx.amount'), found.interval('tx.requestedAmount')];
  const isMore = amount !== undefined && requested !== undefined && compareIntervals(amount, requested) !== 1;
  const isRead = found.isRead('tx.destinations[0].amount');
  if (isRead || !isMore || operation !== DEFAULT_OPERATION) {
    return places.map((place) => found.interval(`tx.destinations[${place}].amount`));
  }
  const isAdded = places.length === 0 && !found.isRead('tx.destinations');
  return (isAdded ? [0] : places).map(() => upTo(amount));
}

function usdField(usd: Decimal | undefined, native: Decimal | undefined): Payload {
  if (usd === undefined) return {};
  // Only nothing may be worth nothing.
  return { amountUSD: usd.toFixed(), ...(usd.isZero() && native === undefined && { amountNativeStr: '0' }) };
}

function requestedFrom(requested: Interval, likely: Decimal | undefined): Decimal {
  return likely !== undefined && !isApart(requested, likely) ? likely : amountIn(requested);
}

function isApart(interval: Interval, amount: Decimal): boolean {
  return distribute(interval, [pointAt(amount)]) === undefined;
}

function upTo(interval: Interval): Interval {
  return { ...interval, low: interval.low.times(0), isLowOpen: false };
}

/** @returns the value of each destination; `undefined` if they can't add up */
function usdFrom(found: Found, places: readonly number[]): readonly (Decimal | undefined)[] | undefined {
  const total = found.interval('tx.amountUsd');
  const own = places.map((place) => found.interval(`tx.destinations[${place}].amountUsd`));
  if (total === undefined || places.length === 0) {
    return own.map((part) => (part === undefined ? undefined : amountIn(part)));
  }
  if (total.high.isZero()) return own.map(() => total.low);
  return distribute(
    total,
    own.map((part) => part ?? upTo(total)),
  )?.amounts;
}
