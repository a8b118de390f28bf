// Reads what a decision needs to know of earlier ones: one consistent read of a few items.
import { heldHash } from '../approvals/held-request.js';
import type { Vote } from '../approvals/quorum.js';
import { essentialsOf, type Essentials } from '../chain/essentials.js';
import type { Signed } from '../chain/read.js';
import type { Memory, StoredExpected } from '../policy/evaluate/memory.js';
import type { Policy } from '../policy/evaluate/rules.js';
import { expectedIds } from '../policy/facts/expected.js';
import { proofOf } from '../policy/facts/initiator.js';
import { claimsOf } from '../policy/limits/claims.js';
import { counterFromJson } from '../policy/limits/counter-json.js';
import { type Claim, type Counter, counterId, type Share } from '../policy/limits/counter.js';
import { contentHash } from '../protocol/content.js';
import { type CallbackRequest, isSigning } from '../protocol/request.js';
import type { HeadCheck } from '../store/journal.js';
import { answerKey, counterKey, expectedKey, heldKey, subjectKey, useKey } from '../store/keys.js';
import type { Item, Key, Table } from '../store/table.js';
import { type HeldState, readHeld } from './held.js';
import { subjectId } from './subject-id.js';
import { boundTo, type Relation, relate, sharesOf, type SubjectState, votesFor } from './transaction.js';
import { subjectFromData } from './transaction-data.js';

/** A request, and where it stands. */
export interface Asked {
  readonly request: CallbackRequest;
  readonly stage: 'approval' | 'signing';
  /** SHA-256 of its content. */
  readonly content: string;
  /** See `subjectId`. */
  readonly subject: string;
}

/** @throws {Refusal} if the request is nested too deeply */
export function askedOf(request: CallbackRequest): Asked {
  return {
    request,
    stage: isSigning(request) ? 'signing' : 'approval',
    content: contentHash(request.payload),
    subject: subjectId(request),
  };
}

/** What a policy asks the store about a request. */
export interface Question {
  readonly claims: readonly Claim[];
  readonly expectedIds: readonly string[];
  /** The proof of the initiator. */
  readonly proof: string | undefined;
  readonly essentials: Essentials;
  readonly now: Date;
  /** Keys of all who decide about what the policy holds. Empty: it holds nothing. */
  readonly approvers: readonly string[];
}

export interface Recalled {
  /** The stored answer to this very request, unverified. */
  readonly answer: Item | undefined;
  /** Whether the store has everything that this process wrote. */
  readonly isCurrent: boolean;
  readonly state: SubjectState;
  readonly relation: Relation;
  /** `undefined`: the request was not held before. */
  readonly held: HeldState | undefined;
  /** Without people's votes, which are read only if they are needed: see `readPeople`. */
  readonly memory: Memory;
  /** @returns the version of an item that was read, 0 if it does not exist */
  readonly versionOf: (key: Key) => number;
}

export function questionOf(
  policy: Policy,
  request: CallbackRequest,
  now: Date,
  signed: Signed | undefined,
): Question {
  const { claims } = claimsOf(policy, request, now, signed);
  return {
    claims,
    expectedIds: policy.readsExpected ? expectedIds(request) : [],
    proof: proofOf(policy, request),
    essentials: essentialsOf(request, policy.catalog),
    now,
    approvers: [...new Set([...policy.holds.values()].flatMap((hold) => hold.of))],
  };
}

/** The hash that stands for a request when people decide about it. */
export function hashOf({ request: { kind, requestId }, stage, content }: Asked): string {
  return heldHash({ kind, requestId, stage, content });
}

export function heldKeyOf(asked: Asked): Key {
  const { kind, requestId } = asked.request;
  return heldKey(kind, requestId, hashOf(asked));
}

