// What people have decided, for test cases and replays: their decisions count as if they had signed them.
import * as z from 'zod';
import type { Vote } from '../../src/approvals/quorum.js';
import type { People, Person } from '../../src/policy/evaluate/people.js';
import { decideBy, type Policy } from '../../src/policy/evaluate/rules.js';
import type { Verdicts } from './case-file.js';
import type { Occasion, Simulated, Simulation } from './simulation.js';

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

/**
 * Decides as the service would after people have decided, and remembers it.
 * @param policy that of the simulation
 */
export function decideWithPeople(
  simulation: Simulation,
  policy: Policy,
  occasion: Occasion,
  verdicts: Verdicts | undefined,
): Simulated {
  if (verdicts === undefined) return simulation.decide(occasion);
  const { request, now, signed } = occasion;
  const recollection = simulation.recall(occasion);
  const { people: before } = recollection.recalled.memory;
  const votes = [...verdicts].map(([approver, verdict]) => voteOf(policy, approver, verdict));
  // They were asked at this very time, unless the request was held before.
  const people = { ...before, since: before.since ?? now.getTime(), votes };
  const memory = { ...recollection.recalled.memory, people };
  const decision = decideBy(policy, request, now, signed, undefined, memory);
  simulation.remember({ ...recollection, recalled: { ...recollection.recalled, memory } }, decision);
  return { decision, memory };
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
