// How a fact is defined and read, and the classes through which rules read facts.
import { BaseError } from '../../protocol/error.js';
import { present, presentAddress } from '../../protocol/request.js';
import { Address } from './address.js';
import { type Decimal, parseAmount } from '../../protocol/decimal.js';

/** A fact can't be used by a rule. The message names the fact and never contains a value from the request. */
export class FactError extends BaseError<'FACT_UNUSABLE'> {
  constructor(message: string) {
    super('FACT_UNUSABLE', message);
  }
}

/** A field exists but can't be used as the fact. @throws {FactError} always */
export function unusable(fact: string, expected: string): never {
  throw new FactError(`${fact} is not ${expected}`);
}

/** A request, or a part of one such as a destination, as JSON. */
export type Payload = Readonly<Record<string, unknown>>;

/** What facts are read from: a request with what it signs, or a part of one such as a destination. */
export interface HasPayload {
  readonly payload: Payload;
  /** How the addresses in it compare. */
  readonly addresses: AddressContext;
}

/** The asset that a transaction is about. */
export interface AddressContext {
  /** Such as `evm/1`; absent if it is not known. */
  readonly chain?: string | undefined;
  /** Fireblocks asset id. */
  readonly asset?: string | undefined;
}

/** A type in the rule language. */
export type FactType = string;

export interface FactDefinition<Input> {
  readonly type: FactType;
  /** The payload fields that the fact is read from, as far as they may be logged. */
  readonly fields: readonly string[];
  /**
   * @param name name of the fact, for errors
   * @returns `undefined` if the fact is absent
   * @throws {FactError}
   */
  readonly read: (input: Input, name: string) => unknown;
}

/** Definitions, keyed by fact name. */
export type FactTable<Input> = Readonly<Record<string, FactDefinition<Input>>>;

export const stringFact = (field: string): FactDefinition<HasPayload> => ({
  type: 'string',
  fields: [field],
  read: ({ payload }, name) => readString(payload, field, name),
});

/** A string with a default, which Fireblocks documents. */
export const stringFactWithDefault = (field: string, value: string): FactDefinition<HasPayload> => ({
  ...stringFact(field),
  read: ({ payload }, name) => readString(payload, field, name) ?? value,
});

export const amountFact = (field: string): FactDefinition<HasPayload> => ({
  type: 'Decimal',
  fields: [field],
  read: ({ payload }, name) => readAmount(payload, field, name),
});

/** @returns `undefined` if it is absent. @throws {FactError} */
export function readAmount(payload: Payload, field: string, name: string): Decimal | undefined {
  const value = readString(payload, field, name);
  if (value === undefined) return undefined;
  return parseAmount(value) ?? unusable(name, 'a decimal number such as 0.01');
}

/** @returns `undefined` if it is absent. @throws {FactError} */
export function readAddress(
  value: unknown,
  name: string,
  { chain, asset }: AddressContext = {},
): Address | undefined {
  const address = presentAddress(value);
  if (address === undefined) return undefined;
  return typeof address === 'string' ? new Address(address, chain, asset) : unusable(name, 'a string');
}

/** @returns `undefined` if it is absent. @throws {FactError} */
function readString(payload: Payload, field: string, name: string): string | undefined {
  const value = present(payload[field]);
  return value === undefined || typeof value === 'string' ? value : unusable(name, 'a string');
}

const UNREAD = Symbol('unread');

/**
 * Creates a class with a getter for each fact. Each fact is read once per object. If it were read at every use, a rule
 * with two nested loops over 100 destinations would take 62 ms instead of 12 ms.
 * @param prefix prefix for the facts' names, for errors
 */
export function factClass<Input>(prefix: string, table: FactTable<Input>) {
  const definitions = Object.entries(table);
  class FactReader {
    [fact: string]: unknown;
    readonly #input: Input;
    /** In definition order. */
    readonly #values: unknown[] = Array(definitions.length).fill(UNREAD);

    constructor(input: Input) {
      this.#input = input;
    }

    /** What the facts are read from; not a fact. */
    static inputOf(reader: FactReader): Input {
      return reader.#input;
    }

    static {
      for (const [place, [name, { read }]] of definitions.entries()) {
        Object.defineProperty(this.prototype, name, {
          get(this: FactReader) {
            if (this.#values[place] === UNREAD) this.#values[place] = read(this.#input, `${prefix}.${name}`);
            return this.#values[place];
          },
        });
      }
    }
  }
  return FactReader;
}

export function fieldsOf<Input>(table: FactTable<Input>): readonly string[] {
  return [...new Set(Object.values(table).flatMap(({ fields }) => fields))];
}

export function typesOf<Input>(table: FactTable<Input>): Readonly<Record<string, FactType>> {
  return Object.fromEntries(Object.entries(table).map(([name, { type }]) => [name, type]));
}
