// Reads and verifies what people decided about a held request. Whoever serves the console can write what is read here,
// so nothing of it counts that a passkey of the policy in force did not sign.
import type { Logger } from 'pino';
import type { Vote } from '../approvals/quorum.js';
import { readSignedDecision, type SignedDecision, verifyDecision } from '../approvals/signed-decision.js';
import type { Policy } from '../policy/evaluate/rules.js';
import { personKey } from '../store/keys.js';
import type { Check, Item, Table } from '../store/table.js';

/** Whose decisions are looked for, and what they must be about. */
export interface Sought {
  readonly policy: Pick<Policy, 'approvers'>;
  /** Keys of approvers, each once. */
  readonly approvers: readonly string[];
  /** See `heldHash`. */
  readonly hash: string;
  /** Of the console; `undefined`: no decision counts. */
  readonly origin: string | undefined;
}

/** What people decided. */
export interface Decided {
  readonly votes: readonly Vote[];
  /** The decisions that count, as they are stored. */
  readonly decisions: readonly SignedDecision[];
  /** Demands that an approver's item is still as it was read, keyed by approver. */
  readonly seen: ReadonlyMap<string, Check>;
}

export const NOBODY: Decided = { votes: [], decisions: [], seen: new Map() };

/** Why a stored decision does not count. */
export interface Unverified {
  readonly approver: string;
  readonly reason: string;
}

/**
 * @param onUnverified called for each stored decision that does not count
 * @throws {StoreError}
 */
export async function readPeople(
  table: Pick<Table, 'read'>,
  sought: Sought,
  onUnverified: (unverified: Unverified) => void,
): Promise<Decided> {
  const { approvers, hash } = sought;
  const keys = approvers.map((approver) => personKey(hash, approver));
  // A policy has fewer approvers than can be read together.
  const items = await table.read(keys);
  const seen = new Map(
    keys.map((key, place) => [
      approvers[place] ?? '',
      { type: 'check', ...key, seen: items[place]?.version ?? 0 } as const,
    ]),
  );
  const verified = await Promise.all(
    approvers.map((approver, place) => verifyItem(items[place], approver, sought)),
  );
  const counted: Counted[] = [];
  for (const result of verified) {
    if (result === undefined) continue;
    if ('vote' in result) counted.push(result);
    else onUnverified(result);
  }
  return {
    votes: counted.map(({ vote }) => vote),
    decisions: counted.map(({ decision }) => decision),
    seen,
  };
}

interface Counted {
  readonly vote: Vote;
  readonly decision: SignedDecision;
}

async function verifyItem(
  item: Item | undefined,
  approver: string,
  sought: Sought,
): Promise<Counted | Unverified | undefined> {
  if (item === undefined) return undefined;
  const decision = readSignedDecision(item.data);
  if ('problem' in decision) return { approver, reason: decision.problem };
  const vote = await voteOf(decision, approver, sought);
  return 'problem' in vote ? { approver, reason: vote.problem } : { vote, decision };
}

/**
 * Verifies a decision under a policy. Never throws.
 * @param approver whose decision it must be
 * @returns what counts, or why it does not
 */
export async function voteOf(
  decision: SignedDecision,
  approver: string,
  { policy, hash, origin }: Omit<Sought, 'approvers'>,
): Promise<Vote | { readonly problem: string }> {
  if (origin === undefined) return { problem: 'the origin of the console is not set' };
  const passkeys = policy.approvers.get(approver)?.passkeys ?? [];
  const passkey = await verifyDecision(decision, { request: hash, approver, passkeys, origin });
  if ('problem' in passkey) return passkey;
  const { verdict, reason } = decision;
  const { credentialId } = passkey;
  return { approver, verdict, credentialId, ...(reason !== undefined && { reason }) };
}

/** Logs that a stored decision does not count: it may have been planted. Never the assertion. */
export function logUnverified(log: Logger, requestId: string, { approver, reason }: Unverified): void {
  log.error(
    { event: 'decision_unverified', requestId, approver, reason },
    `a stored decision of ${approver} does not count: ${reason}`,
  );
}
