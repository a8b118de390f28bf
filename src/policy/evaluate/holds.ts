// Decides what a rule holds for people.
import { type Outcome, tally, type Vote } from '../../approvals/quorum.js';
import { type Facts, Transaction } from '../facts/facts.js';
import type { Hold, HoldReport, People } from './people.js';
import type { Policy, Rule } from './policy.js';
import type { RuleDecision } from './rule-decision.js';

/** At which people are counted. */
export interface Moment {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly facts: Facts;
  readonly people: People;
  readonly now: Date;
}

/** Maximum length of a person's reason in that of the decision, in characters. */
const MAX_REASON = 200;

type HeldDecision = Pick<RuleDecision, 'action' | 'reason' | 'hold'>;

/**
 * @returns RETRY while people decide, APPROVE with the quorum, REJECT by one of them, or what the hold says of its expiry
 * @throws {Error} if the rule holds for nothing in the policy, which no parsed policy has
 */
export function decideHeld({ policy, rule, facts, people, now }: Moment): HeldDecision {
  const hold = policy.holds.get(rule.hold ?? '');
  if (hold === undefined) throw new Error(`rule ${rule.id} has no hold`);
  const since = people.since ?? now.getTime();
  const excluded = excludedFrom(hold, facts);
  const count = (votes: readonly Vote[]): Outcome =>
    tally(
      votes.filter((vote) => isInForce(policy, vote)),
      { of: hold.of, quorum: hold.quorum, excluded },
    );
  // Nobody can have decided about what was not held before.
  const votes = people.since === undefined ? [] : people.votes;
  const outcome = count([...people.carried, ...votes]);
  const isExpired = now.getTime() >= since + hold.expiresMs;
  const report: HoldReport = {
    name: hold.name,
    state: isExpired ? 'expired' : outcome.state,
    quorum: hold.quorum,
    approvals: outcome.state === 'rejected' ? [] : outcome.approvals,
    ...(!isExpired && outcome.state === 'rejected' && { rejectedBy: outcome.by }),
    ...(excluded.length > 0 && { excluded }),
    ...(!isExpired &&
      outcome.state === 'approved' &&
      count(people.carried).state === 'approved' && { carried: true }),
    since: new Date(since).toISOString(),
    expires: new Date(since + hold.expiresMs).toISOString(),
  };
  if (isExpired) return { action: hold.onExpiry, reason: expiredText(policy, hold, report), hold: report };
  return { ...verdictOf(policy, hold, outcome, excluded), hold: report };
}

function verdictOf(
  policy: Policy,
  hold: Hold,
  outcome: Outcome,
  excluded: readonly string[],
): Pick<HeldDecision, 'action' | 'reason'> {
  const named = namesIn(policy);
  switch (outcome.state) {
    case 'rejected': {
      const reason = shortened(outcome.reason ?? '');
      return {
        action: 'REJECT',
        reason: `Rejected by ${named([outcome.by])}${reason === '' ? '.' : `: ${reason}`}`,
      };
    }
    case 'approved':
      return { action: 'APPROVE', reason: `Approved by ${named(outcome.approvals)}.` };
    case 'waiting': {
      const candidates = hold.of.filter((key) => !excluded.includes(key));
      const waiting =
        candidates.length < hold.quorum
          ? `Waiting for ${hold.quorum}, but only ${named(candidates) || 'nobody'} may approve`
          : `Waiting for ${hold.quorum} of ${named(candidates)}`;
      const { approvals } = outcome;
      return {
        action: 'RETRY',
        reason: approvals.length === 0 ? `${waiting}.` : `${waiting}: approved by ${named(approvals)}.`,
      };
    }
  }
}

function expiredText(policy: Policy, { name, quorum }: Hold, { approvals, since }: HoldReport): string {
  const by = approvals.length === 0 ? '' : ` by ${namesIn(policy)(approvals)}`;
  return `Hold ${name} has expired: ${approvals.length} of ${quorum} approvals${by} since ${since}.`;
}

/** Whether the passkey that signed is still in the policy, as one of this approver. */
function isInForce({ approvers }: Policy, { approver, credentialId }: Vote): boolean {
  const { passkeys = [] } = approvers.get(approver) ?? {};
  return passkeys.some((passkey) => passkey.credentialId === credentialId);
}

/** @returns who may not approve: those who initiated the request, or may have. */
export function excludedFrom({ notInitiator }: Hold, facts: Facts): readonly string[] {
  if (notInitiator.length === 0) return [];
  const initiator = initiatorIn(facts);
  return initiator === undefined ? notInitiator : notInitiator.filter((key) => key === initiator);
}

/** @returns `undefined` unless it is verified */
function initiatorIn({ tx }: Facts): string | undefined {
  if (!(tx instanceof Transaction)) return undefined;
  try {
    const initiator = tx['initiator'];
    return typeof initiator === 'string' ? initiator : undefined;
  } catch {
    // The proof is not one of this transaction, for example.
    return undefined;
  }
}

function namesIn({ approvers }: Policy): (keys: readonly string[]) => string {
  return (keys) => keys.map((key) => approvers.get(key)?.name ?? key).join(', ');
}

/** A person's own words: on one line, and not too long. */
function shortened(reason: string): string {
  const line = reason
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  // Half of a character may be left at the end.
  return line.length <= MAX_REASON ? line : `${line.slice(0, MAX_REASON).replace(/\p{Cs}$/u, '')}…`;
}
