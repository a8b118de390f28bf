// The essentials of a request: what must be the same when a transaction is approved and when it is signed. Compact, because
// they are stored.
import { hash } from 'node:crypto';
import { canonicalJson } from '../protocol/content.js';
import { parseAmount } from '../protocol/decimal.js';
import { type CallbackRequest, DEFAULT_OPERATION, isObject, present } from '../protocol/request.js';
import { sameAddress } from './address/canonical.js';
import type { Asset, Catalog } from './catalog.js';
import { parseHex } from './hex.js';
import { addressOf } from './prepare.js';

type Payload = Readonly<Record<string, unknown>>;

/**
 * Each is absent if the request does not carry it. Texts of more than MAX_TEXT characters are kept by their beginning and
 * their hash. Not essential, and therefore not here: `amountUSD`, `rawTx`, `players`, `signerId`, `action*`, notes, names.
 */
export interface Essentials {
  readonly operation?: string;
  readonly asset?: string;
  readonly sourceType?: string;
  readonly sourceId?: string;
  /** As sent, unless it is the contract of the token that is transferred. */
  readonly destAddress?: string;
  /** In the order of the request; at least one. */
  readonly destinations?: readonly EssentialDestination[];
  /** `amountStr` and `requestedAmountStr`: decimals in their shortest form. */
  readonly amount?: string;
  readonly requestedAmount?: string;
  /** `extraParameters.contractCallData`, in lower case and without `0x`. */
  readonly callData?: string;
  /** SHA-256 of other content that is signed, 64 hex digits. */
  readonly programCall?: string;
  readonly psbt?: string;
  readonly messages?: string;
  readonly messageTypes?: string;
  /** Of a configuration change: its type, and the SHA-256 of its `extraInfo`, which may hold a secret. */
  readonly type?: string;
  readonly extraInfo?: string;
  /** The asset's chain, by whose rules addresses are compared. Not an essential itself. */
  readonly chain?: string;
  /** By how much amounts may be smaller than approved: the fee, if it is paid in the asset. Not an essential itself. */
  readonly fee?: string;
}

export interface EssentialDestination {
  /** As sent: the displayed one, or else the stored one, or else `destAddress`. */
  readonly address?: string;
  readonly tag?: string;
  /** `dstType` and `dstId`, which say where it goes if there is no address. */
  readonly type?: string;
  readonly id?: string;
  /** `amountNativeStr`: a decimal in its shortest form. */
  readonly amount?: string;
}

/** Addresses are not longer. Shorter than what `compact` returns for a long text, so that no short text equals a long one. */
const MAX_TEXT = 115;
const BEGINNING = 40;

/** @param catalog gives the asset's chain, and whether it is a token */
export function essentialsOf({ kind, payload }: CallbackRequest, catalog: Catalog): Essentials {
  return kind === 'transaction' ? ofTransaction(payload, catalog) : ofConfiguration(payload);
}

function ofConfiguration({ type, extraInfo }: Payload): Essentials {
  return withoutAbsent({ type: textOf(type), extraInfo: hashOf(extraInfo) });
}

function ofTransaction(payload: Payload, catalog: Catalog): Essentials {
  const assetId = textOf(payload['asset']);
  const asset = assetId === undefined ? undefined : catalog.assets.get(assetId);
  const operation = textOf(payload['operation']) ?? DEFAULT_OPERATION;
  const destAddress = destAddressOf(payload, operation, asset);
  return withoutAbsent({
    operation,
    asset: assetId,
    sourceType: textOf(payload['sourceType']),
    sourceId: textOf(payload['sourceId']),
    destAddress,
    // Of an asset that is not known, `destAddress` may be the token's contract.
    destinations: destinationsOf(payload, asset || operation !== DEFAULT_OPERATION ? destAddress : undefined),
    amount: amountOf(payload['amountStr']),
    requestedAmount: amountOf(payload['requestedAmountStr']),
    ...signedParameters(payload['extraParameters']),
    chain: asset?.chain,
    fee: isFeeInAsset(payload, asset) ? amountOf(payload['fee']) : undefined,
  });
}

