// Requests that sign typed messages.
import { readTypedMessage } from '../../../src/chain/evm/typed-message.js';
import type { Signing } from '../../../src/chain/signing.js';
import { CATALOG, fromHex } from './call-fixtures.js';

/** @param payloads hex @param messages each `{ type, content }` */
export function signing(payloads: readonly string[], ...messages: readonly unknown[]): Signing {
  const asset = CATALOG.assets.get('ETH');
  return {
    operation: 'TYPED_MESSAGE',
    ...(asset && { asset }),
    entries: payloads.map((payload) => ({ payload: fromHex(payload) })),
    destinations: [],
    extraParameters: { rawMessageData: { messages } },
    catalog: CATALOG,
  };
}

export function read(content: unknown, payload?: string) {
  return readTypedMessage(signing(payload === undefined ? [] : [payload], { type: 'EIP712', content }));
}

/** A message with one field of a type. */
export function single(type: string, value: unknown, domain: object = { chainId: 1 }) {
  const types = { Single: [{ name: 'value', type }] };
  return { types, primaryType: 'Single', domain, message: { value } };
}
