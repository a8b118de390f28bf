// `config.extraInfo` and `tx.extraParameters`: objects whose fields depend on the type of request.
import type { Catalog } from '../../chain/catalog.js';
import { isObject, present } from '../../protocol/request.js';
import type { Address } from './address.js';
import { type AddressContext, type Payload, readAddress, unusable } from './fact.js';

/**
 * Returns a copy in which addresses are compared as addresses, without the secret `apiKey` and without absent fields.
 * @param name name of the fact, for errors
 * @returns `undefined` if it is absent
 * @throws {FactError}
 */
export function readExtraInfo(payload: Payload, name: string, catalog: Catalog): unknown {
  const extraInfo = present(payload['extraInfo']);
  if (extraInfo === undefined) return undefined;
  if (!isObject(extraInfo)) return unusable(name, 'an object');
  const copy = withoutAbsent(extraInfo);
  delete copy['apiKey'];
  // Read only if an address is: a replay may have no asset.
  const contextOf = (asset: unknown): AddressContext =>
    typeof asset === 'string' ? { chain: catalog.assets.get(asset)?.chain, asset } : {};
  convertAddresses(copy, name, {
    contextOf,
    context: () => contextOf(extraInfo['asset']),
  });
  return copy;
}

interface Conversion {
  /** How the addresses of an asset compare. */
  readonly contextOf: (asset: unknown) => AddressContext;
  /** How the addresses compare that belong to no asset of their own. */
  readonly context: () => AddressContext;
}

/** Converts, at any depth, what is under `address`, `addresses` and keys that end in `Address`. */
function convertAddresses(object: Record<string, unknown>, owner: string, conversion: Conversion): void {
  for (const key of Object.keys(object)) {
    if (key === 'address') {
      convertOnRead(object, key, owner, (value, name) => readAddress(value, name, conversion.context()));
    } else if (key === 'addresses') {
      convertOnRead(object, key, owner, (value, name) => toAddresses(value, name, conversion));
    } else {
      convertOnRead(object, key, owner, (value, name) => convertNested(value, key, name, conversion));
    }
  }
}

function convertNested(value: unknown, key: string, name: string, conversion: Conversion): unknown {
  if (Array.isArray(value)) return value.map((entry: unknown) => convertNested(entry, key, name, conversion));
  if (isObject(value)) {
    const copy = { ...value };
    convertAddresses(copy, name, conversion);
    return copy;
  }
  return typeof value === 'string' && key.endsWith('Address')
    ? readAddress(value, name, conversion.context())
    : value;
}

/** As sent, except that absent fields are left out; values inside its fields stay as they are. */
export function readExtraParameters(payload: Payload): unknown {
  const value = present(payload['extraParameters']);
  return isObject(value) ? withoutAbsent(value) : value;
}

/**
 * Properties are copied without reading them, because a replay represents fields that were not logged as getters that
 * throw.
 */
function withoutAbsent(object: Payload): Record<string, unknown> {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(object)).filter(
    ([, descriptor]) => descriptor.get !== undefined || present(descriptor.value) !== undefined,
  );
  const copy: Record<string, unknown> = {};
  for (const [property, descriptor] of properties) Object.defineProperty(copy, property, descriptor);
  return copy;
}

/** Converts a property when it is first read, so that an unusable one fails only the rules that read it. */
function convertOnRead(
  object: Record<string, unknown>,
  property: string,
  owner: string,
  convert: (value: unknown, name: string) => unknown,
): void {
  const descriptor = Object.getOwnPropertyDescriptor(object, property);
  if (descriptor === undefined) return;
  const read = (): unknown => (descriptor.get === undefined ? descriptor.value : descriptor.get.call(object));
  let converted: unknown;
  Object.defineProperty(object, property, {
    enumerable: true,
    get: () => (converted ??= convert(read(), `${owner}.${property}`)),
  });
}

/** An empty list counts as absent, as with destinations. */
function toAddresses(
  value: unknown,
  name: string,
  { contextOf, context }: Conversion,
): readonly Address[] | undefined {
  const entries = addressEntries(value);
  if (entries === undefined) {
    return unusable(name, 'a list of strings, or an object from assets to strings, or JSON of either');
  }
  const addresses = entries
    .map(({ asset, address }) =>
      readAddress(address, name, asset === undefined ? context() : contextOf(asset)),
    )
    .filter((address) => address !== undefined);
  return addresses.length === 0 ? undefined : addresses;
}

/** An address of `extraInfo.addresses`, with its asset if it is named. */
interface AddressEntry {
  readonly asset?: string;
  readonly address: string | null;
}

/**
 * The entries of `extraInfo.addresses`. Fireblocks documents a string that contains JSON, an object from asset to
 * address; a list and an object are accepted as well.
 * @returns `undefined` for any other form
 */
export function addressEntries(value: unknown): readonly AddressEntry[] | undefined {
  if (typeof value === 'string' && value.trim() !== '') {
    const parsed = parseFlatJson(value);
    return typeof parsed === 'object' ? addressEntries(parsed) : undefined;
  }
  if (present(value) === undefined || typeof value === 'string') return [];
  if (isObject(value)) {
    const entries = Object.entries(value);
    return entries.every((entry): entry is [string, string | null] => isStringOrNull(entry[1]))
      ? entries.map(([asset, address]) => ({ asset, address }))
      : undefined;
  }
  const entries: unknown[] = Array.isArray(value) ? value : [value];
  return entries.every(isStringOrNull) ? entries.map((address) => ({ address })) : undefined;
}

function isStringOrNull(value: unknown): value is string | null {
  return typeof value === 'string' || value === null;
}

/**
 * Parses a list of strings, or an object with strings. JSON with a duplicate key is refused, because the parser would
 * drop one of the two values.
 * @returns `undefined` if it is not JSON or has a duplicate key
 */
function parseFlatJson(json: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return value;
  const strings = json.match(/"(?:[^"\\]|\\.)*"/g)?.length ?? 0;
  const values = Object.values(value);
  return strings === values.length + values.filter((entry) => typeof entry === 'string').length
    ? value
    : undefined;
}
