// Signing in with a passkey of the policy, and signing out.
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { readAssertion } from '../approvals/assertion.js';
import { assertionOptions } from '../approvals/registration.js';
import { verifySignIn } from '../approvals/sign-in.js';
import type { Challenges } from './challenges.js';
import { type ConsoleContext, languageFor } from './page-context.js';
import type { Secret } from './secret.js';
import { endSession, startSession } from './session.js';
import { signInTexts } from './texts/sign-in.js';

interface SignInOptions extends ConsoleContext {
  readonly secret: Secret;
  readonly challenges: Challenges;
}

const PURPOSE = 'sign-in';
const body = z.object({ sealed: z.string().max(1000), credential: z.unknown() });

export function signInRoutes(app: FastifyInstance, options: SignInOptions): void {
  const { challenges, origin, log, now, secret } = options;
  const rpId = new URL(origin).hostname;
  app.post('/sign-in/options', async () => {
    const { challenge, sealed } = await challenges.create(PURPOSE);
    return { sealed, publicKey: assertionOptions(challenge, rpId) };
  });
  app.post('/sign-in', async (request, reply) => {
    const result = await signIn(request.body, options);
    if ('problem' in result) {
      log.warn({ event: 'sign_in_refused', reason: result.problem }, `nobody signed in: ${result.problem}`);
      return reply.code(403).send({ message: signInTexts[languageFor(request)].refused });
    }
    await startSession(reply, { origin, secret, now: now() }, result);
    log.info({ event: 'signed_in', person: result.person }, `${result.person} signed in to the console`);
    return {};
  });
}

/** @throws {StoreError} */
async function signIn(
  posted: unknown,
  { challenges, policy, origin }: SignInOptions,
): Promise<{ readonly person: string; readonly credentialId: string } | { readonly problem: string }> {
  const { data } = body.safeParse(posted);
  const assertion = readAssertion(data?.credential);
  if (data === undefined || assertion === undefined) return { problem: 'it is malformed' };
  const challenge = await challenges.open(PURPOSE, data.sealed);
  if (challenge === undefined) return { problem: 'its challenge is unknown or too old' };
  const { approvers, viewers } = policy.current;
  const people = new Map([...approvers, ...viewers]);
  const result = await verifySignIn(assertion, { challenge, origin, people });
  if ('problem' in result) return result;
  // Only now, so that nobody without a passkey can fill the store.
  if (!(await challenges.use(challenge))) return { problem: 'its challenge was used before' };
  return { person: result.person, credentialId: assertion.id };
}

/** Behind the guard. */
export function signOutRoute(app: FastifyInstance, { origin }: ConsoleContext): void {
  app.post('/sign-out', (_request, reply) => {
    endSession(reply, origin);
    return reply.send({});
  });
}
