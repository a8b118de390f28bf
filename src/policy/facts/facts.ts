// The facts that rules can read, under the protocol's own names. docs/policy-reference.md lists them for policy
// authors.
import type { Asset, Catalog } from '../../chain/catalog.js';
import type { Signed } from '../../chain/read.js';
import { add, type Decimal, fromNumber, multiply, parseAmount } from '../../protocol/decimal.js';
import { type CallbackRequest, isObject, isSigning, type Kind, present } from '../../protocol/request.js';
import type { Address } from './address.js';
import { clock } from './clock.js';
import { readExtraInfo, readExtraParameters } from './extra-info.js';
import {
  amountFact,
  factClass,
  type FactDefinition,
  type FactTable,
  fieldsOf,
  type Payload,
  readAddress,
  stringFact,
  stringFactWithDefault,
  typesOf,
  unusable,
} from './fact.js';
import { SIGNED_FACTS, SIGNED_TYPES } from './signed-facts.js';

/** The operation of a transaction that has none (Fireblocks, "Approve transactions"). */
const DEFAULT_OPERATION = 'TRANSFER';

/** Values of `tx.stage`. */
export const STAGES = ['signing', 'approval'] as const;

/** What the facts are read from: a request, and what the policy knows about assets. */
export interface Subject {
  readonly request: CallbackRequest;
  readonly catalog: Catalog;
  /** What a transaction signs; absent for a configuration change. */
  readonly signed?: Signed;
}

/** A destination, and the transaction that it belongs to. */
interface Destined {
  readonly payload: Payload;
  readonly subject: Subject;
  readonly isOnly: boolean;
}

const inDestination = (fact: FactDefinition<Payload>): FactDefinition<Destined> => ({
  ...fact,
  read: ({ payload }, name) => fact.read(payload, name),
});

const destinationString = (field: string, about = ''): FactDefinition<Destined> =>
  inDestination(stringFact(field, about));

const DESTINATION_FACTS: FactTable<Destined> = {
  address: {
    type: 'Address',
    about:
      'the displayed address, the stored address or, for a transfer with one destination, `destAddress`. If several are present and differ, the rule can’t be evaluated',
    fields: ['displayDstAddress', 'dstAddress'],
    read: readOnlyAddress,
  },
  addressType: destinationString('dstAddressType', '`WHITELISTED`, `ONE_TIME`'),
  type: destinationString('dstType', '`VAULT`, `EXCHANGE`, …'),
  subType: destinationString('dstSubType'),
  id: destinationString('dstId'),
  walletId: destinationString('dstWalletId'),
  name: destinationString('dstName'),
  tag: destinationString('displayDstTag', 'tag or memo'),
  asset: {
    type: 'string',
    about: 'the asset of the transaction',
    fields: [],
    read: ({ subject }) => stringFact('asset').read(subject.request.payload, 'tx.asset'),
  },
  amount: inDestination(amountFact('amountNativeStr', 'in units of the asset')),
  amountUsd: {
    type: 'Decimal',
    about:
      'US dollars. Absent if an amount is priced 0 or not at all, unless the asset has a `price` under `assets`',
    fields: ['amountUSD'],
    read: ({ payload, subject, isOnly }, name) => readUsd(payload, subject, isOnly, name),
  },
};

/** A destination may name its address in several fields, which must agree: a rule about one of them would miss another. */
function readOnlyAddress({ payload, subject, isOnly }: Destined, name: string): Address | undefined {
  const asset = assetOf(subject);
  const addressIn = (owner: Payload, field: string): Address | undefined =>
    readAddress(owner[field], name, asset?.chain);
  const addresses = [addressIn(payload, 'displayDstAddress'), addressIn(payload, 'dstAddress')];
  if (isOnly && operationOf(subject) === DEFAULT_OPERATION) {
    const destAddress = addressIn(subject.request.payload, 'destAddress');
    const isContract = asset?.contract !== undefined && destAddress?.normalized === asset.contract;
    if (!isContract) addresses.push(destAddress);
  }
  const [address, ...others] = addresses.filter((other) => other !== undefined);
  return others.every((other) => other.normalized === address?.normalized)
    ? address
    : unusable(name, 'one address, because the request displays several');
}

