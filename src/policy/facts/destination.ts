// The facts of a transaction's destinations: their addresses, if all that are displayed agree, and their value.
import { type Decimal, fromNumber, multiply, parseAmount } from '../../protocol/decimal.js';
import { present } from '../../protocol/request.js';
import type { Address } from './address.js';
import {
  amountFact,
  type FactDefinition,
  FactError,
  type FactTable,
  factClass,
  readAddress,
  readAmount,
  stringFact,
  unusable,
} from './fact.js';
import { destinationsOf, type DestinationSubject, isTransfer, type Subject } from './subject.js';

export const DESTINATION_FACTS: FactTable<DestinationSubject> = {
  address: {
    type: 'Address',
    fields: ['displayDstAddress', 'dstAddress'],
    read: readDestinationAddress,
  },
  addressType: stringFact('dstAddressType'),
  type: stringFact('dstType'),
  subType: stringFact('dstSubType'),
  id: stringFact('dstId'),
  walletId: stringFact('dstWalletId'),
  name: stringFact('dstName'),
  tag: stringFact('displayDstTag'),
  amount: amountFact('amountNativeStr'),
  amountUsd: { type: 'Decimal', fields: ['amountUSD'], read: readAmountUsd },
};

/** The facts of one destination: `d` in `tx.destinations.exists(d, …)`. */
export const Destination = factClass('tx.destinations[]', DESTINATION_FACTS);
export type Destination = InstanceType<typeof Destination>;

/**
 * The displayed address, or else the stored one, or else `destAddress` of a transfer to one destination. A rule about one of the addresses would say nothing about the others,
 * so that the fact can't be used if they differ.
 * @throws {FactError}
 */
function readDestinationAddress(
  { payload, addresses, transaction }: DestinationSubject,
  name: string,
): Address | undefined {
  const displayed = readAddress(payload['displayDstAddress'], name, addresses);
  const stored = readAddress(payload['dstAddress'], name, addresses);
  const destAddress = otherAddress(transaction, name);
  const address = displayed ?? stored ?? destAddress;
  if (address === undefined) return undefined;
  for (const other of [stored, destAddress]) {
    if (other !== undefined && !address.equals(other.normalized)) throw differing(name);
  }
  return address;
}

function differing(name: string): FactError {
  return new FactError(`${name} can’t be known: its addresses differ`);
}

/** The `destAddress` of a transfer to one destination, unless it is the token's contract. */
function otherAddress({ payload, asset, addresses }: Subject, name: string): Address | undefined {
  if (!isTransfer(payload) || destinationsOf(payload).length !== 1) return undefined;
  const address = readAddress(payload['destAddress'], name, addresses);
  return address !== undefined && address.normalized === asset?.contract ? undefined : address;
}

/**
 * `tx.destAddress`: absent with several destinations, and unusable if it is not the only destination's address.
 * @throws {FactError}
 */
export const destAddressFact: FactDefinition<Subject> = {
  type: 'Address',
  fields: ['destAddress'],
  read(transaction, name) {
    const { payload, addresses } = transaction;
    const other = otherAddress(transaction, name);
    for (const destination of other === undefined ? [] : destinationsOf(payload)) {
      const displayed = ['displayDstAddress', 'dstAddress'].map((field) =>
        readAddress(destination[field], name, addresses),
      );
      if (displayed.some((each) => each !== undefined && !each.equals(other?.normalized ?? ''))) {
        throw differing(name);
      }
    }
    return readAddress(payload['destAddress'], name, addresses);
  },
};

/** Absent where a destination with an amount has no price: neither in the request nor in the policy. */
function readAmountUsd({ payload, transaction }: DestinationSubject, name: string): Decimal | undefined {
  const value = readUsd(present(payload['amountUSD']), name);
  if (value?.gt(0) === true) return value;
  const amount = amountToPrice({ payload, transaction }, name);
  // Nothing may cost nothing.
  if (amount?.isZero() === true && value !== undefined) return value;
  const price = transaction.asset?.price;
  return amount === undefined || price === undefined ? undefined : multiply(price, amount);
}

/** The amount of a destination; of the only one, that of the transaction, if its own is missing or 0. */
function amountToPrice(
  { payload, transaction }: Pick<DestinationSubject, 'payload' | 'transaction'>,
  name: string,
): Decimal | undefined {
  const own = readAmount(payload, 'amountNativeStr', name);
  if (own?.gt(0) === true || destinationsOf(transaction.payload).length !== 1) return own;
  return readAmount(transaction.payload, 'amountStr', name) ?? own;
}

/** Documented as a number; a string is exact as well. */
function readUsd(value: unknown, name: string): Decimal | undefined {
  if (value === undefined) return undefined;
  const amount =
    typeof value === 'number'
      ? fromNumber(value)
      : typeof value === 'string'
        ? parseAmount(value)
        : undefined;
  return amount ?? unusable(name, 'an amount in US dollars');
}
