// What a request is about, read for people: from the same facts that rules read, and from what is signed.
import type { Approval, Transfer, Value } from '../chain/facts.js';
import { AddressValue } from '../chain/facts.js';
import type { Signed } from '../chain/read.js';
import type { Memory } from '../policy/evaluate/memory.js';
import { basisOf, type Policy } from '../policy/evaluate/rules.js';
import { Address } from '../policy/facts/address.js';
import type { Destination } from '../policy/facts/destination.js';
import { listedDestination, Transaction } from '../policy/facts/facts.js';
import { nameIn } from '../policy/language/named-list.js';
import { Decimal, parseAmount } from '../protocol/decimal.js';
import { codeOf } from '../protocol/error.js';
import { type CallbackRequest, DEFAULT_OPERATION, isObject, present } from '../protocol/request.js';
import { withoutSecrets } from './without-secrets.js';

export interface Party {
  /** What a list of the policy calls it. */
  readonly listed: string | undefined;
  /** What Fireblocks calls it, which proves nothing. */
  readonly called: string | undefined;
  readonly address: string | undefined;
  readonly tag: string | undefined;
  /** Such as `VAULT 12`. */
  readonly place: string | undefined;
  readonly amount: string | undefined;
}

export interface Movement {
  readonly what: string;
  readonly to: string;
}

