// The facts that rules read: the protocol's own names, typed. POLICY.md holds the same table for people.
import { BaseError } from '../../protocol/error.js';
import { type CallbackRequest, isObject, isSigning, type Kind } from '../../protocol/request.js';
import { Address } from './address.js';
import { add, type Decimal, fromNumber, parseAmount } from './decimal.js';

/** A fact is there, but not what it should be. The message names the fact and never holds its value. */
export class FactError extends BaseError<'FACT_UNUSABLE'> {
  constructor(fact: string, expected: string) {
    super('FACT_UNUSABLE', `${fact} is not ${expected}`);
  }
}

type Payload = Readonly<Record<string, unknown>>;

/** A type of the rules' language. */
export type FactType = 'string' | 'Address' | 'Decimal' | 'dyn' | 'list<Destination>';

interface Fact<Source> {
  readonly type: FactType;
  /** The fields of the payload that it is read from, as far as they may be logged. */
  readonly fields: readonly string[];
  /** `undefined` when it is absent. @param name of the fact, for errors. @throws {FactError} */
  readonly read: (source: Source, name: string) => unknown;
}

type Facts<Source> = Readonly<Record<string, Fact<Source>>>;

const text = (field: string): Fact<Payload> => ({
  type: 'string',
  fields: [field],
  read: (payload, name) => textIn(payload, field, name),
});

/** The first of the fields that holds an address; an empty one is none. */
const address = (...fields: readonly string[]): Fact<Payload> => ({
  type: 'Address',
  fields,
  read(payload, name) {
    for (const field of fields) {
      const value = textIn(payload, field, name);
      if (value !== undefined && value.trim() !== '') return new Address(value);
    }
    return undefined;
  },
});

const amount = (field: string): Fact<Payload> => ({
  type: 'Decimal',
  fields: [field],
  read(payload, name) {
    const value = textIn(payload, field, name);
    if (value === undefined) return undefined;
    return parseAmount(value) ?? unusable(name, 'a decimal number such as 0.01');
  },
});

const DESTINATION_FACTS: Facts<Payload> = {
  address: address('displayDstAddress', 'dstAddress'),
  addressType: text('dstAddressType'),
  type: text('dstType'),
  subType: text('dstSubType'),
  id: text('dstId'),
  walletId: text('dstWalletId'),
  name: text('dstName'),
  tag: text('displayDstTag'),
  amount: amount('amountNativeStr'),
  amountUsd: {
    type: 'Decimal',
    fields: ['amountUSD'],
    read({ amountUSD }, name) {
      if (amountUSD === undefined || amountUSD === null) return undefined;
      const value = typeof amountUSD === 'number' ? fromNumber(amountUSD) : undefined;
      return value ?? unusable(name, 'a number of US dollars');
    },
  },
};

const requestText = (field: string): Fact<CallbackRequest> => ofPayload(text(field));

const CALLER_FACTS: Facts<CallbackRequest> = {
  requestId: requestText('requestId'),
  signerId: requestText('signerId'),
};

const TRANSACTION_FACTS: Facts<CallbackRequest> = {
  ...CALLER_FACTS,
  stage: { type: 'string', fields: ['fee'], read: (request) => (isSigning(request) ? STAGES[0] : STAGES[1]) },
  operation: requestText('operation'),
  asset: requestText('asset'),
  amount: ofPayload(amount('amountStr')),
  requestedAmount: ofPayload(amount('requestedAmountStr')),
  amountUsd: { type: 'Decimal', fields: [], read: ({ payload }) => totalUsd(payload) },
  fee: ofPayload(amount('fee')),
  sourceType: requestText('sourceType'),
  sourceId: requestText('sourceId'),
  destType: requestText('destType'),
  destId: requestText('destId'),
  destAddress: ofPayload(address('destAddress')),
  destAddressType: requestText('destAddressType'),
  destinations: { type: 'list<Destination>', fields: [], read: ({ payload }) => destinationsIn(payload) },
  note: requestText('note'),
  txId: requestText('txId'),
  externalTxId: requestText('externalTxId'),
  customerRefId: requestText('customerRefId'),
  extraParameters: {
    type: 'dyn',
    fields: [],
    read: ({ payload }) => payload['extraParameters'] ?? undefined,
  },
};

const CONFIGURATION_FACTS: Facts<CallbackRequest> = {
  ...CALLER_FACTS,
  type: requestText('type'),
  extraInfo: { type: 'dyn', fields: [], read: ({ payload }, name) => extraInfoIn(payload, name) },
};

/** What `tx.stage` can be. */
export const STAGES = ['signing', 'approval'] as const;

/** Facts about one destination; `d` in `tx.destinations.exists(d, …)`. */
export const Destination = factClass('tx.destinations[]', DESTINATION_FACTS);
/** `tx` */
export const Transaction = factClass('tx', TRANSACTION_FACTS);
/** `config` */
export const Configuration = factClass('config', CONFIGURATION_FACTS);

/** Names and types of the facts behind `tx`, `config` and a destination. */
export const FACT_TYPES = {
  tx: typesOf(TRANSACTION_FACTS),
  config: typesOf(CONFIGURATION_FACTS),
  destination: typesOf(DESTINATION_FACTS),
};

/** The fields of a payload, and of a destination, that facts are read from and that may be logged. */
export const RECORDED_FIELDS: Readonly<Record<Kind | 'destination', readonly string[]>> = {
  transaction: fieldsOf(TRANSACTION_FACTS),
  configuration: fieldsOf(CONFIGURATION_FACTS),
  destination: fieldsOf(DESTINATION_FACTS),
};