function assetOf({ request, catalog }: Subject): Asset | undefined {
  const { asset } = request.payload;
  return typeof asset === 'string' ? catalog.assets.get(asset) : undefined;
}

function operationOf({ request }: Subject): unknown {
  return present(request.payload['operation']) ?? DEFAULT_OPERATION;
}

/** A price of 0 says that there is none, unless the amount is 0. */
function readUsd(payload: Payload, subject: Subject, isOnly: boolean, name: string): Decimal | undefined {
  const sent = parseUsd(present(payload['amountUSD']), name);
  if (sent?.isZero() === false) return sent;
  const text =
    present(payload['amountNativeStr']) ?? (isOnly ? subject.request.payload['amountStr'] : undefined);
  const amount = typeof text === 'string' ? parseAmount(text) : undefined;
  if (amount?.isZero() === true) return sent;
  const price = assetOf(subject)?.price;
  return price === undefined || amount === undefined ? undefined : multiply(amount, price);
}

/** Documented as a number; a string is exact as well. */
function parseUsd(value: unknown, name: string): Decimal | undefined {
  if (value === undefined) return undefined;
  const amount =
    typeof value === 'number'
      ? fromNumber(value)
      : typeof value === 'string'
        ? parseAmount(value)
        : undefined;
  return amount ?? unusable(name, 'an amount in US dollars');
}

const inRequest = (fact: FactDefinition<Payload>): FactDefinition<Subject> => ({
  ...fact,
  read: ({ request }, name) => fact.read(request.payload, name),
});

const requestString = (field: string, about = ''): FactDefinition<Subject> =>
  inRequest(stringFact(field, about));

/** With several destinations, a field that describes one of them would hide the others. */
const ofOnlyDestination = (fact: FactDefinition<Subject>): FactDefinition<Subject> => ({
  ...fact,
  about: [fact.about, 'absent with more than one destination'].filter((part) => part !== '').join('; '),
  read: (subject, name) => {
    const { destinations } = subject.request.payload;
    return Array.isArray(destinations) && destinations.length > 1 ? undefined : fact.read(subject, name);
  },
});

const CALLER_FACTS: FactTable<Subject> = {
  requestId: requestString('requestId', 'id of the request; always present'),
  signerId: requestString('signerId', 'id of the API user that is about to sign'),
};

const TRANSACTION_FACTS: FactTable<Subject> = {
  ...CALLER_FACTS,
  stage: {
    type: 'string',
    about:
      '`"approval"` or `"signing"`; always present. `signing` if `fee` or any `displayDstAddress` is present, also if the request is for approval and signing at once',
    fields: ['fee'],
    read: ({ request }) => (isSigning(request) ? STAGES[0] : STAGES[1]),
  },
  operation: inRequest(
    stringFactWithDefault(
      'operation',
      DEFAULT_OPERATION,
      '`TRANSFER`, `CONTRACT_CALL`, `RAW`, …; Fireblocks adds values. Always present: `TRANSFER` if the request has none',
    ),
  ),
  asset: requestString('asset', 'Fireblocks asset id'),
  amount: inRequest(amountFact('amountStr', 'in units of the asset')),
  requestedAmount: inRequest(amountFact('requestedAmountStr', 'in units of the asset')),
  amountUsd: {
    type: 'Decimal',
    about: 'US dollars: the exact sum of `d.amountUsd` over all destinations; absent if any of them is',
    fields: [],
    read: totalUsd,
  },
  fee: inRequest(amountFact('fee', 'estimated fee; signing only')),
  sourceType: requestString('sourceType', '`VAULT`, `EXCHANGE`, …'),
  sourceId: requestString('sourceId', 'id of the vault account or exchange account'),
  destType: ofOnlyDestination(requestString('destType', '`VAULT`, `EXCHANGE`, `ONE_TIME_ADDRESS`, …')),
  destId: ofOnlyDestination(requestString('destId', 'absent for an address outside the workspace')),
  destAddress: ofOnlyDestination({
    type: 'Address',
    about: 'for contract calls on EVM chains: the contract',
    fields: ['destAddress'],
    read: (subject, name) =>
      readAddress(subject.request.payload['destAddress'], name, assetOf(subject)?.chain),
  }),
  destAddressType: ofOnlyDestination(requestString('destAddressType', '`WHITELISTED`, `ONE_TIME`')),
  destinations: {
    type: 'list<Destination>',
    about: 'the destinations; absent if there are none',
    fields: [],
    read: readDestinations,
  },
  note: requestString('note'),
  txId: requestString('txId', 'id of the transaction'),
  externalTxId: requestString('externalTxId', 'your own idempotency key'),
  customerRefId: requestString('customerRefId'),
  extraParameters: {
    type: 'dyn',
    about: 'as sent, without absent fields',
    fields: [],
    read: ({ request }) => readExtraParameters(request.payload),
  },
  ...Object.fromEntries(
    Object.entries(SIGNED_FACTS).map(([name, fact]): [string, FactDefinition<Subject>] => [
      name,
      { ...fact, read: ({ signed }, factName) => signed && fact.read(signed, factName) },
    ]),
  ),
};

