// What is known of one request: its answers, what held it, and who decided.
import * as z from 'zod';
import { readSignedDecision, type SignedDecision } from '../../approvals/signed-decision.js';
import { type HeldState, readHeld } from '../../memory/held.js';
import { NOTHING_APPROVED, type SubjectState } from '../../memory/transaction.js';
import { subjectFromData } from '../../memory/transaction-data.js';
import type { CallbackRequest, Kind } from '../../protocol/request.js';
import type { RecordPlace } from '../../store/journal.js';
import { answerKey, heldPartition, subjectKey } from '../../store/keys.js';
import type { DecisionRecord } from '../../store/record.js';
import { readDecision, requestOf, type RecordStore } from '../records.js';
import type { Decided } from './read.js';

export interface Story {
  readonly requestId: string;
  readonly kind: Kind;
  /** Oldest first: the first try of what was held, and each final answer. */
  readonly records: readonly Decided[];
  readonly holds: readonly HeldState[];
  /** Whether a record that an answer has is gone. */
  readonly isIncomplete: boolean;
  /** Ids of the other requests of its transaction. */
  readonly related: readonly string[];
  /** As it was asked last; absent if it can't be read. */
  readonly request: CallbackRequest | undefined;
}

const KINDS: readonly Kind[] = ['transaction', 'configuration'];
/** How many answers, and how many held requests, of one id are read. */
const MAX_ITEMS = 50;

/** The MAC is not verified, because only the handler has the key: the record is what proves an answer. */
const ANSWER = z.object({ record: z.object({ writer: z.string(), sequence: z.int() }) });

/**
 * @param place of a record, as the history has it: for a request that has no final answer
 * @returns `undefined` if nothing is known of the request
 * @throws {StoreError}
 */
export async function readStory(
  store: RecordStore,
  requestId: string,
  place?: RecordPlace,
): Promise<Story | undefined> {
  const stories = await Promise.all(KINDS.map((kind) => storyOf(store, kind, requestId, place)));
  return stories.find((story) => story !== undefined);
}

async function storyOf(
  store: RecordStore,
  kind: Kind,
  requestId: string,
  place: RecordPlace | undefined,
): Promise<Story | undefined> {
  const [answers, holds] = await Promise.all([
    answersOf(store, kind, requestId),
    holdsOf(store, kind, requestId),
  ]);
  const places = [...holds.map(({ record }) => record), ...answers, ...(place === undefined ? [] : [place])];
  const unique = [...new Map(places.map((each) => [`${each.writer}:${each.sequence}`, each])).values()];
  const read = await Promise.all(
    unique.map(async ({ writer, sequence }) => {
      const record = await readDecision(store, { writer, sequence });
      return record && { writer, sequence, record };
    }),
  );
  const records = read
    .filter((each) => each !== undefined)
    .filter(({ record }) => record.requestId === requestId && record.kind === kind)
    .sort((a, b) => Date.parse(a.record.at) - Date.parse(b.record.at));
  const last = records.at(-1)?.record;
  if (last === undefined && holds.length === 0 && answers.length === 0) return undefined;
  return {
    ...{ requestId, kind, records, holds, isIncomplete: read.includes(undefined) },
    related: await relatedTo(store, requestId, last),
    request: last && requestOf(last),
  };
}

async function answersOf({ table }: RecordStore, kind: Kind, requestId: string): Promise<RecordPlace[]> {
  const { partition } = answerKey(kind, requestId, '', '');
  const places: RecordPlace[] = [];
  for await (const { data } of table.query(partition, { limit: MAX_ITEMS })) {
    const answer = ANSWER.safeParse(jsonIn(data)).data;
    if (answer !== undefined) places.push(answer.record);
  }
  return places;
}

async function holdsOf({ table }: RecordStore, kind: Kind, requestId: string): Promise<HeldState[]> {
  const holds: HeldState[] = [];
  for await (const { data } of table.query(heldPartition(kind, requestId), { limit: MAX_ITEMS })) {
    holds.push(readHeld(data));
  }
  return holds;
}

/** The approval of a signing, the signing of an approval, and the others of a batch. */
async function relatedTo(
  { table }: RecordStore,
  requestId: string,
  record: DecisionRecord | undefined,
): Promise<readonly string[]> {
  if (record?.kind !== 'transaction' || record.txId === undefined) return [];
  const [item] = await table.read([subjectKey(`transaction:${record.txId}`)]);
  const { entries } = stateIn(item?.data);
  const ids = entries.flatMap(({ approvedAs, signedAs }) => [approvedAs, signedAs]);
  return [...new Set(ids.filter((id) => id !== undefined && id !== requestId))] as string[];
}

/** What can't be read leads nowhere. */
function stateIn(data: string | undefined): SubjectState {
  try {
    return subjectFromData(data);
  } catch {
    return NOTHING_APPROVED;
  }
}

/** What people decided, as the handler recorded it after it had verified each. */
export function decisionsIn(records: readonly Decided[]): readonly SignedDecision[] {
  const decisions = new Map<string, SignedDecision>();
  for (const stored of records.flatMap(({ record }) => record.people?.decisions ?? [])) {
    const decision = readSignedDecision(JSON.stringify(stored));
    if (!('problem' in decision)) decisions.set(JSON.stringify([decision.approver, decision.at]), decision);
  }
  return [...decisions.values()];
}

function jsonIn(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}
