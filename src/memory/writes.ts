// What must be written together with the record of a decision, under the condition that nothing of it has changed since
// it was read.
import { matchedExpected } from '../policy/facts/expected.js';
import type { Policy } from '../policy/evaluate/rules.js';
import { counterToJson } from '../policy/limits/counter-json.js';
import { type Counter, counterId, type Share } from '../policy/limits/counter.js';
import { giveBack, settle } from '../policy/limits/counting.js';
import type { PlacedWrite } from '../store/journal.js';
import { counterKey, expectedKey, subjectKey, useKey } from '../store/keys.js';
import type { Key, Put, Write } from '../store/table.js';
import { approvalOf, heldEffects, type HeldMoment } from './held-writes.js';
import type { Decided as People } from './people.js';
import type { Asked, Question, Recalled } from './recall.js';
import { approve, reject, type SubjectState } from './transaction.js';
import { subjectToData } from './transaction-data.js';

/** What is remembered is kept this much longer than the records, in s, so that no answer is forgotten before them. */
const MARGIN_SECONDS = 60 * 86_400;
/** The longest window of a limit, in s. */
const LONGEST_WINDOW_SECONDS = 400 * 86_400;

export interface Effects {
  /** The item of a request that is held for the first time. */
  readonly placed?: PlacedWrite;
  readonly writes: readonly Write[];
  /** What the transaction has in counters afterwards. */
  readonly shares: readonly Share[];
}

export interface Decided extends Asked, Question {
  readonly policy: Policy;
  readonly decision: HeldMoment['decision'];
  /** What people decided, if the request was held before. */
  readonly people: Pick<People, 'seen'>;
  readonly now: Date;
  readonly retentionDays: number;
}

/** @returns the Unix time in seconds until which a final answer is kept */
export function keptUntil(now: Date, retentionDays: number): number {
  return recordedUntil(now, retentionDays) + MARGIN_SECONDS;
}

/** @returns the Unix time in seconds until which a record is kept */
export function recordedUntil(now: Date, retentionDays: number): number {
  return Math.ceil(now.getTime() / 1000) + retentionDays * 86_400;
}

export function effectsOf(decided: Decided, recalled: Recalled): Effects {
  const { writes, shares } = effectsOfAnswer(decided, recalled);
  if (decided.approvers.length === 0) return { writes, shares };
  const { decision, now, people, policy } = decided;
  const of = policy.holds.get(decision.hold?.name ?? '')?.of ?? [];
  const expires = keptUntil(now, decided.retentionDays);
  const held = heldEffects({ asked: decided, decision, now, expires, people, of }, recalled);
  return { ...held, writes: [...writes, ...held.writes], shares };
}

function effectsOfAnswer(decided: Decided, recalled: Recalled): Omit<Effects, 'placed'> {
  const { action } = decided.decision;
  if (action === 'APPROVE') return effectsOfApprove(decided, recalled);
  if (action === 'REJECT') return effectsOfReject(decided, recalled);
  return { writes: [], shares: recalled.memory.shares };
}

function effectsOfApprove(decided: Decided, recalled: Recalled): Omit<Effects, 'placed'> {
  const { claims, essentials, request, policy, proof, now } = decided;
  const { memory, relation, state } = recalled;
  if (relation.kind === 'changed') throw new Error('a changed transaction was approved');
  const { counters, shares } = settle(policy.limits, claims, memory, now);
  const held = decided.stage === 'approval' ? approvalOf(decided.decision, memory) : undefined;
  const after = approve(state, relation, request, essentials, shares, now.getTime(), held);
  const writes = [subjectPut(decided, recalled, after), ...counterPuts(decided, recalled, counters)];
  const matched = matchedExpected(request, memory, now, policy.catalog);
  if (matched !== undefined) {
    // The announcement must still be there.
    const key = expectedKey(matched);
    writes.push({ type: 'check', ...key, seen: recalled.versionOf(key) });
    writes.push(...usePut(decided, recalled, useKey('expected', matched)));
  }
  if (proof !== undefined) writes.push(...usePut(decided, recalled, useKey('proof', proof)));
  return { writes, shares };
}

/** A transaction that is not signed gives back what it has in counters. */
function effectsOfReject(decided: Decided, recalled: Recalled): Omit<Effects, 'placed'> {
  const { memory, relation, state } = recalled;
  const after = reject(state, relation, decided.request);
  if (after === state) return { writes: [], shares: memory.shares };
  const puts = counterPuts(decided, recalled, giveBack(memory));
  return { writes: [subjectPut(decided, recalled, after), ...puts], shares: [] };
}

function subjectPut(decided: Decided, { versionOf }: Recalled, state: SubjectState): Write {
  const key = subjectKey(decided.subject);
  const expires = keptUntil(decided.now, decided.retentionDays);
  return { type: 'put', ...key, data: subjectToData(state), seen: versionOf(key), expires };
}

/** Used once, by one transaction, which may use it again. */
function usePut({ now, retentionDays }: Decided, { memory, versionOf }: Recalled, key: Key): readonly Put[] {
  const seen = versionOf(key);
  if (seen > 0) return [];
  return [{ type: 'put', ...key, data: memory.subject, seen, expires: keptUntil(now, retentionDays) }];
}

function counterPuts(
  { now, retentionDays, claims }: Decided,
  { versionOf, memory }: Recalled,
  counters: ReadonlyMap<string, Counter>,
): Write[] {
  const expires = Math.max(
    keptUntil(now, retentionDays),
    Math.ceil(now.getTime() / 1000) + LONGEST_WINDOW_SECONDS + MARGIN_SECONDS,
  );
  const written = new Map<string, Write>();
  for (const { limit, key: name } of [...claims, ...memory.shares]) {
    const key = counterKey(limit, name);
    const counter = counters.get(counterId({ limit, key: name }));
    if (counter === undefined) continue;
    const data = JSON.stringify(counterToJson(counter));
    written.set(key.partition, { type: 'put', ...key, data, seen: versionOf(key), expires });
  }
  return [...written.values()];
}
