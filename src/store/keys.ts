// The keys of everything that is stored. A prefix for each kind, so that permissions can be given by prefix
// (`dynamodb:LeadingKeys`).
import { createHash } from 'node:crypto';
import type { Kind } from '../protocol/request.js';
import type { Key } from './table.js';

/** The sort key of items that are alone in their partition. */
export const ALONE = '-';

/** Longer parts of keys are replaced by their SHA-256, and so are those that are not Unicode. */
const MAX_PART_BYTES = 300;

/** A final answer: one for each content that was sent under the same id at the same stage. */
export function answerKey(kind: Kind, requestId: string, stage: string, contentHash: string): Key {
  return { partition: `A#${kind}#${part(requestId)}`, sort: `${stage}#${contentHash}` };
}

/** What is known of a transaction, or of a configuration change. @param id see `subjectId` */
export function subjectKey(id: string): Key {
  return { partition: `T#${part(id)}`, sort: ALONE };
}

/** A counter of a limit. @param key the values of the limit's `per`, as one text */
export function counterKey(limit: string, key: string): Key {
  return { partition: `${COUNTER_PREFIX}${limit}#${part(key)}`, sort: ALONE };
}
export const COUNTER_PREFIX = 'L#';

/** A transaction that was announced. @param id its `externalTxId` or `txId` */
export function expectedKey(id: string): Key {
  return { partition: `${EXPECTED_PREFIX}${part(id)}`, sort: ALONE };
}
/** Your own systems may write items with this prefix, and nothing else. */
export const EXPECTED_PREFIX = 'E#';

/**
 * The transaction that used up something that can be used once: an announced transaction, or an initiator's proof. Its
 * data is the transaction's id. Not part of the announced item, which others may write.
 */
export function useKey(type: 'expected' | 'proof', id: string): Key {
  return { partition: `U#${type}#${part(id)}`, sort: ALONE };
}

/** Records are in the partition of their writer, in their order. @param sequence counted from 1 */
export function recordKey(writer: string, sequence: number): Key {
  return { partition: recordPartition(writer), sort: sequenceSort(sequence) };
}
export function recordPartition(writer: string): string {
  return `R#${writer}`;
}
export function sequenceSort(sequence: number): string {
  return String(sequence).padStart(12, '0');
}

/** Each writer's last record. */
export function headKey(writer: string): Key {
  return { partition: HEADS, sort: writer };
}
export const HEADS = 'H';

/** A part of something that is kept by its hash: a public key, a policy, a list, a large record. */
export function blobKey(sha256: string, place: number): Key {
  return { partition: `B#${sha256}`, sort: String(place).padStart(6, '0') };
}

/** A request that people decide about: one for each content that was sent under the same id. @param hash see `heldHash` */
export function heldKey(kind: Kind, requestId: string, hash: string): Key {
  return { partition: heldPartition(kind, requestId), sort: hash };
}
export function heldPartition(kind: Kind, requestId: string): string {
  return `${WAITING}#${kind}#${part(requestId)}`;
}

/** One item for each request that waits for people, in the order of time. @param since Unix time in ms */
export function waitingKey(since: number, hash: string): Key {
  return { partition: WAITING, sort: `${String(since).padStart(14, '0')}#${hash}` };
}
export const WAITING = 'W';

/** A person's decision about a held request. The console may write items with this prefix, and nothing else. */
export function personKey(hash: string, approver: string): Key {
  return { partition: `${PEOPLE_PREFIX}decision#${hash}`, sort: part(approver) };
}
export const PEOPLE_PREFIX = 'P#';

/** What the console itself remembers. */
export function consoleKey(name: string): Key {
  return { partition: `${PEOPLE_PREFIX}console`, sort: part(name) };
}

/** Whether people were notified of a held request. @param hash see `heldHash` */
export function notifiedKey(hash: string): Key {
  return { partition: `${PEOPLE_PREFIX}notified#${hash}`, sort: ALONE };
}

function part(text: string): string {
  if (Buffer.byteLength(text) <= MAX_PART_BYTES && text.isWellFormed()) return text;
  // As JSON, in which half a surrogate pair is escaped, so that no two texts have one hash.
  return `sha256:${createHash('sha256').update(JSON.stringify(text)).digest('hex')}`;
}