const CONFIGURATION_FACTS: FactTable<Subject> = {
  ...CALLER_FACTS,
  type: requestString('type', '`UNMANAGED_WALLET`, `ADD_USER`, …; Fireblocks adds values'),
  extraInfo: {
    type: 'dyn',
    about:
      'depends on the type: `subType`, `walletName`, `address`, …. `apiKey` is left out. `address` (a string) and `addresses` compare as addresses',
    fields: [],
    read: ({ request }, name) => readExtraInfo(request.payload, name),
  },
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
  /** Those of `tx.raw` and the like, keyed by type. */
  records: Object.fromEntries(
    Object.entries(SIGNED_TYPES).map(([type, { facts }]) => [type, typesOf<never>(facts)]),
  ),
};

/** The definitions of all facts that docs/policy-reference.md lists, keyed by type. */
export const FACT_TABLES = {
  Transaction: TRANSACTION_FACTS,
  Destination: DESTINATION_FACTS,
  Configuration: CONFIGURATION_FACTS,
  ...Object.fromEntries(Object.entries(SIGNED_TYPES).map(([type, { facts }]) => [type, facts])),
} as Readonly<
  Record<string, Readonly<Record<string, Pick<FactDefinition<never>, 'type' | 'about' | 'fields'>>>>
>;

/** The fields in a payload, and in a destination, that facts are read from and that may be logged. */
export const RECORDED_FIELDS: Readonly<Record<Kind | 'destination', readonly string[]>> = {
  transaction: fieldsOf(TRANSACTION_FACTS),
  configuration: fieldsOf(CONFIGURATION_FACTS),
  destination: fieldsOf(DESTINATION_FACTS),
};

/** The variables that a rule is evaluated with: `tx` or `config`, and `now`. */
export type Facts = Readonly<Record<string, unknown>>;

/** The facts for a request that is decided at a given time. */
export function factsOf(subject: Subject, now: Date): Facts {
  return subject.request.kind === 'transaction'
    ? { tx: new Transaction(subject), now: clock(now) }
    : { config: new Configuration(subject), now: clock(now) };
}

/** An empty list counts as absent; otherwise, a rule about all destinations would match a transaction without any. */
function readDestinations(subject: Subject): InstanceType<typeof Destination>[] | undefined {
  const destinations = present(subject.request.payload['destinations']);
  if (destinations === undefined) return undefined;
  if (!Array.isArray(destinations) || !destinations.every(isObject)) {
    return unusable('tx.destinations', 'a list of objects');
  }
  const isOnly = destinations.length === 1;
  return destinations.length === 0
    ? undefined
    : destinations.map((payload) => new Destination({ payload, subject, isOnly }));
}

/** Absent if any destination has no amount, because the sum of the others would be too low. */
function totalUsd(subject: Subject): Decimal | undefined {
  const values = readDestinations(subject)?.map(({ amountUsd }) => amountUsd as Decimal | undefined);
  return values?.reduce((sum, value) =>
    sum === undefined || value === undefined ? undefined : add(sum, value),
  );
}
