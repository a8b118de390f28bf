// Selects the facts of a request to log, so that its decision can be explained and replayed: all facts that rules can
// read, except those that may be secret.
import { type CallbackRequest, isObject, present } from '../../protocol/request.js';
import { addressEntries } from '../facts/extra-info.js';
import { RECORDED_FIELDS } from '../facts/facts.js';

/** A part of a request's payload, under the protocol's field names. */
export interface Recorded {
  readonly facts: Readonly<Record<string, unknown>>;
  /**
   * Facts in the request that are not logged:
   *
   * - `extraInfo.<field>` for a documented field, `extraInfo.*` for all others;
   * - `extraParameters.*` for all fields but those that say what is signed, or `extraParameters` if it is no object;
   * - `rawTx`, `extraParameters.<field>` for what is signed, if it is too large;
   * - `*` for all facts.
   */
  readonly omitted?: readonly string[];
}

/** The fields of `extraParameters` that say what is signed. They are logged, so that a replay can read them again. */
export const SIGNED_PARAMETERS: readonly string[] = ['contractCallData', 'rawMessageData', 'psbt'];

/** Stands in `omitted` for the other fields of `extraParameters`: their names could be secrets themselves. */
export const OTHER_PARAMETERS = 'extraParameters.*';

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

/** If a request's facts are too large for a log line, what is signed is left out; if that is not enough, all of them. */
export function recordFacts({ kind, payload }: CallbackRequest): Recorded {
  const facts = pick(payload, RECORDED_FIELDS[kind]);
  const omitted = kind === 'transaction' ? addTransaction(facts, payload) : addChange(facts, payload);
  const signed = kind === 'transaction' ? signedParts(payload) : NOTHING_SIGNED;
  const size = sizeOf([facts, omitted]);
  if (size > MAX_BYTES) return { facts: {}, omitted: ['*'] };
  const isTooLarge = signed.size > MAX_BYTES || size + sizeOf(signed.parts) > MAX_BYTES;
  if (!isTooLarge) merge(facts, signed.parts);
  const all = isTooLarge ? [...omitted, ...signed.names] : omitted;
  return all.length === 0 ? { facts } : { facts, omitted: all };
}

/** In bytes, as JSON. Values nested too deeply for JSON have no size that fits. */
function sizeOf(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value));
  } catch {
    return Infinity;
  }
}

type Payload = CallbackRequest['payload'];

/** What a request says about what is signed. */
interface SignedParts {
  readonly parts: Payload;
  /** As they are named in `omitted`. */
  readonly names: readonly string[];
  /** At least so many bytes, without writing them as JSON. */
  readonly size: number;
}

const NOTHING_SIGNED: SignedParts = { parts: {}, names: [], size: 0 };

const ENTRY_FIELDS: readonly string[] = ['rawTx', 'payload', 'keyDerivationPath'];

function signedParts({ rawTx, extraParameters }: Payload): SignedParts {
  // What is not of the documented form is as unusable as null.
  const entries = Array.isArray(rawTx)
    ? rawTx.map((entry: unknown) => (isObject(entry) ? pick(entry, ENTRY_FIELDS) : null))
    : null;
  const names = isObject(extraParameters)
    ? SIGNED_PARAMETERS.filter((name) => Object.hasOwn(extraParameters, name))
    : [];
  const parameters = isObject(extraParameters)
    ? Object.fromEntries(names.map((name) => [name, extraParameters[name]]))
    : {};
  return {
    parts: {
      ...(rawTx !== undefined && { rawTx: entries }),
      ...(names.length > 0 && { extraParameters: parameters }),
    },
    names: [...(rawTx === undefined ? [] : ['rawTx']), ...names.map((name) => `extraParameters.${name}`)],
    size: [entries, parameters]
      .flatMap((value) => stringsIn(value, 0))
      .reduce((sum, { length }) => sum + length, 0),
  };
}

/** The strings in a value, two levels deep: the long ones of requests are there. */
function stringsIn(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > 2) return [];
  return Object.values(value).flatMap((inner) => stringsIn(inner, depth + 1));
}

/** `extraParameters` may be there already, without these fields. */
function merge(facts: Record<string, unknown>, parts: Payload): void {
  for (const [name, part] of Object.entries(parts)) {
    const before = facts[name];
    facts[name] = isObject(before) && isObject(part) ? { ...before, ...part } : part;
  }
}

/** @returns the facts that are omitted */
function addTransaction(facts: Record<string, unknown>, payload: Payload): readonly string[] {
  const { destinations, extraParameters } = payload;
  if (Array.isArray(destinations)) {
    facts['destinations'] = destinations.map((destination) =>
      isObject(destination) ? pick(destination, RECORDED_FIELDS.destination) : withoutNested(destination),
    );
  } else if (destinations !== undefined) facts['destinations'] = withoutNested(destinations);
  if (present(extraParameters) === undefined) return [];
  if (!isObject(extraParameters)) return ['extraParameters'];
  facts['extraParameters'] = {};
  const others = Object.keys(extraParameters).filter((name) => !SIGNED_PARAMETERS.includes(name));
  return others.length === 0 ? [] : [OTHER_PARAMETERS];
}

/** @returns the facts that are omitted */
function addChange(facts: Record<string, unknown>, payload: Payload): readonly string[] {
  const { extraInfo } = payload;
  if (extraInfo === undefined) return [];
  if (!isObject(extraInfo)) {
    facts['extraInfo'] = withoutNested(extraInfo);
    return [];
  }
  const documented = EXTRA_INFO_FIELDS.filter((name) => Object.hasOwn(extraInfo, name));
  facts['extraInfo'] = Object.fromEntries(
    documented.filter((name) => isFlat(extraInfo[name], name)).map((name) => [name, extraInfo[name]]),
  );
  const omitted = documented
    .filter((name) => !isFlat(extraInfo[name], name))
    .map((name) => `extraInfo.${name}`);
  const known = ['apiKey', ...documented];
  return Object.keys(extraInfo).every((name) => known.includes(name))
    ? omitted
    : [...omitted, UNDOCUMENTED_EXTRA_INFO];
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
function isFlat(value: unknown, name: string): boolean {
  if (Array.isArray(value)) {
    return value.every((entry) => typeof entry === 'string' || (name === 'addresses' && entry === null));
  }
  // An object from assets to addresses.
  if (name === 'addresses' && isObject(value)) return addressEntries(value) !== undefined;
  return typeof value !== 'object' || value === null;
}
