// What a transfer pays to whom, as its initiator says beforehand, and whether a request pays exactly that.
import * as z from 'zod';
import { canonicalAddress } from '../../chain/address/canonical.js';
import type { Asset, Catalog } from '../../chain/catalog.js';
import { add, Decimal, parseAmount, subtract } from '../../protocol/decimal.js';
import { type CallbackRequest, isSigning, present, presentAddress } from '../../protocol/request.js';
import type { Payload } from './fact.js';
import { destinationsOf, isTransfer } from './subject.js';

export interface Payee {
  readonly address: string;
  /** Tag or memo. */
  readonly tag?: string | undefined;
  readonly amount: Decimal;
}

export interface Payment {
  /** Fireblocks asset id. */
  readonly asset: string;
  /** In units of the asset. */
  readonly amount: Decimal;
  readonly destinations: readonly Payee[];
}

const text = (what: string) =>
  z.string(`must be ${what}`).min(1, 'must not be empty').max(1000, 'is too long');

const amountSchema = z.string('must be an amount in quotes, such as "0.01"').transform((written, context) => {
  const amount = parseAmount(written);
  if (amount === undefined) context.addIssue('must be a decimal number such as "0.01"');
  return amount ?? new Decimal(0);
});

/** The keys `asset`, `amount` and `destinations`, of announced transactions and of what initiators sign. */
export const PAYMENT_FIELDS = {
  asset: text('the id of an asset'),
  amount: amountSchema,
  destinations: z
    .array(
      z.strictObject(
        { address: text('an address'), tag: text('a string').optional(), amount: amountSchema },
        'must have the keys address, amount and, if there is one, tag',
      ),
      'must be a list of destinations',
    )
    .min(1, 'must not be empty'),
};

/** The sum of the destinations' amounts. */
export function sumOf(destinations: readonly Payee[]): Decimal {
  return destinations.reduce((sum, { amount }) => add(sum, amount), new Decimal(0));
}

/**
 * Whether a request pays exactly this: the asset, the amounts by value, all destinations and no other, their addresses
 * by the rules of their chain (exactly as written, if the asset's chain is not known), with their tags. What can't be
 * read pays something else.
 *
 * `requestedAmountStr` must be the amount. At signing, `amountStr` and what destinations get may be lower, by the
 * displayed fee at most, because a gross transaction takes it from the amount; only where the fee is in the asset.
 */
export function pays(request: CallbackRequest, payment: Payment, { assets }: Catalog): boolean {
  const { payload } = request;
  if (payload['asset'] !== payment.asset) return false;
  const asset = assets.get(payment.asset);
  const deductible = deductibleFee(request, asset);
  if (!isAmount(payload, payment.amount, deductible)) return false;
  const displayed = displayedPayees(payload, asset);
  const announced = payment.destinations.map(({ address, tag, amount }): Displayed => {
    return { key: keyOf(compared(address, asset), tag), amount };
  });
  return displayed !== undefined && isSame(displayed, announced, deductible);
}

/** By how much a gross transaction may pay less than was requested. */
function deductibleFee(request: CallbackRequest, asset: Asset | undefined): Decimal {
  const isInAsset = asset !== undefined && asset.contract === undefined;
  const fee = isInAsset && isSigning(request) ? readAmount(request.payload['fee']) : undefined;
  return fee ?? new Decimal(0);
}

/** @param deductible by how much `amountStr` may be lower */
function isAmount(payload: Payload, wanted: Decimal, deductible: Decimal): boolean {
  const { amountStr, requestedAmountStr } = payload;
  const fields = [
    ...[present(requestedAmountStr)].map((value) => ({ value, least: wanted })),
    ...[present(amountStr)].map((value) => ({ value, least: subtract(wanted, deductible) })),
  ].filter(({ value }) => value !== undefined);
  return (
    fields.length > 0 &&
    fields.every(({ value, least }) => {
      const amount = readAmount(value);
      return amount !== undefined && amount.lte(wanted) && amount.gte(least);
    })
  );
}

