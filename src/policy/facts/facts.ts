// The facts that rules can read, under the protocol's own names. docs/policy-reference.md lists them for policy
// authors.
import { type CallbackRequest, isObject, isSigning, type Kind, present } from '../../protocol/request.js';
import { clock } from './clock.js';
import { add, type Decimal, fromNumber, parseAmount } from '../../protocol/decimal.js';
import { readExtraInfo, readExtraParameters } from './extra-info.js';
import {
  addressFact,
  amountFact,
  factClass,
  type FactDefinition,
  type FactTable,
  fieldsOf,
  type Payload,
  stringFact,
  stringFactWithDefault,
  typesOf,
  unusable,
} from './fact.js';

/** The operation of a transaction that has none (Fireblocks, "Approve transactions"). */
const DEFAULT_OPERATION = 'TRANSFER';

/** Values of `tx.stage`. */
export const STAGES = ['signing', 'approval'] as const;

const DESTINATION_FACTS: FactTable<Payload> = {
  address: addressFact('displayDstAddress', 'dstAddress'),
  addressType: stringFact('dstAddressType'),
  type: stringFact('dstType'),
  subType: stringFact('dstSubType'),
  id: stringFact('dstId'),
  walletId: stringFact('dstWalletId'),
  name: stringFact('dstName'),
  tag: stringFact('displayDstTag'),
  amount: amountFact('amountNativeStr'),
  amountUsd: {
    type: 'Decimal',
    fields: ['amountUSD'],
    read: ({ amountUSD }, name) => readUsd(present(amountUSD), name),
  },
};

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

const requestString = (field: string): FactDefinition<CallbackRequest> => fromPayload(stringFact(field));

const CALLER_FACTS: FactTable<CallbackRequest> = {
  requestId: requestString('requestId'),
  signerId: requestString('signerId'),
};

const TRANSACTION_FACTS: FactTable<CallbackRequest> = {
  ...CALLER_FACTS,
  stage: { type: 'string', fields: ['fee'], read: (request) => (isSigning(request) ? STAGES[0] : STAGES[1]) },
  operation: fromPayload(stringFactWithDefault('operation', DEFAULT_OPERATION)),
  asset: requestString('asset'),
  amount: fromPayload(amountFact('amountStr')),
  requestedAmount: fromPayload(amountFact('requestedAmountStr')),
  amountUsd: { type: 'Decimal', fields: [], read: ({ payload }) => totalUsd(payload) },
  fee: fromPayload(amountFact('fee')),
  sourceType: requestString('sourceType'),
  sourceId: requestString('sourceId'),
  destType: requestString('destType'),
  destId: requestString('destId'),
  destAddress: fromPayload(addressFact('destAddress')),
  destAddressType: requestString('destAddressType'),
  destinations: { type: 'list<Destination>', fields: [], read: ({ payload }) => readDestinations(payload) },
  note: requestString('note'),
  txId: requestString('txId'),
  externalTxId: requestString('externalTxId'),
  customerRefId: requestString('customerRefId'),
  extraParameters: {
    type: 'dyn',
    fields: [],
    read: ({ payload }) => readExtraParameters(payload),
  },
};

const CONFIGURATION_FACTS: FactTable<CallbackRequest> = {
  ...CALLER_FACTS,
  type: requestString('type'),
  extraInfo: { type: 'dyn', fields: [], read: ({ payload }, name) => readExtraInfo(payload, name) },
};

/** The facts of one destination: `d` in `tx.destinations.exists(d, …)`. */
export const Destination = factClass('tx.destinations[]', DESTINATION_FACTS);
/** The facts of a transaction: `tx`. */
export const Transaction = factClass('tx', TRANSACTION_FACTS);
/** The facts of a configuration change: `config`. */
export const Configuration = factClass('config', CONFIGURATION_FACTS);

/** Names and types of all facts. */
export const FACT_TYPES = {
  tx: typesOf(TRANSACTION_FACTS),
  config: typesOf(CONFIGURATION_FACTS),
  destination: typesOf(DESTINATION_FACTS),
};

/** The fields in a payload, and in a destination, that facts are read from and that may be logged. */
export const RECORDED_FIELDS: Readonly<Record<Kind | 'destination', readonly string[]>> = {
  transaction: fieldsOf(TRANSACTION_FACTS),
  configuration: fieldsOf(CONFIGURATION_FACTS),
  destination: fieldsOf(DESTINATION_FACTS),
};

/** The variables that a rule is evaluated with: `tx` or `config`, and `now`. */
export type Facts = Readonly<Record<string, unknown>>;

/** The facts for a request that is decided at a given time. */
export function factsOf(request: CallbackRequest, now: Date): Facts {
  return request.kind === 'transaction'
    ? { tx: new Transaction(request), now: clock(now) }
    : { config: new Configuration(request), now: clock(now) };
}

function fromPayload(fact: FactDefinition<Payload>): FactDefinition<CallbackRequest> {
  return { ...fact, read: ({ payload }, name) => fact.read(payload, name) };
}

/** An empty list counts as absent; otherwise, a rule about all destinations would match a transaction without any. */
function readDestinations(payload: Payload): InstanceType<typeof Destination>[] | undefined {
  const destinations = present(payload['destinations']);
  if (destinations === undefined) return undefined;
  if (!Array.isArray(destinations) || !destinations.every(isObject)) {
    return unusable('tx.destinations', 'a list of objects');
  }
  return destinations.length === 0
    ? undefined
    : destinations.map((destination) => new Destination(destination));
}

/** Absent if any destination has no amount, because the sum of the others would be too low. */
function totalUsd(payload: Payload): Decimal | undefined {
  const values = readDestinations(payload)?.map(({ amountUsd }) => amountUsd as Decimal | undefined);
  return values?.reduce((sum, value) =>
    sum === undefined || value === undefined ? undefined : add(sum, value),
  );
}
