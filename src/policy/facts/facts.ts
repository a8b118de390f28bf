// The facts that rules can read, under the protocol's own names. docs/policy-reference.md lists them for policy
// authors.
import { DEFAULT_OPERATION, isObject, isSigning, type Kind, present } from '../../protocol/request.js';
import { add, type Decimal, parseAmount } from '../../protocol/decimal.js';
import { Address } from './address.js';
import { clock } from './clock.js';
import { destAddressFact, Destination, DESTINATION_FACTS } from './destination.js';
import { Expected, EXPECTED_FACTS, expectedFact } from './expected.js';
import { readExtraInfo, readExtraParameters } from './extra-info.js';
import {
  amountFact,
  factClass,
  type FactDefinition,
  type FactTable,
  type FactType,
  fieldsOf,
  stringFact,
  stringFactWithDefault,
  typesOf,
  readAmount,
  unusable,
} from './fact.js';
import { initiatorFact } from './initiator.js';
import * as signed from './signed-facts.js';
import {
  destinationsOf,
  type FactSources,
  hasSeveralDestinations,
  isTransfer,
  type Subject,
  subjectOf,
} from './subject.js';

/** Values of `tx.stage`. */
export const STAGES = ['signing', 'approval'] as const;

const CALLER_FACTS: FactTable<Subject> = {
  requestId: stringFact('requestId'),
  signerId: stringFact('signerId'),
};

const TRANSACTION_FACTS: FactTable<Subject> = {
  ...CALLER_FACTS,
  stage: {
    type: 'string',
    fields: ['fee'],
    read: ({ request }) => (isSigning(request) ? STAGES[0] : STAGES[1]),
  },
  operation: stringFactWithDefault('operation', DEFAULT_OPERATION),
  asset: stringFact('asset'),
  amount: { ...amountFact('amountStr'), read: readTransactionAmount },
  requestedAmount: amountFact('requestedAmountStr'),
  amountUsd: { type: 'Decimal', fields: [], read: totalUsd },
  fee: amountFact('fee'),
  sourceType: stringFact('sourceType'),
  sourceId: stringFact('sourceId'),
  destType: ofOnlyDestination(stringFact('destType')),
  destId: ofOnlyDestination(stringFact('destId')),
  destAddress: ofOnlyDestination(destAddressFact),
  destAddressType: ofOnlyDestination(stringFact('destAddressType')),
  destinations: { type: 'list<Destination>', fields: [], read: readDestinations },
  note: stringFact('note'),
  txId: stringFact('txId'),
  externalTxId: stringFact('externalTxId'),
  customerRefId: stringFact('customerRefId'),
  extraParameters: {
    type: 'dyn',
    fields: [],
    read: ({ payload }) => readExtraParameters(payload),
  },
  ...signed.SIGNED_FACTS,
  expected: expectedFact,
  initiator: initiatorFact,
};

const CONFIGURATION_FACTS: FactTable<Subject> = {
  ...CALLER_FACTS,
  type: stringFact('type'),
  extraInfo: {
    type: 'dyn',
    fields: [],
    read: ({ payload, catalog }, name) => readExtraInfo(payload, name, catalog),
  },
};

/** The facts of a transaction: `tx`. */
export const Transaction = factClass('tx', TRANSACTION_FACTS);
/** The facts of a configuration change: `config`. */
export const Configuration = factClass('config', CONFIGURATION_FACTS);

/** A class of facts, as the rule language knows it. */
export interface FactClass {
  /** How a rule writes an object of this class: a path, or the usual variable of a loop. */
  readonly example: string;
  readonly ctor: abstract new (...args: never[]) => object;
  readonly facts: Readonly<Record<string, FactType>>;
  /** The fields of the request that each fact is read from. */
  readonly fields: Readonly<Record<string, readonly string[]>>;
}

function ofClass<Input>(example: string, ctor: FactClass['ctor'], table: FactTable<Input>): FactClass {
  const fields = Object.fromEntries(Object.entries(table).map(([name, fact]) => [name, fact.fields]));
  return { example, ctor, facts: typesOf(table), fields };
}

