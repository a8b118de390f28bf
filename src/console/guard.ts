// Lets only those in who are signed in.
import type { FastifyInstance } from 'fastify';
import { type ConsoleContext, languageFor, sendHtml } from './page-context.js';
import { signInPage } from './pages/sign-in.js';
import type { Secret } from './secret.js';
import { readSession } from './session.js';
import { signInTexts } from './texts/sign-in.js';

/** Nobody sees a page without a session: in its place, the page to sign in is shown, which then shows it. */
export function addGuard(
  app: FastifyInstance,
  { policy, origin, now, secret }: ConsoleContext & { readonly secret: Secret },
): void {
  app.addHook('onRequest', async (request, reply) => {
    const person = await readSession(request, { origin, secret, now: now() }, policy.current);
    if (person !== undefined) {
      request.signedIn = person;
      return undefined;
    }
    const language = languageFor(request);
    if (request.method !== 'GET') {
      return reply.code(401).send({ message: signInTexts[language].over });
    }
    return sendHtml(reply, signInPage(language), 401);
  });
}
