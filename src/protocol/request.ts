// The request object that the Co-signer sends: its fields, its kind, and its only guaranteed field.
import { isAscii } from 'node:buffer';
import { assertNoDuplicateKeys } from './duplicate-keys.js';
import { Refusal } from './refusal.js';

/** A transaction to approve or sign, or a change to the workspace's configuration. */
export type Kind = 'transaction' | 'configuration';

export interface CallbackRequest {
  readonly kind: Kind;
  readonly requestId: string;
  /** The request object as sent, including unknown fields. */
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Checks a verified payload. Only `requestId` is guaranteed: any other field may be missing, and unknown fields may
 * appear. The payload alone decides the kind, because the path is not signed.
 * @param path the kind of request that the path is for; `undefined` for the path that serves both
 * @throws {Refusal} `malformed_request`, including for a payload of the other kind
 */
export function parseRequest(payload: unknown, path?: Kind): CallbackRequest {
  const requestId = isObject(payload) ? payload['requestId'] : undefined;
  if (!isObject(payload) || typeof requestId !== 'string' || requestId === '') {
    throw new Refusal('malformed_request', 'not a JSON object with a string "requestId"');
  }
  const indicated = indicatedKind(payload);
  if (path === 'configuration' && indicated === undefined) {
    throw new Refusal('malformed_request', 'no "type" on the path for configuration requests');
  }
  // A transaction may consist of fields that are not known yet.
  const kind = indicated ?? 'transaction';
  if (path !== undefined && kind !== path) {
    throw new Refusal('malformed_request', `a ${kind} request on the path for ${path} requests`);
  }
  return { kind, requestId, payload };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The operation of a transaction that has none (Fireblocks, "Approve transactions"). */
export const DEFAULT_OPERATION = 'TRANSFER';

/** In the protocol, null and an empty string stand for "not there". @returns `undefined` for both */
export function present(value: unknown): unknown {
  return value === null || value === '' ? undefined : value;
}

/** Like `present`, for an address: surrounding spaces are no part of it, so a string of spaces is absent as well. */
export function presentAddress(value: unknown): unknown {
  return typeof value === 'string' && value.trim() === '' ? undefined : present(value);
}

/**
 * Fields that only a transaction has. A configuration change may carry `txId`, and could come to carry a `note` or
 * `players`, so these indicate nothing.
 */
const TRANSACTION_FIELDS = [
  ...['operation', 'asset', 'amount', 'amountStr', 'requestedAmount', 'requestedAmountStr', 'fee'],
  ...['sourceType', 'sourceId', 'destType', 'destId', 'destAddress', 'destAddressType', 'destinations'],
  ...['rawTx', 'extraParameters'],
];

/**
 * The kind that a payload indicates; `undefined` if nothing indicates one. An `operation` names a transaction, even
 * beside a `type`, because unknown fields may appear.
 * @throws {Refusal} `malformed_request` if it has fields of both kinds otherwise: rules of the wrong kind could approve
 *   it
 */
export function indicatedKind(payload: CallbackRequest['payload']): Kind | undefined {
  const has = (field: string): boolean => hasContent(payload[field]);
  const isTransaction = TRANSACTION_FIELDS.some(has);
  const isChange = has('extraInfo') || (has('type') && !has('operation'));
  if (isTransaction && isChange) {
    throw new Refusal(
      'malformed_request',
      'fields of a transaction and of a configuration change: its kind is unclear',
    );
  }
  if (isTransaction) return 'transaction';
  return isChange ? 'configuration' : undefined;
}

/** An empty list or object indicates no kind, because a sender may write every field that it knows. */
function hasContent(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : present(value) !== undefined;
}

/**
 * Whether the Co-signer requests a signature rather than an approval, or both at once. They arrive on the same path;
 * only signing requests have `fee` or `destinations[].displayDstAddress`.
 */
export function isSigning({ kind, payload }: CallbackRequest): boolean {
  if (kind !== 'transaction') return false;
  const { fee, destinations } = payload;
  if (present(fee) !== undefined) return true;
  return (
    Array.isArray(destinations) &&
    destinations.some(
      (destination: unknown) =>
        isObject(destination) && presentAddress(destination['displayDstAddress']) !== undefined,
    )
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Parses the claims of a verified token, or the body in JSON mode.
 * @throws {Refusal} `malformed_request`, including for an object with the same key twice
 */
export function parseJson(body: Buffer): unknown {
  const { text, value } = readJson(body);
  assertNoDuplicateKeys(text, value);
  return value;
}

function readJson(body: Buffer): { readonly text: string; readonly value: unknown } {
  try {
    // Decoding ASCII as UTF-8 takes several times longer.
    const text = isAscii(body) ? body.toString('latin1') : utf8.decode(body);
    return { text, value: JSON.parse(text) };
  } catch {
    throw new Refusal('malformed_request', 'not UTF-8-encoded JSON');
  }
}
