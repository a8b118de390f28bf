// What is kept of a request, so that its decision can be explained and replayed: every fact that rules can read, but
// nothing that may be a secret.
import { type CallbackRequest, isObject } from '../../protocol/request.js';
import { RECORDED_FIELDS } from '../facts/facts.js';

/** A part of a request's payload, under the protocol's names. */
export interface Recorded {
  readonly facts: Readonly<Record<string, unknown>>;
  /** Facts that the request had, and that are not kept: `extraParameters`, `extraInfo.…`; `*` for all. */
  readonly omitted?: readonly string[];
}

/** The fields of `extraInfo` that Fireblocks documents, but for the secret one, `apiKey`. */
const EXTRA_INFO_FIELDS = [
  ...['subType', 'walletName', 'walletId', 'asset', 'address', 'tag'],
  ...['accountName', 'accountId', 'addresses'],
  ...['networkConnectionId', 'note', 'localNetworkID', 'remoteTenantID', 'routingPolicy'],
];

/** CloudWatch takes 256 KiB a line; a request with more facts than this, in bytes of JSON, is logged without them. */
const MAX_BYTES = 200_000;
/** How much longer facts can be than the body that they came in: `1e20` becomes a number of 21 digits. */
const MAX_GROWTH = 8;

/** @param bodyBytes length of the body that the request came in */
export function recordFacts({ kind, payload }: CallbackRequest, bodyBytes = Infinity): Recorded {
  const facts = pick(payload, RECORDED_FIELDS[kind]);
  const omitted: string[] = [];
  if (kind === 'transaction') {
    const { destinations, extraParameters } = payload;
    if (Array.isArray(destinations)) {
      facts['destinations'] = destinations.map((destination) =>
        isObject(destination) ? pick(destination, RECORDED_FIELDS.destination) : plain(destination),
      );
    } else if (destinations !== undefined) facts['destinations'] = plain(destinations);
    if ((extraParameters ?? undefined) !== undefined) omitted.push('extraParameters');
  } else if (isObject(payload['extraInfo'])) {
    const { extraInfo } = payload;
    const names = Object.keys(extraInfo).filter((name) => name !== 'apiKey');
    const kept = names.filter((name) => EXTRA_INFO_FIELDS.includes(name) && isPlain(extraInfo[name]));
    facts['extraInfo'] = pick(extraInfo, kept);
    omitted.push(...names.filter((name) => !kept.includes(name)).map((name) => `extraInfo.${name}`));
  } else if (payload['extraInfo'] !== undefined) facts['extraInfo'] = plain(payload['extraInfo']);
  const mayBeTooLong = bodyBytes * MAX_GROWTH > MAX_BYTES;
  if (mayBeTooLong && Buffer.byteLength(JSON.stringify([facts, omitted])) > MAX_BYTES) {
    return { facts: {}, omitted: ['*'] };
  }
  return omitted.length === 0 ? { facts } : { facts, omitted };
}

function pick(
  payload: Readonly<Record<string, unknown>>,
  fields: readonly string[],
): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const field of fields) if (Object.hasOwn(payload, field)) picked[field] = plain(payload[field]);
  return picked;
}

/** What is nested where the protocol has a plain value could be anything: that it is nested is all that is kept. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => (typeof entry === 'string' ? entry : {}));
  return typeof value === 'object' && value !== null ? {} : value;
}

/** Rules can look into what is nested, so that it can't be kept in part. */
function isPlain(value: unknown): boolean {
  return Array.isArray(value)
    ? value.every((entry) => typeof entry === 'string')
    : typeof value !== 'object' || value === null;
}
