// Takes a person's decision about a held request. The handler trusts nothing of it: it verifies what is stored here.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as z from 'zod';
import { type Assertion, readAssertion } from '../approvals/assertion.js';
import { assertionOptions } from '../approvals/registration.js';
import {
  type Expected,
  MAX_REASON,
  readSignedDecision,
  type SignedDecision,
  verifyDecision,
} from '../approvals/signed-decision.js';
import { challengeOf, VERDICTS } from '../approvals/statement.js';
import { personKey } from '../store/keys.js';
import { heldRequest, type Standing, standingOf } from './held.js';
import { type ConsoleContext, languageFor, type SignedIn, signedInTo } from './page-context.js';
import { choiceOf, holdOf } from './pages/people.js';
import { type HeldTexts, heldTexts } from './texts/held.js';

/** A decision is kept so long after the hold has expired, in ms: the handler's records have it as well. */
const KEPT_MS = 30 * 86_400_000;

const chosen = z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/), verdict: z.enum(VERDICTS) });
const decided = chosen.extend({
  reason: z.string().trim().max(MAX_REASON).optional(),
  credential: z.unknown(),
});
type Chosen = z.output<typeof chosen>;

/** Why a decision is not taken. */
interface Refused {
  readonly status: 403 | 404 | 409;
  readonly message: string;
  /** For the log. */
  readonly reason: string;
}

export function decisionRoutes(app: FastifyInstance, context: ConsoleContext): void {
  app.post('/holds/:requestId/decisions/options', async (request, reply) => {
    const { data } = chosen.safeParse(request.body);
    if (data === undefined) return malformed(request, reply);
    const person = signedInTo(request);
    const standing = await openFor(context, request, data);
    if ('reason' in standing) return refuse(context, request, reply, standing);
    const { hash, verdict } = data;
    const challenge = challengeOf({ verdict, request: hash, approver: person.key }).toString('base64url');
    const { passkeys = [] } = standing.policy.approvers.get(person.key) ?? {};
    const ids = passkeys.map(({ credentialId }) => credentialId);
    return { publicKey: assertionOptions(challenge, new URL(context.origin).hostname, ids) };
  });
  app.post('/holds/:requestId/decisions', async (request, reply) => {
    const { data } = decided.safeParse(request.body);
    const assertion = readAssertion(data?.credential);
    if (data === undefined || assertion === undefined) return malformed(request, reply);
    const standing = await openFor(context, request, data);
    if ('reason' in standing) return refuse(context, request, reply, standing);
    const decision = decisionOf(signedInTo(request), { ...data, assertion }, context.now());
    const refused = await store(context, standing, decision, heldTexts[languageFor(request)]);
    if (refused !== undefined) return refuse(context, request, reply, refused);
    const { approver, verdict } = decision;
    const { requestId } = standing.request;
    context.log.info(
      { event: 'person_decided', requestId, hash: standing.hash, approver, verdict },
      `${approver} decided to ${verdict} ${requestId}`,
    );
    return { verdict };
  });
}

function malformed(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(400).send({ message: heldTexts[languageFor(request)].refused('it is malformed') });
}

function refuse(
  { log }: ConsoleContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { status, message, reason }: Refused,
): FastifyReply {
  const { key: approver } = signedInTo(request);
  const { requestId } = request.params as { readonly requestId: string };
  log.warn(
    { event: 'decision_refused', requestId, approver, reason },
    `a decision of ${approver} was refused: ${reason}`,
  );
  return reply.code(status).send({ message });
}

/** @returns where the request stands, if the person may decide about it so @throws {StoreError} */
async function openFor(
  context: ConsoleContext,
  request: FastifyRequest,
  { hash, verdict }: Chosen,
): Promise<Standing | Refused> {
  const texts = heldTexts[languageFor(request)];
  const { requestId } = request.params as { readonly requestId: string };
  const held = await heldRequest(context, requestId, hash);
  if (held === undefined) return { status: 404, message: texts.changed, reason: 'no such request is held' };
  const standing = await standingOf(context, held);
  const choice = choiceOf(texts, standing, signedInTo(request));
  if (choice.may === 'look') return { status: 409, message: choice.because, reason: choice.because };
  if (choice.may === 'reject' && verdict === 'approve') {
    return { status: 403, message: texts.isInitiator, reason: 'the approver may have initiated the request' };
  }
  return standing;
}

function decisionOf(
  { key: approver }: SignedIn,
  { verdict, reason, assertion }: Chosen & { reason?: string | undefined; readonly assertion: Assertion },
  now: Date,
): SignedDecision {
  const text = reason === '' ? undefined : reason;
  return { verdict, approver, at: now.toISOString(), assertion, ...(text !== undefined && { reason: text }) };
}

/** Verifies as the handler does, and stores. @returns why it is not stored @throws {StoreError} */
async function store(
  { table, origin }: ConsoleContext,
  standing: Standing,
  decision: SignedDecision,
  texts: HeldTexts,
): Promise<Refused | undefined> {
  const { hash, policy, state } = standing;
  const { approver } = decision;
  const { passkeys = [] } = policy.approvers.get(approver) ?? {};
  const expected: Expected = { request: hash, approver, passkeys, origin };
  const verified = await verifyDecision(decision, expected);
  if ('problem' in verified) {
    return { status: 403, message: texts.refused(verified.problem), reason: verified.problem };
  }
  const key = personKey(hash, approver);
  const [item] = await table.read([key]);
  const taken: Refused = { status: 409, message: texts.already, reason: 'the approver has decided before' };
  if (item !== undefined && (await isVerified(item.data, expected))) return taken;
  const expires = Math.ceil((state.since + (holdOf(standing)?.expiresMs ?? 0) + KEPT_MS) / 1000);
  // What does not verify, because the passkey was removed or somebody planted it, is replaced.
  const put = {
    type: 'put',
    ...key,
    data: JSON.stringify(decision),
    seen: item?.version ?? 0,
    expires,
  } as const;
  return (await table.write([put])).length === 0 ? undefined : taken;
}

async function isVerified(data: string, expected: Expected): Promise<boolean> {
  const decision = readSignedDecision(data);
  return !('problem' in decision) && !('problem' in (await verifyDecision(decision, expected)));
}
