// What people have decided, for test cases and replays: their decisions count as if they had signed them.
import * as z from 'zod';
import type { Vote } from '../../src/approvals/quorum.js';
import type { People, Person } from '../../src/policy/evaluate/people.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import type { Verdicts } from './case-file.js';
import type { Occasion } from './simulation.js';

/** What is needed of a `HoldReport` in the log to decide again. */
export const loggedHoldSchema = z.looseObject({
  since: z.iso.datetime(),
  approvals: z.array(z.string()),
  rejectedBy: z.string().optional(),
  carried: z.boolean().optional(),
});

export type LoggedHold = z.output<typeof loggedHoldSchema>;

/** @returns the policy, in which each approver has a passkey, so that all of them can decide in a test case */
export function withPasskeys(policy: Policy): Policy {
  if ([...policy.approvers.values()].every(({ passkeys }) => passkeys.length > 0)) return policy;
  const approvers = [...policy.approvers].map(([key, person]): readonly [string, Person] => {
    if (person.passkeys.length > 0) return [key, person];
    return [key, { ...person, passkeys: [{ rpId: 'case', credentialId: `case-${key}`, publicKey: '' }] }];
  });
  return { ...policy, approvers: new Map(approvers) };
}

/** @param policy see `withPasskeys` @returns what people have decided, for an `Occasion` */
export function verdictsFor(policy: Policy, verdicts: Verdicts | undefined): Pick<Occasion, 'people'> {
  if (verdicts === undefined) return {};
  return { people: [...verdicts].map(([approver, verdict]) => voteOf(policy, approver, verdict)) };
}

/** What people had decided when a decision was logged. Whose passkeys are no longer in the policy do not count. */
export function peopleThen(policy: Policy, hold: LoggedHold): People {
  const { approvals, rejectedBy, carried, since } = hold;
  const approved = approvals.map((approver) => voteOf(policy, approver, 'approve'));
  const rejected = rejectedBy === undefined ? [] : [voteOf(policy, rejectedBy, 'reject')];
  return {
    since: Date.parse(since),
    votes: carried === true ? rejected : [...approved, ...rejected],
    carried: carried === true ? approved : [],
  };
}

function voteOf({ approvers }: Policy, approver: string, verdict: Vote['verdict']): Vote {
  return { approver, verdict, credentialId: approvers.get(approver)?.passkeys[0]?.credentialId ?? '' };
}
