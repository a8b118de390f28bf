// `tx.expected`: the transaction that the customer's own system announced, and whether the request is that transaction.
import type { Catalog } from '../../chain/catalog.js';
import { type CallbackRequest, isObject, present } from '../../protocol/request.js';
import { type Announcement, idOf, isAnnouncement, type Malformed, readAnnouncement } from './announcement.js';
import { clock } from './clock.js';
import { type FactDefinition, FactError, type FactTable, factClass } from './fact.js';
import { describeProblem } from './form.js';
import { pays } from './payment.js';
import type { Remembered, StoredExpected } from './remembered.js';
import { isTransfer, type Subject } from './subject.js';

/** @returns the ids that a request's announcement may be stored under, each once; empty for a configuration change */
export function expectedIds({ kind, payload }: CallbackRequest): readonly string[] {
  if (kind !== 'transaction') return [];
  // In this order, because others can choose an externalTxId: what it names is used up first.
  const ids = [payload['externalTxId'], payload['txId']].map(present);
  return [...new Set(ids.filter((id): id is string => typeof id === 'string'))];
}

/** @returns the id of the stored announcement that a request matches: its approval uses it up */
export function matchedExpected(
  request: CallbackRequest,
  memory: Remembered,
  now: Date,
  catalog: Catalog,
): string | undefined {
  const matched = memory.expected.find((stored) => {
    const announcement = currentAnnouncement(stored, request, memory, now);
    return isAnnouncement(announcement) && matches(request, announcement, catalog);
  });
  return matched?.id;
}

/** Fields of `extraParameters` that say what is signed: a transfer with one of them may do more than pay. */
const SIGNED_FIELDS = ['contractCallData', 'programCallData', 'rawMessageData', 'psbt'];

/**
 * Whether a request is the announced transaction. Only a transfer can be: nothing in an announcement describes a call
 * or a message.
 */
function matches(request: CallbackRequest, announcement: Announcement, catalog: Catalog): boolean {
  const { payload } = request;
  const extraParameters = present(payload['extraParameters']) ?? {};
  const paysOnly =
    isObject(extraParameters) &&
    SIGNED_FIELDS.every((field) => present(extraParameters[field]) === undefined);
  return isTransfer(payload) && paysOnly && pays(request, announcement, catalog);
}

/**
 * @returns `undefined` if it is for another id, if another transaction used it, or if it has expired without being used
 */
function currentAnnouncement(
  { id, data, usedBy }: StoredExpected,
  { payload }: CallbackRequest,
  { subject }: Remembered,
  now: Date,
): Announcement | Malformed | undefined {
  if (usedBy !== undefined && usedBy !== subject) return undefined;
  const announcement = readAnnouncement(data);
  if (!isAnnouncement(announcement)) return announcement;
  if (idOf(announcement) !== id) {
    return { problems: [{ path: [], message: 'its id is not the one that it is stored under' }] };
  }
  const { externalTxId, txId, expires } = announcement;
  // An externalTxId could be made to equal the txId of another transaction.
  if (externalTxId !== undefined ? payload['externalTxId'] !== externalTxId : payload['txId'] !== txId) {
    return undefined;
  }
  const isExpired = usedBy === undefined && expires !== undefined && now >= expires;
  return isExpired ? undefined : announcement;
}

interface Found {
  readonly announcement: Announcement;
  readonly matches: boolean;
}

export const EXPECTED_FACTS: FactTable<Found> = {
  matches: { type: 'bool', fields: [], read: (found) => found.matches },
  externalTxId: { type: 'string', fields: [], read: ({ announcement }) => announcement.externalTxId },
  txId: { type: 'string', fields: [], read: ({ announcement }) => announcement.txId },
  asset: { type: 'string', fields: [], read: ({ announcement }) => announcement.asset },
  amount: { type: 'Decimal', fields: [], read: ({ announcement }) => announcement.amount },
  expires: {
    type: 'google.protobuf.Timestamp',
    fields: [],
    read: ({ announcement: { expires } }) => (expires === undefined ? undefined : clock(expires)),
  },
};

export const Expected = factClass('tx.expected', EXPECTED_FACTS);

/** Absent if nothing was announced for the transaction. Of two announcements, the one that matches. */
export const expectedFact: FactDefinition<Subject> = { type: 'Expected', fields: [], read: readExpected };

/** @throws {FactError} if an announcement is malformed, or without a memory */
function readExpected(subject: Subject, name: string): InstanceType<typeof Expected> | undefined {
  const { request, memory, now, catalog } = subject;
  if (memory === undefined) throw new FactError(`${name} can’t be known without a store`);
  const found = memory.expected.flatMap((stored): Found[] => {
    const announcement = currentAnnouncement(stored, request, memory, now);
    if (announcement === undefined) return [];
    if (!isAnnouncement(announcement)) {
      const [problem] = announcement.problems.map(describeProblem);
      throw new FactError(`${name} can’t be known: what is stored is malformed: ${problem ?? ''}`);
    }
    return [{ announcement, matches: matches(request, announcement, catalog) }];
  });
  const chosen = found.find((each) => each.matches) ?? found[0];
  return chosen === undefined ? undefined : new Expected(chosen);
}
