// Signing in and out, with a passkey of the policy in force.
import type { FastifyInstance } from 'fastify';
import { readAssertion } from '../../approvals/assertion.js';
import { assertionOptions } from '../../approvals/registration.js';
import { verifySignIn } from '../../approvals/sign-in.js';
import type { Challenges } from '../challenges.js';
import { type ConsoleContext, languageFor } from '../page-context.js';
import type { Secret } from '../secret.js';
import { endSession, startSession } from '../session.js';
import { signInTexts } from '../texts/sign-in.js';
import { fieldsOf, refuse, textIn } from './json.js';

const PURPOSE = 'sign-in';

export function signInRoutes(
  app: FastifyInstance,
  context: ConsoleContext,
  { challenges, secret }: { readonly challenges: Challenges; readonly secret: Secret },
): void {
  const { origin, log } = context;
  const rpId = new URL(origin).hostname;

  app.post('/sign-in/options', async () => {
    const { challenge, sealed } = await challenges.create(PURPOSE);
    return { sealed, options: assertionOptions(challenge, rpId) };
  });

  app.post('/sign-in', async (request, reply) => {
    const texts = signInTexts[languageFor(request)];
    const challenge = await challenges.open(PURPOSE, textIn(request.body, 'sealed', 1000) ?? '');
    const assertion = readAssertion(fieldsOf(request.body)['credential']);
    if (challenge === undefined || assertion === undefined) return refuse(reply, 400, texts.failed);
    const { approvers, viewers } = context.policy.current;
    const people = new Map([...approvers, ...viewers]);
    const result = await verifySignIn(assertion, { challenge, origin, people });
    const problem = 'problem' in result ? result.problem : undefined;
    if ('problem' in result || !(await challenges.use(challenge))) {
      const reason = problem ?? 'the challenge was used before';
      log.warn({ event: 'sign_in_refused', reason }, `nobody was signed in: ${reason}`);
      return refuse(reply, 403, texts.refused);
    }
    await startSession(reply, { origin, secret, now: context.now() }, result.person);
    log.info({ event: 'signed_in', person: result.person }, `${result.person} signed in`);
    return { location: '/' };
  });

  app.post('/sign-out', (_request, reply) => {
    endSession(reply, origin);
    return reply.redirect('/sign-in', 303);
  });
}