/** A destination in the form in which it is compared. */
interface Displayed {
  /** The canonical address, with the tag. */
  readonly key: string;
  readonly amount: Decimal;
}

/** @returns the destinations as displayed; `undefined` if one can't be known */
function displayedPayees(payload: Payload, asset: Asset | undefined): readonly Displayed[] | undefined {
  const listed = destinationsOf(payload);
  if (Array.isArray(payload['destinations']) && listed.length !== payload['destinations'].length) {
    return undefined;
  }
  const isAlone = listed.length <= 1;
  const destinations = listed.length === 0 ? [{}] : listed;
  const displayed = destinations.flatMap((destination) => {
    const address = addressIn(destination, isAlone ? payload : undefined, asset);
    const tag = tagIn(destination);
    const amount = amountIn(destination, isAlone ? payload : undefined);
    if (address === undefined || tag === null || amount === undefined) return [];
    return [{ key: keyOf(address, tag), amount }];
  });
  return displayed.length === destinations.length ? displayed : undefined;
}

/**
 * @param transaction if it has no other destination: its `destAddress` is then another name for this one, unless it is
 *   the token's contract
 * @returns the address that all fields agree on
 */
function addressIn(
  { displayDstAddress, dstAddress }: Payload,
  transaction: Payload | undefined,
  asset: Asset | undefined,
): string | undefined {
  const displayed = [displayDstAddress, dstAddress, transaction?.['destAddress']].map(presentAddress);
  if (!displayed.every((value) => value === undefined || typeof value === 'string')) return undefined;
  const [shown, stored, other] = displayed.map((value) =>
    value === undefined ? undefined : compared(value, asset),
  );
  const isContract =
    transaction !== undefined && isTransfer(transaction) && other !== undefined && other === asset?.contract;
  const addresses = new Set([shown, stored, isContract ? undefined : other]);
  addresses.delete(undefined);
  return addresses.size === 1 ? [...addresses][0] : undefined;
}

function compared(address: string, asset: Asset | undefined): string {
  return asset === undefined ? address : canonicalAddress(address, asset.chain);
}

/** Fireblocks documents `displayDstTag`, and has announced other fields without their names. */
const TAG_FIELD = /(?:tag|memo)$/i;

/** @returns the tag that all fields agree on; `undefined` without one, `null` if it can't be known */
function tagIn(destination: Payload): string | undefined | null {
  const tags = Object.entries(destination).flatMap(([field, value]) =>
    TAG_FIELD.test(field) && present(value) !== undefined ? [value] : [],
  );
  const [tag] = tags;
  if (tag === undefined) return undefined;
  return typeof tag === 'string' && tags.every((other) => other === tag) ? tag : null;
}

/** @param transaction if it has no other destination: its amount is then that of this one, if that has none */
function amountIn({ amountNativeStr }: Payload, transaction: Payload | undefined): Decimal | undefined {
  return readAmount(
    present(amountNativeStr) ??
      present(transaction?.['amountStr']) ??
      present(transaction?.['requestedAmountStr']),
  );
}

function readAmount(value: unknown): Decimal | undefined {
  return typeof value === 'string' ? parseAmount(value) : undefined;
}

function keyOf(address: string, tag: string | undefined): string {
  return JSON.stringify([address, tag]);
}

/** Whether both lists have the same destinations, in any order, with amounts that are lower by `deductible` at most. */
function isSame(
  displayed: readonly Displayed[],
  announced: readonly Displayed[],
  deductible: Decimal,
): boolean {
  if (displayed.length !== announced.length) return false;
  const [paid, due] = [sorted(displayed), sorted(announced)];
  let missing = new Decimal(0);
  for (const [place, { key, amount }] of due.entries()) {
    const other = paid[place];
    if (other?.key !== key || other.amount.gt(amount)) return false;
    missing = add(missing, subtract(amount, other.amount));
  }
  return missing.lte(deductible);
}

/** By address and tag; of the same, by amount. */
function sorted(destinations: readonly Displayed[]): readonly Displayed[] {
  return [...destinations].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.amount.cmp(b.amount)));
}
