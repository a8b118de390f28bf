// Requests of a transaction, for the tests of what is remembered.
import { essentialsOf, type Essentials } from '../../src/chain/essentials.js';
import type { Catalog } from '../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../src/chain/default-catalog.js';
import { type CallbackRequest, parseRequest } from '../../src/protocol/request.js';
import type { Payload } from '../../cli/cosigner/request.js';

/** @param payload as sent: it is serialized and parsed */
export function asSent(payload: Payload): CallbackRequest {
  return parseRequest(JSON.parse(JSON.stringify(payload)));
}

export function essentials(payload: Payload, catalog: Catalog = DEFAULT_CATALOG): Essentials {
  return essentialsOf(asSent({ requestId: 'r', ...payload }), catalog);
}
