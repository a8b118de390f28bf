// A person decides: verified here as the handler will, so that mistakes are told at once, and stored once.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readAssertion } from '../../approvals/assertion.js';
import { assertionOptions } from '../../approvals/registration.js';
import {
  MAX_REASON,
  readSignedDecision,
  type SignedDecision,
  verifyDecision,
} from '../../approvals/signed-decision.js';
import { challengeOf, type Verdict, VERDICTS } from '../../approvals/statement.js';
import { personKey } from '../../store/keys.js';
import { heldRequest, type Standing, standingOf } from '../held.js';
import { type ConsoleContext, languageFor, type SignedIn, signedInTo } from '../page-context.js';
import { choiceOf } from '../pages/people.js';
import { heldTexts } from '../texts/held.js';
import { fieldsOf, refuse, textIn } from './json.js';

/** What a person wants to decide, and may. */
interface Wish {
  readonly standing: Standing;
  readonly person: SignedIn;
  readonly verdict: Verdict;
}

export function decisionRoutes(app: FastifyInstance, context: ConsoleContext): void {
  const rpId = new URL(context.origin).hostname;

  app.post('/holds/:requestId/decisions/options', async (request, reply) => {
    const wish = await wishIn(context, request);
    if ('error' in wish) return refuse(reply, 409, wish.error);
    const { standing, person, verdict } = wish;
    const challenge = challengeOf({ verdict, request: standing.hash, approver: person.key });
    const passkeys = standing.policy.approvers.get(person.key)?.passkeys ?? [];
    const ids = passkeys.filter((passkey) => passkey.rpId === rpId).map(({ credentialId }) => credentialId);
    return { options: assertionOptions(challenge.toString('base64url'), rpId, ids) };
  });

  app.post('/holds/:requestId/decisions', async (request, reply) => {
    const wish = await wishIn(context, request);
    if ('error' in wish) return refuse(reply, 409, wish.error);
    return store(context, wish, request, reply);
  });
}

async function wishIn(
  context: ConsoleContext,
  request: FastifyRequest,
): Promise<Wish | { readonly error: string }> {
  const texts = heldTexts[languageFor(request)];
  const { requestId } = request.params as { readonly requestId: string };
  const hash = textIn(request.body, 'hash', 64) ?? '';
  const verdict = VERDICTS.find((each) => each === fieldsOf(request.body)['verdict']);
  const held = await heldRequest(context, requestId, hash);
  if (held === undefined || verdict === undefined) return { error: texts.changed };
  const person = signedInTo(request);
  const standing = await standingOf(context, held);
  const choice = choiceOf(texts, standing, person);
  if (choice.may === 'look') return { error: choice.because };
  if (choice.may === 'reject' && verdict === 'approve') return { error: texts.isInitiator };
  return { standing, person, verdict };
}

async function store(
  context: ConsoleContext,
  { standing, person, verdict }: Wish,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { log, origin, now } = context;
  const texts = heldTexts[languageFor(request)];
  const { requestId } = standing.request;
  const approver = person.key;
  const about = { requestId, approver, verdict };
  const reason = textIn(request.body, 'reason', MAX_REASON)?.trim() ?? '';
  const assertion = readAssertion(fieldsOf(request.body)['credential']);
  if (assertion === undefined) return refuse(reply, 400, texts.failed);
  const decision: SignedDecision = {
    ...{ verdict, approver, at: now().toISOString(), assertion },
    ...(verdict === 'reject' && reason !== '' && { reason }),
  };
  const passkeys = standing.policy.approvers.get(approver)?.passkeys ?? [];
  const expected = { request: standing.hash, approver, passkeys, origin };
  const verified = await verifyDecision(decision, expected);
  if ('problem' in verified) {
    const { problem } = verified;
    log.error({ event: 'decision_refused', ...about, reason: problem }, `a decision was refused: ${problem}`);
    return refuse(reply, 403, texts.refused(problem));
  }
  if (!(await putDecision(context, standing, decision))) return refuse(reply, 409, texts.already);
  const { hold, rule } = standing.explanation.decision;
  log.info(
    { event: 'person_decided', ...about, hold: hold?.name, rule },
    `${approver} decided ${verdict} about request ${requestId}`,
  );
  return reply.send({ location: `/holds/${encodeURIComponent(requestId)}?hash=${standing.hash}` });
}

/** Once for each person. What does not verify may be replaced: somebody else wrote it. */
async function putDecision(
  { table, origin }: ConsoleContext,
  { hash, policy, record }: Standing,
  decision: SignedDecision,
): Promise<boolean> {
  const { approver } = decision;
  const key = personKey(hash, approver);
  const [item] = await table.read([key]);
  if (item !== undefined) {
    const stored = readSignedDecision(item.data);
    const passkeys = policy.approvers.get(approver)?.passkeys ?? [];
    const isOwn =
      !('problem' in stored) &&
      !('problem' in (await verifyDecision(stored, { request: hash, approver, passkeys, origin })));
    if (isOwn) return false;
  }
  // As long as the record, whose copy proves it afterwards.
  const expires = Math.ceil(Date.parse(record.at) / 1000) + KEPT_SECONDS;
  const data = JSON.stringify(decision);
  return (await table.write([{ type: 'put', ...key, data, seen: item?.version ?? 0, expires }])).length === 0;
}

/** How long a decision is kept, in s: longer than a hold can last. The record of what it led to has a copy. */
const KEPT_SECONDS = 90 * 86_400;
