// Creating a passkey, and what the policy needs of it. Nothing is stored, and nobody is signed in by it.
import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { passkeyToText } from '../approvals/passkey.js';
import { readRegistration, registrationOptions } from '../approvals/registration.js';
import type { Challenges } from './challenges.js';
import { type ConsoleContext, languageFor } from './page-context.js';
import { signInTexts } from './texts/sign-in.js';

const PURPOSE = 'enrol';
const asked = z.object({ name: z.string().trim().min(1).max(64) });
const body = z.object({ sealed: z.string().max(1000), credential: z.unknown() });

export function enrolRoutes(
  app: FastifyInstance,
  { challenges, origin }: ConsoleContext & { readonly challenges: Challenges },
): void {
  const rpId = new URL(origin).hostname;
  app.post('/enrol/options', async (request, reply) => {
    const { data } = asked.safeParse(request.body);
    if (data === undefined) {
      return reply.code(400).send({ message: signInTexts[languageFor(request)].nameMissing });
    }
    const { challenge, sealed } = await challenges.create(PURPOSE);
    return { sealed, publicKey: registrationOptions(data.name, { challenge, rpId }) };
  });
  app.post('/enrol', async (request, reply) => {
    const texts = signInTexts[languageFor(request)];
    const refuse = (problem: string) => reply.code(400).send({ message: texts.notCreated(problem) });
    const { data } = body.safeParse(request.body);
    const challenge = data && (await challenges.open(PURPOSE, data.sealed));
    if (challenge === undefined) return refuse('its challenge is unknown or too old');
    const passkey = await readRegistration(data?.credential, { challenge, origin, rpId });
    return 'problem' in passkey ? refuse(passkey.problem) : { entry: passkeyToText(passkey) };
  });
}
