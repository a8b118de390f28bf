// `config.extraInfo` and `tx.extraParameters`: objects whose fields depend on the type of request.
import { isObject, present } from '../../protocol/request.js';
import type { Address } from './address.js';
import { type Payload, readAddress, unusable } from './fact.js';

/**
 * Returns a copy in which `address` and `addresses` are compared as addresses, without the secret `apiKey` and without
 * absent fields.
 * @param name name of the fact, for errors
 * @returns `undefined` if it is absent
 * @throws {FactError}
 */
export function readExtraInfo(payload: Payload, name: string): unknown {
  const extraInfo = present(payload['extraInfo']);
  if (extraInfo === undefined) return undefined;
  if (!isObject(extraInfo)) return unusable(name, 'an object');
  const copy = withoutAbsent(extraInfo);
  delete copy['apiKey'];
  convertOnRead(copy, 'address', name, readAddress);
  convertOnRead(copy, 'addresses', name, toAddresses);
  return copy;
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
function toAddresses(value: unknown, name: string): readonly Address[] | undefined {
  const entries = addressEntries(value);
  if (entries === undefined) {
    return unusable(name, 'a list of strings, or an object from assets to strings, or JSON of either');
  }
  const addresses = entries
    .map((entry) => readAddress(entry, name))
    .filter((address) => address !== undefined);
  return addresses.length === 0 ? undefined : addresses;
}

/**
 * The entries of `extraInfo.addresses`. Fireblocks documents a string that contains JSON, an object from asset to
 * address; a list and an object are accepted as well.
 * @returns strings and nulls; `undefined` for any other form
 */
export function addressEntries(value: unknown): readonly (string | null)[] | undefined {
  if (typeof value === 'string' && value.trim() !== '') {
    const parsed = parseFlatJson(value);
    return typeof parsed === 'object' ? addressEntries(parsed) : undefined;
  }
  if (present(value) === undefined || typeof value === 'string') return [];
  const entries: unknown[] = Array.isArray(value) ? value : isObject(value) ? Object.values(value) : [value];
  return entries.every((entry) => typeof entry === 'string' || entry === null) ? entries : undefined;
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
