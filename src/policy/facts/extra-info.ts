// `config.extraInfo`: an object whose fields depend on the type of configuration change.
import { isObject } from '../../protocol/request.js';
import { Address } from './address.js';
import { type Payload, unusable } from './fact.js';

/**
 * Returns a copy in which `address` and `addresses` are compared as addresses, without the secret `apiKey`.
 * @param name name of the fact, for errors
 * @returns `undefined` if it is absent
 * @throws {FactError}
 */
export function readExtraInfo(payload: Payload, name: string): unknown {
  const extraInfo = payload['extraInfo'] ?? undefined;
  if (extraInfo === undefined) return undefined;
  if (!isObject(extraInfo)) return unusable(name, 'an object');
  // Properties are copied without reading them, because a replay represents fields that were not logged as getters that
  // throw.
  const copy: Record<string, unknown> = Object.defineProperties(
    {},
    Object.getOwnPropertyDescriptors(extraInfo),
  );
  delete copy['apiKey'];
  convertOnRead(copy, 'address', name, toAddress);
  convertOnRead(copy, 'addresses', name, toAddresses);
  return copy;
}

/** Converts a property when it is read, so that an unusable one fails only the rules that read it. */
function convertOnRead(
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
  return typeof value === 'string' ? new Address(value) : unusable(name, 'a string');
}

/** An empty list counts as absent, as with destinations. */
function toAddresses(value: unknown, name: string): readonly Address[] | undefined {
  if ((value ?? undefined) === undefined) return undefined;
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    return unusable(name, 'a list of strings');
  }
  return value.length === 0 ? undefined : value.map((entry) => new Address(entry));
}