function destAddressOf(payload: Payload, operation: string, asset: Asset | undefined): string | undefined {
  const address = addressText(payload['destAddress']);
  const isContract =
    operation === DEFAULT_OPERATION &&
    address !== undefined &&
    asset?.contract !== undefined &&
    sameAddress(address, asset.contract, asset.chain);
  return isContract ? undefined : address;
}

/** The fee of a token is paid in another coin, except to an exchange, which takes its fee in the asset that it sends. */
function isFeeInAsset({ sourceType }: Payload, asset: Asset | undefined): boolean {
  const isFromExchange = typeof sourceType === 'string' && sourceType.startsWith('EXCHANGE');
  return asset?.contract === undefined || isFromExchange;
}

/** Without a list, or for what a list of one leaves out, the request's own fields name the only destination. */
function destinationsOf(payload: Payload, destAddress?: string): EssentialDestination[] | undefined {
  const only = withoutAbsent<EssentialDestination>({
    address: destAddress,
    type: textOf(payload['destType']),
    id: textOf(payload['destId']),
  });
  const value = present(payload['destinations']);
  const list = Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value];
  if (list.length === 0) return Object.keys(only).length === 0 ? undefined : [only];
  const destinations = list.map(toDestination);
  return destinations.length === 1 ? [{ ...only, ...destinations[0] }] : destinations;
}

function toDestination(value: unknown): EssentialDestination {
  if (!isObject(value)) return withoutAbsent({ id: textOf(value) });
  return withoutAbsent({
    address: addressText(value['displayDstAddress']) ?? addressText(value['dstAddress']),
    tag: textOf(value['displayDstTag']),
    type: textOf(value['dstType']),
    id: textOf(value['dstId']),
    amount: amountOf(value['amountNativeStr']),
  });
}

function signedParameters(value: unknown): Essentials {
  if (!isObject(value)) return {};
  const { contractCallData, programCallData, psbt, rawMessageData } = value;
  return {
    callData: callDataOf(contractCallData),
    programCall: hashOf(programCallData),
    psbt: hashOf(psbt),
    ...messagesOf(rawMessageData),
  };
}

function callDataOf(value: unknown): string | undefined {
  const bytes = typeof value === 'string' ? parseHex(value) : undefined;
  return bytes === undefined || value === '' ? textOf(value) : compact(bytes.toString('hex'));
}

function messagesOf(value: unknown): Pick<Essentials, 'messages' | 'messageTypes'> {
  const messages = isObject(value) ? value['messages'] : value;
  if (!Array.isArray(messages) || !messages.every(isObject)) return { messages: hashOf(value) };
  const types = messages.map(({ type }) => present(type));
  return {
    messages: hashOf(messages.map(({ content }) => contentOf(content))),
    messageTypes: types.includes(undefined) ? undefined : hashOf(types),
  };
}

/** Digests are hex, in any spelling. JSON in a string stays as it is: its numbers may be longer than JSON.parse can read. */
function contentOf(content: unknown): unknown {
  return typeof content === 'string' ? (parseHex(content)?.toString('hex') ?? content) : content;
}

function addressText(value: unknown): string | undefined {
  const address = addressOf(value);
  return address === undefined ? undefined : compact(address);
}

/** A decimal in its shortest form, so that equal amounts are equal texts; anything else as sent. */
function amountOf(value: unknown): string | undefined {
  const amount = typeof value === 'string' ? parseAmount(value) : undefined;
  return amount === undefined ? textOf(value) : amount.toFixed();
}

/** @returns `undefined` for null and an empty string */
function textOf(value: unknown): string | undefined {
  const text = present(value);
  if (text === undefined) return undefined;
  return compact(typeof text === 'string' ? text : canonicalJson(text));
}

function compact(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, BEGINNING)}… (SHA-256 ${sha256(text)})`;
}

function hashOf(value: unknown): string | undefined {
  return present(value) === undefined ? undefined : sha256(canonicalJson(value));
}

function sha256(text: string): string {
  return hash('sha256', text);
}

/** Fields that are `undefined` would replace others where essentials are merged. */
function withoutAbsent<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
