// The decision routes: verify the request, decide, sign the answer and log one line.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Keys } from '../keys/ring.js';
import {
  type Decide,
  decideSafely,
  type PolicyDecision,
  type SafeDecision,
} from '../policy/evaluate/decide.js';
import { type Answer, toAnswer } from '../protocol/decision.js';
import type { VerifyingKey } from '../protocol/key.js';
import { diagnoseJson } from '../protocol/diagnose.js';
import { Refusal } from '../protocol/refusal.js';
import { type CallbackRequest, type Kind, parseJson, parseRequest } from '../protocol/request.js';
import { signAnswer } from '../protocol/sign-answer.js';
import { verifyToken } from '../protocol/verify-token.js';
import type { DecisionMemory, Remembered } from '../memory/decide.js';
import { StoreError } from '../store/error.js';
import type { Comparison } from './comparison.js';
import { decisionLine } from './decision-line.js';

/** How requests and answers are secured: by signed JWTs, or as plain JSON that only the network authenticates. */
export type Auth = 'jwt' | 'json';

export interface CallbackOptions {
  readonly auth: Auth;
  /** Path of the base URL that the Co-signer is given, such as `/callback`; empty for the bare host. */
  readonly basePath: string;
  /** The current keys; read once per request. */
  readonly keyRing: { readonly current: Keys };
  readonly decide: Decide;
  /** Decides instead of `decide`, with a memory. @default - there is none */
  readonly memory?: Pick<DecisionMemory, 'decide'> | undefined;
  /** Is handed each answered decision, to compare it with the candidate's. @default - there is none */
  readonly comparison?: Pick<Comparison, 'compareLater'>;
  /** Maximum time from a request's first byte to its decision, in ms. */
  readonly decisionTimeoutMs: number;
  /** The signal `giveUp` is aborted when the process can no longer wait for pending decisions. */
  readonly lifecycle: { readonly giveUp: AbortSignal };
  readonly log: Logger;
}

interface AnswerOptions extends CallbackOptions {
  /** For decision lines. */
  readonly record: Logger;
}

/** Paths that the Co-signer appends to the base URL; with JWTs they start with a version. */
const PATHS: Readonly<Record<Auth, Readonly<Record<Kind, string>>>> = {
  jwt: { transaction: '/v2/tx_sign_request', configuration: '/v2/config_change_sign_request' },
  json: { transaction: '/tx_sign_request', configuration: '/config_change_sign_request' },
};

/** Serves the paths under the base path, and also under the root, because the Co-signer may be given the bare host. */
export function callbackRoutes(app: FastifyInstance, callbackOptions: CallbackOptions): void {
  const { log } = callbackOptions;
  // Decision lines are the record of what was decided, so they are written at every log level.
  const record = log.isLevelEnabled('info') ? log : log.child({}, { level: 'info' });
  const options: AnswerOptions = { ...callbackOptions, record };
  const { transaction, configuration } = PATHS[options.auth];
  // The router reads ":name" as a parameter, and "::" as a colon.
  const basePath = options.basePath.replaceAll(':', '::');
  for (const prefix of new Set(['', basePath])) {
    app.post(prefix + transaction, (request, reply) => answer(options, request, reply, 'transaction'));
    app.post(prefix + configuration, (request, reply) => answer(options, request, reply, 'configuration'));
  }
  app.post(basePath === '' ? '/' : basePath, (request, reply) => answer(options, request, reply));
}

