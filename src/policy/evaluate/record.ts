// Selects the facts of a request to log, so that its decision can be explained and replayed: all facts that rules can
// read, except those that may be secret.
import { type CallbackRequest, isObject } from '../../protocol/request.js';
import { addressEntries } from '../facts/extra-info.js';
import { RECORDED_FIELDS } from '../facts/facts.js';

/** A part of a request's payload, under the protocol's field names. */
export interface Recorded {
  readonly facts: Readonly<Record<string, unknown>>;
  /**
   * Facts in the request that are not logged: `extraParameters`, `extraInfo.<field>` for a documented field,
   * `extraInfo.*` for all others, or `*` for all facts.
   */
  readonly omitted?: readonly string[];
}

/** Stands in `omitted` for fields that Fireblocks does not document: their names could be secrets themselves. */
export const UNDOCUMENTED_EXTRA_INFO = 'extraInfo.*';

/** The fields of `extraInfo` that Fireblocks documents, except the secret `apiKey`. */
export const EXTRA_INFO_FIELDS: readonly string[] = [
  ...['subType', 'walletName', 'walletId', 'asset', 'address', 'tag'],
  ...['accountName', 'accountId', 'addresses'],
  ...['networkConnectionId', 'note', 'localNetworkID', 'remoteTenantID', 'routingPolicy'],
];

/** Maximum size of the facts as JSON, in bytes: CloudWatch accepts log lines of up to 256 KiB. */
const MAX_BYTES = 200_000;

/** If a request's facts are too large for a log line, none of them is recorded. */
export function recordFacts({ kind, payload }: CallbackRequest): Recorded {
  const facts = pick(payload, RECORDED_FIELDS[kind]);
  const omitted = kind === 'transaction' ? addTransaction(facts, payload) : addChange(facts, payload);
  if (Buffer.byteLength(JSON.stringify([facts, omitted])) > MAX_BYTES) return { facts: {}, omitted: ['*'] };
  return omitted.length === 0 ? { facts } : { facts, omitted };
}

type Payload = CallbackRequest['payload'];

/** @returns the facts that are omitted */
function addTransaction(facts: Record<string, unknown>, payload: Payload): readonly string[] {
  const { destinations, extraParameters } = payload;
  if (Array.isArray(destinations)) {
    facts['destinations'] = destinations.map((destination) =>
      isObject(destination) ? pick(destination, RECORDED_FIELDS.destination) : withoutNested(destination),
    );
  } else if (destinations !== undefined) facts['destinations'] = withoutNested(destinations);
  return (extraParameters ?? undefined) === undefined ? [] : ['extraParameters'];
}

/** @returns the facts that are omitted */
function addChange(facts: Record<string, unknown>, payload: Payload): readonly string[] {
  const { extraInfo } = payload;
  if (extraInfo === undefined) return [];
  if (!isObject(extraInfo)) {
    facts['extraInfo'] = withoutNested(extraInfo);
    return [];
  }
  const flat: Payload = {
    ...extraInfo,
    ...('addresses' in extraInfo && { addresses: listed(extraInfo['addresses']) }),
  };
  const documented = EXTRA_INFO_FIELDS.filter((name) => Object.hasOwn(flat, name));
  facts['extraInfo'] = pick(
    flat,
    documented.filter((name) => isFlat(flat[name])),
  );
  const omitted = documented.filter((name) => !isFlat(flat[name])).map((name) => `extraInfo.${name}`);
  const known = ['apiKey', ...documented];
  return Object.keys(extraInfo).every((name) => known.includes(name))
    ? omitted
    : [...omitted, UNDOCUMENTED_EXTRA_INFO];
}

/** An object from assets to addresses is recorded as the list of its addresses, which is what rules read. */
function listed(addresses: unknown): unknown {
  if (typeof addresses !== 'object' || addresses === null) return addresses;
  return addressEntries(addresses)?.filter((entry) => entry !== null) ?? addresses;
}

function pick(payload: Payload, fields: readonly string[]): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const field of fields)
    if (Object.hasOwn(payload, field)) picked[field] = withoutNested(payload[field]);
  return picked;
}

/** Replaces nested values with `{}`, because the protocol has none in these fields and they may be secret. */
function withoutNested(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => (typeof entry === 'string' ? entry : {}));
  return typeof value === 'object' && value !== null ? {} : value;
}

/** Rules can read nested values of `extraInfo`, so a field that has them is omitted as a whole. */
function isFlat(value: unknown): boolean {
  return Array.isArray(value)
    ? value.every((entry) => typeof entry === 'string')
    : typeof value !== 'object' || value === null;
}
