// Repeats a recorded decision, to prove it.
import { readSignedDecision } from '../approvals/signed-decision.js';
import type { Vote } from '../approvals/quorum.js';
import { decideBy, type Policy } from '../policy/evaluate/rules.js';
import { type CallbackRequest, parseJson, parseRequest } from '../protocol/request.js';
import type { DecisionRecord } from '../store/record.js';
import { memoryFromJson } from './memory-json.js';
import { voteOf } from './people.js';
import { askedOf, hashOf, withVotes } from './recall.js';

export interface Repeated {
  readonly action: string;
  readonly rule: string;
  /** How many decisions of people were verified. */
  readonly verified: number;
  /** Why decisions of people in the record don't verify, one text for each. They don't count. */
  readonly forged: readonly string[];
}

/**
 * Decides again what a record says was decided, from the request and the memory in the record. What people decided is
 * verified again, by what they signed.
 * @param policy the one whose hash is in the record, with its lists
 * @throws {Error} if the request or the memory in the record can't be read
 */
export async function repeatDecision(record: DecisionRecord, policy: Policy): Promise<Repeated> {
  const request = requestIn(record);
  const { votes, forged } = await votesIn(record, request, policy);
  const memory = withVotes(memoryFromJson(record.memory), votes);
  const { action, rule } = decideBy(policy, request, new Date(record.at), undefined, Infinity, memory);
  return { action, rule, verified: votes.length, forged };
}

/** Verifies what people decided, as the handler did. */
async function votesIn(
  { people }: DecisionRecord,
  request: CallbackRequest,
  policy: Policy,
): Promise<{ readonly votes: readonly Vote[]; readonly forged: readonly string[] }> {
  if (people === undefined) return { votes: [], forged: [] };
  const { origin, decisions } = people;
  const hash = hashOf(askedOf(request));
  const votes: Vote[] = [];
  const forged: string[] = [];
  for (const stored of decisions) {
    const decision = readSignedDecision(JSON.stringify(stored));
    if ('problem' in decision) {
      forged.push(`a decision of a person can't be read: ${decision.problem}`);
      continue;
    }
    const { approver } = decision;
    const vote = await voteOf(decision, approver, { policy, hash, origin });
    if ('problem' in vote) forged.push(`the decision of ${approver} does not verify: ${vote.problem}`);
    else if (votes.some((other) => other.approver === approver)) forged.push(`${approver} decides twice`);
    else votes.push(vote);
  }
  return { votes, forged };
}

/** @throws {Error} if it can't be read */
export function requestIn({ auth, request, kind }: DecisionRecord): CallbackRequest {
  const claims =
    auth === 'json' ? Buffer.from(request) : Buffer.from(request.split('.')[1] ?? '', 'base64url');
  return parseRequest(parseJson(claims), kind);
}
