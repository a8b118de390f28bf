// What the facts of a request are read from: the request, what it signs, and what the policy says about its asset.
import type { Asset, Catalog } from '../../chain/catalog.js';
import type { Signed } from '../../chain/read.js';
import { type CallbackRequest, DEFAULT_OPERATION, isObject, present } from '../../protocol/request.js';
import type { AddressContext, HasPayload, Payload } from './fact.js';

/** Parts of a decision that facts are read from. */
export interface FactSources {
  readonly request: CallbackRequest;
  /** For a transaction: what it signs. */
  readonly signed?: Signed | undefined;
  readonly catalog: Catalog;
}

export interface Subject extends FactSources, HasPayload {
  /** What the policy says about the transaction's asset. */
  readonly asset: Asset | undefined;
}

/** One destination, and the transaction that it belongs to. */
export interface DestinationSubject extends HasPayload {
  readonly transaction: Subject;
}

export function subjectOf(sources: FactSources): Subject {
  const { payload } = sources.request;
  const id = present(payload['asset']);
  const asset = typeof id === 'string' ? sources.catalog.assets.get(id) : undefined;
  const addresses: AddressContext = { chain: asset?.chain, asset: typeof id === 'string' ? id : undefined };
  return { ...sources, payload, asset, addresses };
}

/** Whether it is a transfer: its `destAddress` is then another name for its only destination. */
export function isTransfer({ operation }: Payload): boolean {
  return (present(operation) ?? DEFAULT_OPERATION) === DEFAULT_OPERATION;
}

/** The destinations, as far as they are usable. */
export function destinationsOf({ destinations }: Payload): readonly Payload[] {
  return Array.isArray(destinations) ? destinations.filter(isObject) : [];
}

/** With several destinations, `destType` and the like describe one of them at most. Unusable ones may be several. */
export function hasSeveralDestinations({ destinations }: Payload): boolean {
  return Array.isArray(destinations) ? destinations.length > 1 : present(destinations) !== undefined;
}
