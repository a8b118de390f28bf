// What the log says about a decision: enough to find it, to explain it and to replay it, and no secret.
import type { FastifyReply, FastifyRequest } from 'fastify';
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
  /** Whether to tell which rules were tried. */
  readonly trace: boolean;
}

/** Fields that a request lacks, or holds in another form than documented, are left out. */
export function decisionLine({
  http,
  reply,
  request,
  decision,
  cosignerKey,
  trace,
}: Decided): Record<string, unknown> {
  const { kind, requestId, payload } = request;
  return {
    event: 'decision',
    kind,
    requestId: text(requestId),
    txId: text(payload['txId']),
    signerId: text(payload['signerId']),
    type: kind === 'configuration' ? text(payload['type']) : undefined,
    operation: text(payload['operation']),
    asset: text(payload['asset']),
    amount: text(payload['amountStr']),
    source: party(payload['sourceType'], payload['sourceId']),
    // An address outside the workspace has no id.
    destination: party(payload['destType'], text(payload['destId']) ?? payload['destAddress']),
    action: decision.action,
    reason: decision.reason,
    rule: decision.rule,
    ruleError: decision.ruleError,
    policy: decision.policy,
    tried: trace ? decision.tried : undefined,
    durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
    cosignerKey: cosignerKey?.fingerprint,
    traceId: traceId(http),
    ...recordFacts(request, Buffer.isBuffer(http.body) ? http.body.length : 0),
  };
}

/** The load balancer's own id of the request, so that its access log and ours can be joined. */
export function traceId({ headers }: FastifyRequest): string | undefined {
  const id = text(headers['x-amzn-trace-id']);
  // Anyone can send this header: what does not look like `Root=1-67891233-abcdef012345678912345678` is left out.
  return id !== undefined && /^[\w=;:|-]{1,256}$/.test(id) ? id : undefined;
}

/** Longer ids and amounts than this are cut; `facts` holds them whole. */
const MAX_LENGTH = 256;

function text(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  return value.length > MAX_LENGTH ? `${value.slice(0, MAX_LENGTH)}…` : value;
}

/** `VAULT:0` */
function party(type: unknown, id: unknown): string | undefined {
  return [text(type), text(id)].filter((part) => part !== undefined).join(':') || undefined;
}