/** All classes of facts, keyed by their type in the rule language. */
export const FACT_CLASSES = {
  Transaction: ofClass('tx', Transaction, TRANSACTION_FACTS),
  Destination: ofClass('d', Destination, DESTINATION_FACTS),
  Expected: ofClass('tx.expected', Expected, EXPECTED_FACTS),
  Raw: ofClass('tx.raw', signed.Raw, signed.RAW_FACTS),
  Evm: ofClass('tx.evm', signed.Evm, signed.EVM_FACTS),
  Call: ofClass('tx.call', signed.Call, signed.CALL_FACTS),
  Transfer: ofClass('t', signed.Transfer, signed.TRANSFER_FACTS),
  Approval: ofClass('a', signed.Approval, signed.APPROVAL_FACTS),
  Bitcoin: ofClass('tx.btc', signed.Bitcoin, signed.BITCOIN_FACTS),
  Output: ofClass('o', signed.Output, signed.OUTPUT_FACTS),
  Input: ofClass('i', signed.Input, signed.INPUT_FACTS),
  Solana: ofClass('tx.solana', signed.Solana, signed.SOLANA_FACTS),
  Instruction: ofClass('i', signed.Instruction, signed.INSTRUCTION_FACTS),
  TypedData: ofClass('tx.typedData', signed.TypedData, signed.TYPED_DATA_FACTS),
  Configuration: ofClass('config', Configuration, CONFIGURATION_FACTS),
} as const satisfies Readonly<Record<string, FactClass>>;

/** Names and types of the facts of requests. */
export const FACT_TYPES = {
  tx: FACT_CLASSES.Transaction.facts,
  config: FACT_CLASSES.Configuration.facts,
  destination: FACT_CLASSES.Destination.facts,
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
export function factsOf(sources: FactSources, now: Date): Facts {
  const subject = subjectOf(sources, now);
  return sources.request.kind === 'transaction'
    ? { tx: new Transaction(subject), now: clock(now) }
    : { config: new Configuration(subject), now: clock(now) };
}

/** A destination's address, with what a list may demand beside it. */
export interface ListedDestination {
  readonly address: Address;
  readonly tag: string | undefined;
}

/** @returns `undefined` for a destination without an address. @throws {FactError} */
export function listedDestination(destination: Destination): ListedDestination | undefined {
  const { address, tag } = destination;
  if (!(address instanceof Address)) return undefined;
  return { address, tag: typeof tag === 'string' ? tag : undefined };
}

function ofOnlyDestination(fact: FactDefinition<Subject>): FactDefinition<Subject> {
  return {
    ...fact,
    read: (subject, name) => (hasSeveralDestinations(subject.payload) ? undefined : fact.read(subject, name)),
  };
}

/** An empty list counts as absent; otherwise, a rule about all destinations would match a transaction without any. */
function readDestinations(transaction: Subject): Destination[] | undefined {
  const { payload, addresses } = transaction;
  const destinations = present(payload['destinations']);
  if (destinations === undefined) return undefined;
  if (!Array.isArray(destinations) || !destinations.every(isObject)) {
    return unusable('tx.destinations', 'a list of objects');
  }
  return destinations.length === 0
    ? undefined
    : destinations.map((destination) => new Destination({ payload: destination, addresses, transaction }));
}

/** Absent if any destination has no value, because the sum of the others would be too low. */
function totalUsd(transaction: Subject): Decimal | undefined {
  const values = readDestinations(transaction)?.map(({ amountUsd }) => amountUsd as Decimal | undefined);
  return values?.reduce((sum, value) =>
    sum === undefined || value === undefined ? undefined : add(sum, value),
  );
}

/**
 * `amountStr`, or what the destinations of a transfer get, if that is more: they may add up to `requestedAmountStr`
 * instead, and a limit for the amount must hold for what is paid.
 * @throws {FactError}
 */
function readTransactionAmount({ payload }: Subject, name: string): Decimal | undefined {
  const amount = readAmount(payload, 'amountStr', name);
  const paid = isTransfer(payload) ? paidAmount(payload) : undefined;
  return amount !== undefined && paid?.gt(amount) === true ? paid : amount;
}

/** Without an amount for each destination, `requestedAmountStr`, which they may get. */
function paidAmount(payload: Subject['payload']): Decimal | undefined {
  const read = (value: unknown): Decimal | undefined =>
    typeof value === 'string' ? parseAmount(value) : undefined;
  const amounts = destinationsOf(payload).flatMap((each) => read(each['amountNativeStr']) ?? []);
  return amounts.length > 0 && amounts.length === destinationsOf(payload).length
    ? amounts.reduce(add)
    : read(payload['requestedAmountStr']);
}
