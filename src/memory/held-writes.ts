// What is written of a request that people decide about, together with the record of each try.
import type { RuleDecision } from '../policy/evaluate/rules.js';
import type { PlacedWrite, RecordPlace } from '../store/journal.js';
import { answerKey, waitingKey } from '../store/keys.js';
import type { Check, Put, Write } from '../store/table.js';
import type { HeldState, Waiting } from './held.js';
import type { Decided as People } from './people.js';
import { type Asked, hashOf, heldKeyOf, type Recalled } from './recall.js';
import { isFinal } from './stored-answer.js';
import type { HeldApproval } from './transaction.js';

/** How much longer than its hold a request is listed as waiting, in s: if the Co-signer never asks again. */
export const LISTED_AFTER_SECONDS = 86_400;
/** More than the data of a held request needs beside its names, in bytes. */
const STATE_BYTES = 1000;

/** A decision about a request that may be held. */
export interface HeldMoment {
  readonly asked: Asked;
  readonly decision: Pick<RuleDecision, 'action'> & Partial<Pick<RuleDecision, 'rule' | 'hold'>>;
  readonly now: Date;
  /** Unix time in seconds until which it is kept. */
  readonly expires: number;
  readonly people: Pick<People, 'seen'>;
  /** Whose decisions count for the hold that decided. */
  readonly of: readonly string[];
}

export interface HeldEffects {
  readonly writes: readonly Write[];
  /** The item of a request that is held for the first time, which says where its record is. */
  readonly placed?: PlacedWrite;
}

const NOTHING: HeldEffects = { writes: [] };

export function heldEffects(moment: HeldMoment, recalled: Recalled): HeldEffects {
  const { decision } = moment;
  if (recalled.held === undefined && decision.hold === undefined) return NOTHING;
  if (isFinal(decision.action)) return { writes: finalWrites(moment, recalled) };
  if (recalled.held !== undefined) return { writes: triedAgain(moment, recalled, recalled.held) };
  return decision.hold?.state === 'waiting' ? heldFirst(moment, recalled) : NOTHING;
}

/** A decision of a person that comes meanwhile starts the decision anew: it may be a rejection. */
function finalWrites({ asked, decision, now, expires, people, of }: HeldMoment, recalled: Recalled): Write[] {
  const { held, versionOf } = recalled;
  const key = heldKeyOf(asked);
  const seen = versionOf(key);
  const checks = decision.hold === undefined ? [] : of.flatMap((approver) => people.seen.get(approver) ?? []);
  if (held === undefined) return [{ type: 'check', ...key, seen }];
  const done = { action: decision.action, at: now.getTime() };
  const state = { ...triedAt(held, decision, now), done };
  return [
    { type: 'put', ...key, seen, expires, data: JSON.stringify(state) },
    ...checks,
    ...(held.done === undefined
      ? [{ type: 'remove', ...waitingKey(held.since, hashOf(asked)) } as const]
      : []),
  ];
}

function triedAgain(moment: HeldMoment, { versionOf }: Recalled, held: HeldState): Write[] {
  const { asked, decision, now, expires } = moment;
  const { done, ...waiting } = triedAt(held, decision, now);
  const isHeld = decision.hold !== undefined;
  // A rule asks for another try of what had a final answer before.
  if (done !== undefined && !isHeld) return [];
  const key = heldKeyOf(asked);
  const put: Put = { type: 'put', ...key, seen: versionOf(key), expires, data: JSON.stringify(waiting) };
  const isListed = done === undefined && waiting.hold === held.hold;
  return isListed || !isHeld ? [put] : [put, waitingPut(moment, held.since)];
}

function heldFirst(moment: HeldMoment, { versionOf }: Recalled): HeldEffects {
  const { asked, decision, now, expires } = moment;
  const { kind, requestId } = asked.request;
  const since = now.getTime();
  const { hold, rule = '' } = decision;
  const state = { since, hold: hold?.name ?? '', rule, tries: 1, lastTry: since };
  const key = heldKeyOf(asked);
  const put = { type: 'put', ...key, seen: versionOf(key), expires } as const;
  const answered = answerKey(kind, requestId, asked.stage, asked.content);
  // What has a final answer is not listed: another process may have given it by another policy.
  const unanswered: Check = { type: 'check', ...answered, seen: versionOf(answered) };
  return {
    writes: [waitingPut(moment, since), unanswered],
    placed: {
      key,
      bytes: Buffer.byteLength(state.hold + rule) + STATE_BYTES,
      put: ({ writer, sequence }: RecordPlace) => {
        const held: HeldState = { ...state, record: { writer, sequence } };
        return { ...put, data: JSON.stringify(held) };
      },
    },
  };
}

function triedAt(held: HeldState, { hold, rule = '' }: HeldMoment['decision'], now: Date): HeldState {
  const by = hold === undefined ? {} : { hold: hold.name, rule };
  return { ...held, ...by, tries: held.tries + 1, lastTry: now.getTime() };
}

function waitingPut({ asked, decision: { hold }, now }: HeldMoment, since: number): Put {
  const { kind, requestId } = asked.request;
  const hash = hashOf(asked);
  const waiting: Waiting = { kind, requestId, hash };
  const ends = hold === undefined ? now.getTime() : Date.parse(hold.expires);
  const expires = Math.ceil(ends / 1000) + LISTED_AFTER_SECONDS;
  return { type: 'put', ...waitingKey(since, hash), data: JSON.stringify(waiting), expires };
}

/** @returns the approvals that were counted, if people approved; each approver once */
export function approvalOf(
  { hold }: Pick<RuleDecision, 'hold'>,
  { people }: Pick<Recalled['memory'], 'people'>,
): HeldApproval | undefined {
  if (hold?.state !== 'approved') return undefined;
  const approvals = [...people.votes, ...people.carried].filter(({ verdict }) => verdict === 'approve');
  const votes = hold.approvals.flatMap((name) => {
    const vote = approvals.find(({ approver }) => approver === name);
    return vote === undefined
      ? []
      : [{ approver: name, verdict: vote.verdict, credentialId: vote.credentialId }];
  });
  return { hold: hold.name, votes };
}