async function answer(
  options: AnswerOptions,
  http: FastifyRequest,
  reply: FastifyReply,
  kind?: Kind,
): Promise<string> {
  const { auth, log } = options;
  const keys = options.keyRing.current;
  const authenticated = authenticate(options, http, keys, kind);
  const { request, cosignerKey } = authenticated;

  const { decision, fault, body, repeated } = await decideAndEncode(options, authenticated, keys, reply);
  logProblems(log, request, decision, fault);
  const { rule, policy } = decision;
  // An emergency stop and stale data belong to no policy.
  const by = rule === undefined ? '' : ` by ${policy === undefined ? '' : 'rule '}${rule}`;
  const line = decisionLine({
    http,
    reply,
    request,
    decision,
    cosignerKey,
    trace: log.isLevelEnabled('debug'),
  });
  const what = `${decision.action} ${request.kind}`;
  // Not a decision: what reads the log must count each once.
  if (repeated) options.record.info({ ...line, event: 'repeated' }, `${what}, as before`);
  else options.record.info(line, `${what}${by}`);
  const bytes = Buffer.isBuffer(http.body) ? http.body.length : 0;
  // Only once the answer has left, so that the candidate can't delay it.
  reply.raw.once('finish', () => options.comparison?.compareLater(request, decision, bytes));
  reply.type(auth === 'jwt' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8');
  return body;
}

interface Authenticated {
  readonly request: CallbackRequest;
  readonly cosignerKey?: VerifyingKey;
  /** The body, for the record; empty if there is none. */
  readonly text: string;
}

interface Outcome extends SafeDecision {
  /** The body of the answer. */
  readonly body: string;
  /** Whether it is the answer that was given before. */
  readonly repeated: boolean;
}

/** Decides, with the memory if there is one. Never fails but for a missing key: a fault becomes a signed RETRY. */
async function decideAndEncode(
  options: AnswerOptions,
  { request, cosignerKey, text }: Authenticated,
  keys: Keys,
  reply: FastifyReply,
): Promise<Outcome> {
  const { auth, memory } = options;
  const timeoutMs = options.decisionTimeoutMs - reply.elapsedTime;
  const limits = { timeoutMs, signal: options.lifecycle.giveUp };
  const { callback } = keys;
  let remembered: Remembered | undefined;
  const decide: Decide =
    memory === undefined
      ? options.decide
      : async () => {
          if (callback === undefined) throw new Error('no callback key is loaded');
          remembered = await memory.decide(request, {
            ...{ auth, body: text, cosignerKey, callbackKey: callback },
            encode: (answer) => encode(auth, answer, keys),
            deadline: performance.now() + timeoutMs,
          });
          return remembered.decision;
        };
  const { decision, fault } = await decideSafely(decide, request, limits);
  if (remembered !== undefined && fault === undefined) {
    return { decision, body: remembered.answer, repeated: remembered.repeated };
  }
  return {
    decision,
    fault,
    body: await encode(auth, toAnswer(decision, request.requestId), keys),
    repeated: false,
  };
}

function logProblems(
  log: Logger,
  { requestId }: CallbackRequest,
  decision: PolicyDecision,
  fault: unknown,
): void {
  if (fault instanceof StoreError) {
    const { throttled, message } = fault;
    log.error({ event: 'store_failed', requestId, throttled, err: fault }, `answered RETRY: ${message}`);
  } else if (fault !== undefined) {
    log.error({ event: 'decision_failed', requestId, err: fault }, 'answered RETRY');
  }
  if (decision.ruleError !== undefined) {
    const { rule, ruleError: reason } = decision;
    log.error(
      { event: 'rule_failed', requestId, rule, reason },
      `rule ${rule} could not be evaluated: ${reason}`,
    );
  }
  if (decision.check !== undefined) {
    const { check, reason } = decision;
    log.error(
      { event: 'integrity_failed', requestId, check, reason },
      `the request contradicts itself or what it signs: ${reason}`,
    );
  }
}

/** Verifies and parses a body; unverified requests are rejected. @throws {Refusal} */
function authenticate(
  { auth, memory }: AnswerOptions,
  { body, headers }: FastifyRequest,
  keys: Keys,
  kind?: Kind,
): Authenticated {
  if (!Buffer.isBuffer(body) || body.length === 0) throw new Refusal('empty_body', 'no body');
  const contentEncoding = headers['content-encoding'];
  if (auth === 'json') {
    const request = parsePlain(body, contentEncoding, kind);
    return { request, text: memory === undefined ? '' : body.toString() };
  }

  if (keys.cosigners.length === 0) {
    throw new Refusal('awaiting_cosigner_key', 'no Co-signer key is known yet');
  }
  const token = trim(body);
  if (token.length === 0) throw new Refusal('empty_body', 'only white space');
  // Copied, because its bytes are overwritten.
  const text = memory === undefined ? '' : token.toString('latin1');
  const { payload, cosignerKey } = verifyToken(token, keys.cosigners, contentEncoding);
  return { request: parseRequest(payload, kind), cosignerKey, text };
}

/** Parses a request in JSON mode. @throws {Refusal} */
function parsePlain(body: Buffer, contentEncoding: string | undefined, kind?: Kind): CallbackRequest {
  try {
    return parseRequest(parseJson(body), kind);
  } catch (error) {
    const cause = diagnoseJson(trim(body), contentEncoding);
    throw cause === undefined ? error : new Refusal('malformed_request', cause);
  }
}

/** Removes surrounding white space. */
function trim(body: Buffer): Buffer {
  let start = 0;
  let end = body.length;
  while (start < end && isSpace(body[start])) start++;
  while (end > start && isSpace(body[end - 1])) end--;
  return body.subarray(start, end);
}

/** The white space of JSON: space, tab, line feed and carriage return. */
function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

async function encode(auth: Auth, body: Answer, keys: Keys): Promise<string> {
  if (auth === 'json') return JSON.stringify(body);
  if (keys.callback === undefined) throw new Refusal('internal_error', 'no callback key is loaded');
  try {
    return await signAnswer(body, keys.callback);
  } catch (error) {
    throw new Refusal('internal_error', 'the answer could not be signed', error);
  }
}
