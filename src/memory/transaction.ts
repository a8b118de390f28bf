// What is remembered of a transaction or a configuration change, and what a new request means for it. Pure: what is read
// and written is elsewhere.
import { differenceBetween } from '../chain/difference.js';
import type { Essentials } from '../chain/essentials.js';
import type { Vote } from '../approvals/quorum.js';
import type { Share } from '../policy/limits/counter.js';
import { type CallbackRequest, isSigning } from '../protocol/request.js';

/** Empty before the first APPROVE: what was not approved binds nothing. */
export interface SubjectState {
  /** Each with another `id`. */
  readonly entries: readonly ApprovedEntry[];
}

/** A whole transaction or configuration change, or one entry of a batch, which shares its `txId` with the others. */
export interface ApprovedEntry {
  /** The `requestId` if it is the `txId` and a batch suffix; otherwise empty. */
  readonly id: string;
  /** The `requestId` of the first approval that was approved; absent if only the signing was. */
  readonly approvedAs?: string;
  /** The `requestId` whose signing was approved; absent if none was yet. */
  readonly signedAs?: string;
  /** What was approved; after the signing, what was signed. */
  readonly essentials: Essentials;
  /** What it has in the counters of limits. */
  readonly shares: readonly Share[];
  /** When it was approved last, in ms since 1970. */
  readonly at: number;
  /** What people approved at the approval; absent if a rule alone did. It counts for the signing as well. */
  readonly held?: HeldApproval;
}

export interface HeldApproval {
  /** The name of the hold. */
  readonly hold: string;
  /** The approvals that were counted. */
  readonly votes: readonly Vote[];
}

export const NOTHING_APPROVED: SubjectState = { entries: [] };

/**
 * - `new`: nothing that was approved concerns the request.
 * - `known`: it is the approved entry at a place in `entries`.
 * - `changed`: it is not what was approved. The reason is for people, and has no secrets.
 */
export type Relation =
  | { readonly kind: 'new' }
  | { readonly kind: 'known'; readonly place: number }
  | { readonly kind: 'changed'; readonly reason: string };

/** A relation that may be approved. */
export type Approvable = Exclude<Relation, { readonly kind: 'changed' }>;

const NEW: Relation = { kind: 'new' };

/**
 * What a request means for what was approved.
 *
 * An approval must equal the approved entry with the same id; another batch suffix is another entry. A signing must equal
 * an entry that is not signed yet, or that was signed under the same `requestId`: of two equal entries, each can be signed
 * once. A request that was signed stays what it was. Only where no approval was ever approved, a signing is an entry of
 * its own.
 */
export function relate(state: SubjectState, request: CallbackRequest, essentials: Essentials): Relation {
  if (state.entries.length === 0) return NEW;
  return isSigning(request)
    ? relateSigning(state, request, essentials)
    : relateApproval(state, request, essentials);
}

function relateApproval(
  { entries }: SubjectState,
  request: CallbackRequest,
  essentials: Essentials,
): Relation {
  const id = entryId(request);
  const place = entries.findIndex((entry) => entry.id === id);
  const approved = entries[place];
  if (approved === undefined) return NEW;
  const reason = differenceBetween(approved.essentials, essentials);
  return reason === undefined ? { kind: 'known', place } : { kind: 'changed', reason };
}

function relateSigning(
  { entries }: SubjectState,
  request: CallbackRequest,
  essentials: Essentials,
): Relation {
  const { requestId } = request;
  const id = entryId(request);
  const own = entries.filter(({ signedAs }) => signedAs === requestId);
  const candidates = own.length > 0 ? own : entries;
  const equal = candidates.filter((entry) => differenceBetween(entry.essentials, essentials) === undefined);
  const open = equal.filter(({ signedAs }) => signedAs === undefined || signedAs === requestId);
  const entry = open.find(({ approvedAs }) => approvedAs === requestId) ?? open[0];
  if (entry !== undefined) return { kind: 'known', place: entries.indexOf(entry) };
  const isOnlySigned = entries.every(({ approvedAs }) => approvedAs === undefined);
  if (isOnlySigned && !entries.some((other) => other.id === id)) return NEW;
  const [signed] = equal;
  if (signed !== undefined) {
    return { kind: 'changed', reason: `it was signed already, as request ${signed.signedAs}` };
  }
  return { kind: 'changed', reason: differenceFrom(candidates, id, essentials) };
}

/** @param entries none of which equals the request */
function differenceFrom(entries: readonly ApprovedEntry[], id: string, essentials: Essentials): string {
  const nearest = entries.find((entry) => entry.id === id) ?? entries[0];
  const difference = nearest && differenceBetween(nearest.essentials, essentials);
  if (entries.length === 1) return difference ?? '';
  return `it is none of the ${entries.length} approved entries of its batch; compared with one of them, ${difference}`;
}

/**
 * The state after the request is approved.
 * @param relation see `relate`
 * @param shares what the entry has in counters now
 * @param at in ms since 1970
 * @param held if people approved it
 */
export function approve(
  { entries }: SubjectState,
  relation: Approvable,
  request: CallbackRequest,
  essentials: Essentials,
  shares: readonly Share[],
  at: number,
  held?: HeldApproval,
): SubjectState {
  const { requestId } = request;
  const byPeople = held !== undefined && { held };
  const isSigned = isSigning(request);
  const entry = relation.kind === 'known' ? entries[relation.place] : undefined;
  if (entry === undefined) {
    const as = isSigned ? { signedAs: requestId } : { approvedAs: requestId };
    return { entries: [...entries, { id: entryId(request), ...as, essentials, shares, at, ...byPeople }] };
  }
  const approved: ApprovedEntry = isSigned
    ? { ...entry, signedAs: requestId, essentials: { ...entry.essentials, ...essentials } }
    : { ...entry, approvedAs: entry.approvedAs ?? requestId };
  return { entries: entries.with(entries.indexOf(entry), { ...approved, shares, at, ...byPeople }) };
}

/**
 * The state after a policy rejected the request. A transaction whose signing is rejected before any was approved fails
 * for good, and has no share of a limit any more.
 */
export function reject(state: SubjectState, relation: Relation, request: CallbackRequest): SubjectState {
  const entry = relation.kind === 'known' ? state.entries[relation.place] : undefined;
  if (entry === undefined || !isSigning(request) || entry.signedAs !== undefined) return state;
  if (entry.shares.length === 0) return state;
  return { entries: state.entries.with(state.entries.indexOf(entry), { ...entry, shares: [] }) };
}

/** What people approved of the entry that the request is. */
export function votesFor({ entries }: SubjectState, relation: Relation): readonly Vote[] {
  return relation.kind === 'known' ? (entries[relation.place]?.held?.votes ?? []) : [];
}

/** What the entry that the request is has in counters. */
export function sharesOf({ entries }: SubjectState, relation: Relation): readonly Share[] {
  return relation.kind === 'known' ? (entries[relation.place]?.shares ?? []) : [];
}

/**
 * What announced transactions and proofs are bound to. Of a batch it is the entry, so that each entry needs its own.
 * @param subject see `subjectId`
 */
export function boundTo(
  subject: string,
  { entries }: SubjectState,
  relation: Relation,
  request: CallbackRequest,
): string {
  const id = relation.kind === 'known' ? (entries[relation.place]?.id ?? '') : entryId(request);
  return id === '' ? subject : `transaction:${id}`;
}

function entryId({ requestId, payload }: CallbackRequest): string {
  const txId = payload['txId'];
  const hasSuffix =
    typeof txId === 'string' && txId !== '' && requestId.startsWith(txId) && requestId !== txId;
  return hasSuffix ? requestId : '';
}
