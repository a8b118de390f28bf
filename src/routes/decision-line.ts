// The log line of a decision: enough to find, explain and replay it, without secrets.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { traceId } from '../plugins/trace-id.js';
import type { PolicyDecision } from '../policy/evaluate/decide.js';
import { recordFacts } from '../policy/evaluate/record.js';
import type { VerifyingKey } from '../protocol/key.js';
import type { CallbackRequest } from '../protocol/request.js';

interface Decided {
  readonly http: FastifyRequest;
  readonly reply: FastifyReply;
  readonly request: CallbackRequest;
  readonly decision: PolicyDecision;
  readonly cosignerKey: VerifyingKey | undefined;
  /** Whether to list the rules that were evaluated. */
  readonly trace: boolean;
}

/** Fields that are missing from the request, or not of the documented type, are omitted. */
export function decisionLine(decided: Decided): Record<string, unknown> {
  const { http, reply, request, decision, cosignerKey, trace } = decided;
  const { kind, requestId, payload } = request;
  return {
    event: 'decision',
    kind,
    requestId: shorten(requestId),
    txId: shorten(payload['txId']),
    signerId: shorten(payload['signerId']),
    type: kind === 'configuration' ? shorten(payload['type']) : undefined,
    operation: shorten(payload['operation']),
    asset: shorten(payload['asset']),
    amount: shorten(payload['amountStr']),
    source: party(payload['sourceType'], payload['sourceId']),
    // An address outside the workspace has no id.
    destination: party(payload['destType'], shorten(payload['destId']) ?? payload['destAddress']),
    destinationName: decision.destinationName,
    action: decision.action,
    reason: decision.reason,
    rule: decision.rule,
    ruleError: decision.ruleError,
    verified: decision.verified,
    problem: shorten(decision.problem),
    policy: decision.policy,
    lists: decision.lists,
    limits: decision.limits,
    hold: decision.hold,
    tried: trace ? decision.tried : undefined,
    durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
    cosignerKey: cosignerKey?.fingerprint,
    traceId: traceId(http),
    ...recordFacts(request),
  };
}

/** Longer values are truncated; `facts` contains them in full. */
const MAX_LENGTH = 256;

/** @returns the value if it is a string that is not empty, otherwise `undefined` */
export function shorten(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value;
}

/** @returns a transaction's source or destination, such as `VAULT:0` */
function party(type: unknown, id: unknown): string | undefined {
  return [shorten(type), shorten(id)].filter((part) => part !== undefined).join(':') || undefined;
}