/** @throws {StoreError} @throws {Error} if an item is malformed */
export async function recall(
  table: Table,
  asked: Asked,
  question: Question,
  head: HeadCheck,
): Promise<Recalled> {
  const { request, stage, content, subject } = asked;
  const { claims, expectedIds: ids, proof } = question;
  const found = new Found(table);
  const keys = {
    answer: answerKey(request.kind, request.requestId, stage, content),
    subject: subjectKey(subject),
    counters: claims.map(({ limit, key }) => counterKey(limit, key)),
    expected: ids.flatMap((id) => [expectedKey(id), useKey('expected', id)]),
    proof: proof === undefined ? [] : [useKey('proof', proof)],
    held: question.approvers.length === 0 ? [] : [heldKeyOf(asked)],
    head: head.key === undefined ? [] : [head.key],
  };
  await found.read(Object.values(keys).flat());
  const related = relatedIn(found, asked, question);
  // A policy that has changed since counts elsewhere.
  const shares = sharesOf(related.state, related.relation);
  await found.read(shares.map(({ limit, key }) => counterKey(limit, key)));
  return {
    answer: found.get(keys.answer),
    isCurrent: head.key === undefined || head.isCurrent(found.get(head.key)),
    ...recalledFrom(found, asked, question, related),
  };
}

/** What was read, by key. */
export interface Items {
  get(key: Key): Item | undefined;
}

type Related = Pick<Recalled, 'state' | 'relation'>;

/** What was approved before, and what the request is to it. @throws {Error} if an item is malformed */
export function relatedIn(items: Items, { request, subject }: Asked, { essentials }: Question): Related {
  const state = subjectFromData(items.get(subjectKey(subject))?.data);
  return { state, relation: relate(state, request, essentials) };
}

/**
 * What a decision needs to know, as far as items say it. Pure: simulations use it as well.
 * @throws {Error} if an item is malformed
 */
export function recalledFrom(
  items: Items,
  asked: Asked,
  { claims, expectedIds: ids, proof, approvers, now }: Question,
  { state, relation }: Related,
): Pick<Recalled, 'state' | 'relation' | 'held' | 'memory' | 'versionOf'> {
  const { request, subject } = asked;
  const shares = sharesOf(state, relation);
  const heldItem = approvers.length === 0 ? undefined : items.get(heldKeyOf(asked));
  const held = heldItem === undefined ? undefined : readHeld(heldItem.data);
  return {
    state,
    relation,
    held,
    memory: {
      subject: boundTo(subject, state, relation, request),
      counters: countersOf(items, [...claims, ...shares]),
      shares,
      expected: ids.flatMap((id) => expectedIn(items, id)),
      proofUsedBy: proof === undefined ? undefined : items.get(useKey('proof', proof))?.data,
      changed: relation.kind === 'changed' ? relation.reason : undefined,
      people: { since: held && sinceOf(held, now), votes: [], carried: votesFor(state, relation) },
    },
    versionOf: (key) => items.get(key)?.version ?? 0,
  };
}

/**
 * @returns since when a hold runs, Unix time in ms. A final answer ends it: if the request must be decided anew, because
 * the callback key was rotated, as much of the hold has passed as had then
 */
function sinceOf({ since, done }: HeldState, now: Date): number {
  return done === undefined ? since : now.getTime() - (done.at - since);
}

/** A memory with what people decided about the request. */
export function withVotes(memory: Memory, votes: readonly Vote[]): Memory {
  return votes.length === 0 ? memory : { ...memory, people: { ...memory.people, votes } };
}

/** What was read from a table. */
class Found implements Items {
  readonly #table: Table;
  readonly #items = new Map<string, Item | undefined>();

  constructor(table: Table) {
    this.#table = table;
  }

  async read(keys: readonly Key[]): Promise<void> {
    const missing = new Map(keys.map((key) => [textOf(key), key]));
    for (const known of this.#items.keys()) missing.delete(known);
    if (missing.size === 0) return;
    const items = await this.#table.read([...missing.values()]);
    for (const [place, text] of [...missing.keys()].entries()) this.#items.set(text, items[place]);
  }

  get(key: Key): Item | undefined {
    return this.#items.get(textOf(key));
  }
}

function textOf({ partition, sort }: Key): string {
  return `${partition}\n${sort}`;
}

function countersOf(items: Items, of: readonly (Claim | Share)[]): ReadonlyMap<string, Counter> {
  const counters = new Map<string, Counter>();
  for (const each of of) {
    const item = items.get(counterKey(each.limit, each.key));
    if (item !== undefined) counters.set(counterId(each), counterFromJson(JSON.parse(item.data)));
  }
  return counters;
}

function expectedIn(items: Items, id: string): readonly StoredExpected[] {
  const item = items.get(expectedKey(id));
  if (item === undefined) return [];
  return [{ id, data: item.data, usedBy: items.get(useKey('expected', id))?.data }];
}
