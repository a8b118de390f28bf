// What the facts of a request are read from: the request, what it signs, and what the policy says about its asset.
import type { KeyObject } from 'node:crypto';
import type { Asset, Catalog } from '../../chain/catalog.js';
import type { Signed } from '../../chain/read.js';
import { type CallbackRequest, DEFAULT_OPERATION, isObject, present } from '../../protocol/request.js';
import type { AddressContext, HasPayload, Payload } from './fact.js';
import type { Remembered } from './remembered.js';

/** Parts of a decision that facts are read from. */
export interface FactSources {
  readonly request: CallbackRequest;
  /** For a transaction: what it signs. */
  readonly signed?: Signed | undefined;
  readonly catalog: Catalog;
  /** The public keys of those whose signatures prove that they initiated a transaction, keyed by name. @default none */
  readonly initiators?: Initiators;
  /** Without it, facts about earlier decisions and announced transactions can't be used. */
  readonly memory?: Remembered | undefined;
}

export type Initiators = ReadonlyMap<string, KeyObject>;

export interface Subject extends FactSources, HasPayload {
  /** The time of the decision. */
  readonly now: Date;
  /** What the policy says about the transaction's asset. */
  readonly asset: Asset | undefined;
}

/** One destination, and the transaction that it belongs to. */
export interface DestinationSubject extends HasPayload {
  readonly transaction: Subject;
}

export function subjectOf(sources: FactSources, now: Date): Subject {
  const { payload } = sources.request;
  const id = present(payload['asset']);
  const asset = typeof id === 'string' ? sources.catalog.assets.get(id) : undefined;
  const addresses: AddressContext = { chain: asset?.chain, asset: typeof id === 'string' ? id : undefined };
  return { ...sources, now, payload, asset, addresses };
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