export interface Described {
  /** Of a transaction its operation, of a configuration change its type. */
  readonly operation: string;
  readonly amount: string | undefined;
  readonly asset: string | undefined;
  readonly usd: string | undefined;
  readonly from: string | undefined;
  readonly to: readonly Party[];
  /** Verified; `undefined` without a proof. */
  readonly initiator: string | undefined;
  readonly signer: string | undefined;
  readonly note: string | undefined;
  readonly fee: string | undefined;
  /** The call that is signed, such as `transfer(to: 0x…, amount: 5)`, and the contract. */
  readonly call: { readonly text: string; readonly contract: string } | undefined;
  readonly transfers: readonly Movement[];
  readonly approvals: readonly Movement[];
  /** Whether everything inside the call could be read; `undefined` without a call. */
  readonly complete: boolean | undefined;
  /** The type of a typed message. */
  readonly message: string | undefined;
  /** What will be signed, in hex. */
  readonly digests: readonly string[];
  /** Fields of a configuration change. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export function describe(
  policy: Policy,
  request: CallbackRequest,
  signed: Signed | undefined,
  now: Date,
  memory: Memory,
): Described {
  const { payload, kind } = request;
  const text = (name: string): string | undefined => textOf(payload[name]);
  const { facts } = basisOf(policy, request, now, signed, memory);
  const { tx } = facts;
  const fact = (name: string): unknown => (tx instanceof Transaction ? factOf(tx, name) : undefined);
  const effects = signed?.call?.effects ?? signed?.typedData?.effects ?? signed?.solana;
  const decimals = (value: unknown): string | undefined =>
    value instanceof Decimal ? grouped(value.toFixed()) : undefined;
  const transfers =
    signed?.call?.effects?.transfers ?? signed?.typedData?.effects?.transfers ?? signed?.solana?.transfers;
  return {
    operation: (kind === 'transaction' ? text('operation') : text('type')) ?? DEFAULT_OPERATION,
    amount: decimals(fact('amount')) ?? amountText(text('amountStr')),
    asset: text('asset'),
    usd: decimals(fact('amountUsd')),
    from: placeOf(payload['sourceType'], payload['sourceId']),
    to: partiesOf(policy, request, fact('destinations')),
    initiator: textOf(fact('initiator')),
    signer: text('signerId'),
    note: text('note'),
    fee: amountText(text('fee')),
    call: signed?.call && {
      text: callText(policy, signed.call),
      contract: named(policy, signed.call.contract, signed.chain),
    },
    transfers: (transfers ?? []).map((each) => movementOf(policy, each, each.to, signed?.chain)),
    approvals: (signed?.call?.effects?.approvals ?? signed?.typedData?.effects?.approvals ?? []).map((each) =>
      movementOf(policy, each, each.spender, signed?.chain),
    ),
    complete: effects?.complete,
    message: signed?.typedData?.primaryType,
    digests: digestsOf(payload['rawTx']),
    fields: kind === 'configuration' ? fieldsOf(payload['extraInfo']) : [],
  };
}

/** @returns `undefined` if the fact is absent or can't be known */
function factOf(tx: Readonly<Record<string, unknown>>, name: string): unknown {
  try {
    return tx[name];
  } catch (error) {
    if (codeOf(error) === 'FACT_UNUSABLE') return undefined;
    throw error;
  }
}

function partiesOf(policy: Policy, { payload }: CallbackRequest, destinations: unknown): readonly Party[] {
  const listed = Array.isArray(destinations) ? (destinations as readonly Destination[]) : [];
  if (listed.length > 0) return listed.map((each) => partyOf(policy, each));
  const place = placeOf(payload['destType'], payload['destId']);
  const address = textOf(payload['destAddress']);
  if (place === undefined && address === undefined) return [];
  return [{ listed: undefined, called: undefined, tag: undefined, amount: undefined, place, address }];
}

function partyOf({ named }: Policy, destination: Destination): Party {
  const fact = (name: string): unknown => factOf(destination, name);
  const address = fact('address');
  const known = address === undefined ? undefined : listedDestination(destination);
  const amount = fact('amount');
  return {
    listed: known && nameIn(named, known.address, { value: known.tag }),
    called: textOf(fact('name')),
    address: address instanceof Address ? address.normalized : undefined,
    tag: textOf(fact('tag')),
    place: placeOf(fact('type'), fact('id')),
    amount: amount instanceof Decimal ? grouped(amount.toFixed()) : undefined,
  };
}

function placeOf(type: unknown, id: unknown): string | undefined {
  return [textOf(type), textOf(id)].filter((part) => part !== undefined).join(' ') || undefined;
}

function callText(policy: Policy, { method, selector, args }: NonNullable<Signed['call']>): string {
  if (method === undefined) return selector;
  const written = (args ?? []).map(({ name, value }) => {
    const text = valueText(policy, value);
    return name === '' ? text : `${name}: ${text}`;
  });
  return `${method}(${written.join(', ')})`;
}

/** Longer values are cut off. */
const MAX_VALUE = 200;

function valueText(policy: Policy, value: Value): string {
  if (value instanceof Decimal) return grouped(value.toFixed());
  if (value instanceof AddressValue) return named(policy, value.address, value.chain);
  const text =
    typeof value === 'object'
      ? Array.isArray(value)
        ? `[${value.map((each: Value) => valueText(policy, each)).join(', ')}]`
        : `{${Object.entries(value)
            .map(([name, each]) => `${name}: ${valueText(policy, each)}`)
            .join(', ')}}`
      : String(value);
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text;
}

/** An address, with the name that a list gives it. */
function named({ named: lists }: Policy, address: string, chain: string | undefined): string {
  try {
    const name = nameIn(lists, new Address(address, chain));
    return name === undefined ? address : `${name} (${address})`;
  } catch {
    return address;
  }
}

function movementOf(
  policy: Policy,
  { amount, units, asset, token, ...rest }: Transfer | Approval,
  to: string,
  chain: string | undefined,
): Movement {
  const isUnlimited = 'unlimited' in rest && rest.unlimited;
  const count = isUnlimited ? '∞' : grouped((amount ?? units).toFixed());
  const unit = asset ?? (token === undefined ? '' : named(policy, token, chain));
  return { what: `${count} ${unit}`.trim(), to: named(policy, to, chain) };
}

function digestsOf(rawTx: unknown): readonly string[] {
  return (Array.isArray(rawTx) ? rawTx : []).flatMap((entry: unknown) =>
    isObject(entry) ? (textOf(entry['payload']) ?? []) : [],
  );
}

/** Secrets of configuration changes are not shown. */
function fieldsOf(extraInfo: unknown): readonly (readonly [string, string])[] {
  if (!isObject(extraInfo)) return [];
  return Object.entries(extraInfo).flatMap(([name, value]) => {
    if (present(value) === undefined) return [];
    const shown = withoutSecrets(name, value);
    return [[name, typeof shown === 'string' ? shown : JSON.stringify(shown, withoutSecrets)] as const];
  });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function amountText(text: string | undefined): string | undefined {
  const amount = text === undefined ? undefined : parseAmount(text);
  return amount === undefined ? undefined : grouped(amount.toFixed());
}

/** @param decimal such as `-1234.5`. @returns `-1,234.5` */
export function grouped(decimal: string): string {
  const [whole = '', ...fraction] = decimal.split('.');
  return [whole.replaceAll(/\B(?=(?:\d{3})+$)/g, ','), ...fraction].join('.');
}
