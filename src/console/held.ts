// Reads the requests that wait for people, and where each stands now.
import type { Signed } from '../chain/read.js';
import { type HeldState, readHeld, readWaiting } from '../memory/held.js';
import { type Decided, readPeople } from '../memory/people.js';
import { askedOf, hashOf, questionOf, recall, withVotes } from '../memory/recall.js';
import type { Memory } from '../policy/evaluate/memory.js';
import { explain, type Explanation } from '../policy/evaluate/explain.js';
import { type Policy, signedBy } from '../policy/evaluate/rules.js';
import type { CallbackRequest } from '../protocol/request.js';
import { heldKey, heldPartition, WAITING } from '../store/keys.js';
import type { DecisionRecord } from '../store/record.js';
import type { Item } from '../store/table.js';
import type { ConsoleContext } from './page-context.js';
import { readDecision, requestOf } from './records.js';

/** A request that was held. */
export interface Held {
  /** See `heldHash`. */
  readonly hash: string;
  readonly state: HeldState;
  readonly record: DecisionRecord;
  readonly request: CallbackRequest;
}

/** And what would be decided if the Co-signer asked now. */
export interface Standing extends Held {
  readonly policy: Policy;
  readonly now: Date;
  readonly signed: Signed | undefined;
  readonly memory: Memory;
  readonly people: Decided;
  readonly explanation: Explanation;
}

export interface WaitingPage {
  /** Newest first. */
  readonly held: readonly Held[];
  /** Where the next page begins; absent on the last one. */
  readonly next: string | undefined;
}

/** How many requests a page shows. */
export const PAGE_SIZE = 20;

/** @param before what `next` of the page before was @throws {StoreError} */
export async function waitingPage(context: ConsoleContext, before: string | undefined): Promise<WaitingPage> {
  const items: Item[] = [];
  const query = { reverse: true, limit: PAGE_SIZE + 1, ...(before !== undefined && { to: before }) };
  for await (const item of context.table.query(WAITING, query)) items.push(item);
  const held = await Promise.all(items.slice(0, PAGE_SIZE).map((item) => heldBy(context, item)));
  return { held: held.filter((each) => each !== undefined), next: items[PAGE_SIZE]?.sort };
}

async function heldBy(context: ConsoleContext, item: Item): Promise<Held | undefined> {
  const { kind, requestId, hash } = readWaiting(item.data);
  const [held] = await context.table.read([heldKey(kind, requestId, hash)]);
  return held && heldIn(context, held);
}

async function heldIn(context: ConsoleContext, item: Item): Promise<Held | undefined> {
  const state = readHeld(item.data);
  const record = await readDecision(context, state.record);
  const request = record && requestOf(record);
  return record && request && { hash: item.sort, state, record, request };
}

/**
 * @param hash which of the requests with this id; absent: the one that was held last
 * @throws {StoreError}
 */
export async function heldRequest(
  context: ConsoleContext,
  requestId: string,
  hash?: string,
): Promise<Held | undefined> {
  let newest: { readonly item: Item; readonly since: number } | undefined;
  for (const kind of ['transaction', 'configuration'] as const) {
    for await (const item of context.table.query(heldPartition(kind, requestId), { limit: 50 })) {
      const { since } = readHeld(item.data);
      const isWanted = hash === undefined || hash === item.sort;
      if (isWanted && (newest === undefined || since > newest.since)) newest = { item, since };
    }
  }
  return newest && heldIn(context, newest.item);
}

/** Nothing was written by this process. */
const NO_HEAD = { key: undefined, isCurrent: () => true };

/** Reads what the handler would, and decides as it would. @throws {StoreError} */
export async function standingOf(context: ConsoleContext, held: Held): Promise<Standing> {
  const { table, origin } = context;
  const policy = context.policy.current;
  const now = context.now();
  const { request } = held;
  const asked = askedOf(request);
  const signed = signedBy(policy, request);
  const question = questionOf(policy, request, now, signed);
  const recalled = await recall(table, asked, question, NO_HEAD);
  const { approvers } = question;
  const sought = { policy, approvers, hash: hashOf(asked), origin };
  const people = await readPeople(table, sought, () => undefined);
  const memory = withVotes(recalled.memory, people.votes);
  const explanation = explain(policy, request, now, signed, memory);
  return { ...held, policy, now, signed, memory, people, explanation };
}