function ofPayload(fact: Fact<Payload>): Fact<CallbackRequest> {
  return { ...fact, read: ({ payload }, name) => fact.read(payload, name) };
}

/** Null counts as absent. */
function textIn(payload: Payload, field: string, name: string): string | undefined {
  const value = payload[field] ?? undefined;
  return value === undefined || typeof value === 'string' ? value : unusable(name, 'text');
}

/** None at all counts as absent: else a rule about "all destinations" would hold for a transaction without any. */
function destinationsIn(payload: Payload): InstanceType<typeof Destination>[] | undefined {
  const destinations = payload['destinations'] ?? undefined;
  if (destinations === undefined) return undefined;
  if (!Array.isArray(destinations) || !destinations.every(isObject)) {
    return unusable('tx.destinations', 'a list of objects');
  }
  return destinations.length === 0
    ? undefined
    : destinations.map((destination) => new Destination(destination));
}

/** Absent when any destination has none: a sum over the others would be too low. */
function totalUsd(payload: Payload): Decimal | undefined {
  const values = destinationsIn(payload)?.map(({ amountUsd }) => amountUsd as Decimal | undefined);
  return values?.reduce((sum, value) =>
    sum === undefined || value === undefined ? undefined : add(sum, value),
  );
}

/** Addresses in it compare as addresses; the API key of an exchange is a secret, and no fact. */
function extraInfoIn(payload: Payload, name: string): unknown {
  const extraInfo = payload['extraInfo'] ?? undefined;
  if (extraInfo === undefined) return undefined;
  if (!isObject(extraInfo)) return unusable(name, 'an object');
  // Copied without being read: a replay marks what was not recorded by properties that throw.
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(extraInfo)) as Record<
    string,
    unknown
  >;
  delete copy['apiKey'];
  readAs(copy, 'address', name, toAddress);
  readAs(copy, 'addresses', name, toAddresses);
  return copy;
}

/** Has a property converted once it is read, so that a wrong one is an error of the rules that read it only. */
function readAs(
  object: Record<string, unknown>,
  property: string,
  owner: string,
  convert: (value: unknown, name: string) => unknown,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(object, property);
  if (descriptor === undefined) return;
  const read = (): unknown => (descriptor.get === undefined ? descriptor.value : descriptor.get.call(object));
  Object.defineProperty(object, property, {
    enumerable: true,
    get: () => convert(read(), `${owner}.${property}`),
  });
}

function toAddress(value: unknown, name: string): Address | undefined {
  if ((value ?? undefined) === undefined) return undefined;
  return typeof value === 'string' ? new Address(value) : unusable(name, 'text');
}

/** None at all counts as absent, as with destinations. */
function toAddresses(value: unknown, name: string): readonly Address[] | undefined {
  if ((value ?? undefined) === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    return unusable(name, 'a list of texts');
  }
  return value.length === 0 ? undefined : value.map((entry) => new Address(entry));
}

function unusable(fact: string, expected: string): never {
  throw new FactError(fact, expected);
}

const UNREAD = Symbol('unread');

/** A class whose getters read the facts, each once. */
function factClass<Source>(prefix: string, facts: Facts<Source>) {
  const names = Object.keys(facts);
  class Bag {
    [fact: string]: unknown;
    readonly #source: Source;
    /** By place in the table; `UNREAD` until it is asked for. */
    readonly #values: unknown[] = Array(names.length).fill(UNREAD);

    constructor(source: Source) {
      this.#source = source;
    }

    static {
      for (const [place, [name, { read }]] of Object.entries(facts).entries()) {
        Object.defineProperty(this.prototype, name, {
          get(this: Bag) {
            if (this.#values[place] === UNREAD) this.#values[place] = read(this.#source, `${prefix}.${name}`);
            return this.#values[place];
          },
        });
      }
    }
  }
  return Bag;
}

function fieldsOf<Source>(facts: Facts<Source>): readonly string[] {
  return [...new Set(Object.values(facts).flatMap(({ fields }) => fields))];
}

function typesOf<Source>(facts: Facts<Source>): Readonly<Record<string, FactType>> {
  return Object.fromEntries(Object.entries(facts).map(([name, { type }]) => [name, type]));
}

/** What a rule is evaluated with: the request's facts, and the time. */
export function factsOf(request: CallbackRequest, now: Date): Readonly<Record<string, unknown>> {
  return request.kind === 'transaction'
    ? { tx: new Transaction(request), now: clock(now) }
    : { config: new Configuration(request), now: clock(now) };
}

const formatters = new Map<string, Intl.DateTimeFormat>();

/** cel-js asks a date for its text in a time zone each time that a rule does: formatters and texts are kept here. */
function clock(now: Date): Date {
  const time = new Date(now);
  let texts: Map<string, string> | undefined;
  // Every request has a clock, and few rules ask it: nothing is made before.
  time.toLocaleString = (
    _locale?: unknown,
    { timeZone = 'UTC' }: Intl.DateTimeFormatOptions = {},
  ): string => {
    texts ??= new Map();
    let text = texts.get(timeZone);
    if (text === undefined) {
      text = isoIn(timeZone, now);
      texts.set(timeZone, text);
    }
    return text;
  };
  return time;
}

/** `2026-03-08T02:30:00`, the form that is parsed fastest. @throws {RangeError} for what is no time zone */
function isoIn(timeZone: string, now: Date): string {
  let formatter = formatters.get(timeZone);
  if (formatter === undefined) {
    // Swedish writes a time as ISO 8601 does, but for the T.
    formatter = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
    formatters.set(timeZone, formatter);
  }
  return formatter.format(now).replace(' ', 'T');
}
