// The record of a decision: everything that it was made of.
import type { SignedDecision } from '../approvals/signed-decision.js';
import type { PolicyDecision } from '../policy/evaluate/decide.js';
import type { Memory } from '../policy/evaluate/memory.js';
import type { Share } from '../policy/limits/counter.js';
import type { SigningKey, VerifyingKey } from '../protocol/key.js';
import { present } from '../protocol/request.js';
import type { DecisionRecord } from '../store/record.js';
import { memoryToJson } from './memory-json.js';
import type { Asked } from './recall.js';

/** A decision, and what it knew. */
export interface Decision {
  readonly decision: PolicyDecision;
  readonly now: Date;
  /** The body of the answer. */
  readonly answer: string;
  /** Absent if something overrode the policy. */
  readonly memory?: Memory;
  /** People's decisions that count, and the console's origin that they are bound to. */
  readonly people?: { readonly origin: string | undefined; readonly decisions: readonly SignedDecision[] };
  /** What the transaction has in counters afterwards. */
  readonly shares?: readonly Share[];
}

interface Received {
  readonly auth: 'jwt' | 'json';
  readonly body: string;
  readonly cosignerKey: VerifyingKey | undefined;
  readonly callbackKey: SigningKey;
}

export function recordOf(
  { request, stage, content }: Asked,
  { auth, body, cosignerKey, callbackKey }: Received,
  { decision, now, answer, memory, people, shares }: Decision,
): DecisionRecord {
  const { kind, requestId, payload } = request;
  const { action, rule, reason, ruleError, policy, lists, limits, hold } = decision;
  // JSON leaves out what is undefined.
  return {
    type: 'decision',
    at: now.toISOString(),
    kind,
    requestId,
    stage,
    txId: textOf(payload['txId']),
    externalTxId: textOf(payload['externalTxId']),
    content,
    request: body,
    answer,
    auth,
    cosignerKey: cosignerKey?.fingerprint,
    callbackKey: callbackKey.fingerprint,
    action,
    rule,
    reason,
    ruleError,
    policy,
    lists,
    memory: memory === undefined ? undefined : memoryToJson(memory),
    people: peopleIn(people),
    hold,
    limits,
    shares,
  };
}

function peopleIn(people: Decision['people']): DecisionRecord['people'] {
  const { origin, decisions = [] } = people ?? {};
  return origin === undefined || decisions.length === 0 ? undefined : { origin, decisions };
}

function textOf(value: unknown): string | undefined {
  const text = present(value);
  return typeof text === 'string' ? text : undefined;
}
