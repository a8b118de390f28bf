// Reads the requests that wait for people, and what people have decided about them so far.
import { readSignedDecision, type SignedDecision } from '../../src/approvals/signed-decision.js';
import type { Verdict } from '../../src/approvals/statement.js';
import { type Summary, summaryOf } from '../../src/console/notify/summary.js';
import { holdExpiryOf } from '../../src/console/notify/waiting-list.js';
import { readDecision, requestOf } from '../../src/console/records.js';
import { type HeldState, readHeld, readWaiting, type Waiting } from '../../src/memory/held.js';
import { voteOf } from '../../src/memory/people.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { heldKey, personKey, WAITING } from '../../src/store/keys.js';
import type { Item } from '../../src/store/table.js';
import type { AuditedStore } from '../audit/store.js';
import { type FindPolicy, keptPolicies } from '../audit/verify/policies.js';

/** What a person has decided, as it is stored. */
export interface ListedDecision {
  readonly approver: string;
  /** Absent if it is malformed. */
  readonly verdict?: Verdict;
  readonly reason?: string;
  /** When the console stored it, by its own clock. ISO 8601 in UTC. */
  readonly at?: string;
  /** Why it does not count; absent: a passkey of the approver has signed it. */
  readonly problem?: string;
}

export interface ListedRequest extends Waiting {
  readonly held: HeldState;
  /** Until when people can decide, Unix time in ms. */
  readonly expires: number | undefined;
  readonly summary: Summary;
  /** How many approvals it takes; `undefined` if the policy is not kept. */
  readonly quorum: number | undefined;
  readonly decisions: readonly ListedDecision[];
}

/** Whoever serves the console can store decisions: so many are shown. */
const MAX_DECISIONS = 50;
const NO_POLICY = 'the policy under which it was held can’t be had';

/** Yields them, the newest first; without what is answered meanwhile. @throws {StoreError} */
export async function* waitingRequests(store: AuditedStore): AsyncGenerator<ListedRequest> {
  const findPolicy = keptPolicies(store.blobs);
  for await (const item of store.table.query(WAITING, { reverse: true })) {
    const request = await listed(store, item, findPolicy);
    if (request !== undefined) yield request;
  }
}

async function listed(
  store: AuditedStore,
  item: Item,
  findPolicy: FindPolicy,
): Promise<ListedRequest | undefined> {
  const waiting = readWaiting(item.data);
  const [heldItem] = await store.table.read([heldKey(waiting.kind, waiting.requestId, waiting.hash)]);
  const held = heldItem && readHeld(heldItem.data);
  if (held === undefined || held.done !== undefined) return undefined;
  const record = await readDecision(store, held.record);
  const found = record === undefined ? NO_POLICY : await findPolicy(record);
  const policy = typeof found === 'string' ? undefined : found;
  return {
    ...{ ...waiting, held, expires: holdExpiryOf(item) },
    summary: summaryOf(record && requestOf(record)),
    quorum: policy?.holds.get(held.hold)?.quorum,
    decisions: await decisionsOn(store, waiting.hash, policy),
  };
}

async function decisionsOn(
  { table }: AuditedStore,
  hash: string,
  policy: Policy | undefined,
): Promise<readonly ListedDecision[]> {
  const decisions: ListedDecision[] = [];
  for await (const { sort, data } of table.query(personKey(hash, '-').partition, { limit: MAX_DECISIONS })) {
    decisions.push(await checked(sort, data, hash, policy));
  }
  return decisions;
}

async function checked(
  approver: string,
  data: string,
  hash: string,
  policy: Policy | undefined,
): Promise<ListedDecision> {
  const decision = readSignedDecision(data);
  if ('problem' in decision) return { approver, problem: decision.problem };
  const { verdict, reason, at } = decision;
  const said = { approver, verdict, at, ...(reason !== undefined && { reason }) };
  if (policy === undefined) return { ...said, problem: NO_POLICY };
  const origin = claimedOrigin(decision);
  const vote = await voteOf(decision, approver, { policy, hash, origin });
  return 'problem' in vote ? { ...said, problem: vote.problem } : said;
}

/**
 * The console's origin is not stored, so what the browser says is taken: a passkey signs only for pages of its own rpId.
 * The handler compares it with CONSOLE_ORIGIN.
 */
function claimedOrigin({ assertion }: SignedDecision): string | undefined {
  try {
    const text = Buffer.from(assertion.response.clientDataJSON, 'base64url').toString();
    const { origin } = JSON.parse(text) as { readonly origin?: unknown };
    return typeof origin === 'string' ? origin : undefined;
  } catch {
    return undefined;
  }
}
