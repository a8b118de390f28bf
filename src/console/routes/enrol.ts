// Creating a passkey: prints its public half for the policy, and stores nothing.
import type { FastifyInstance } from 'fastify';
import { passkeyToText } from '../../approvals/passkey.js';
import { readRegistration, registrationOptions } from '../../approvals/registration.js';
import type { Challenges } from '../challenges.js';
import { type ConsoleContext, languageFor } from '../page-context.js';
import { signInTexts } from '../texts/sign-in.js';
import { fieldsOf, refuse, textIn } from './json.js';

const PURPOSE = 'enrol';
const MAX_NAME = 64;

export function enrolRoutes(app: FastifyInstance, context: ConsoleContext, challenges: Challenges): void {
  const { origin } = context;
  const rpId = new URL(origin).hostname;

  app.post('/enrol/options', async (request, reply) => {
    const name = textIn(request.body, 'name', MAX_NAME)?.trim() ?? '';
    if (name === '') return refuse(reply, 400, signInTexts[languageFor(request)].failed);
    const { challenge, sealed } = await challenges.create(PURPOSE);
    return { sealed, options: registrationOptions(name, { challenge, rpId }) };
  });

  app.post('/enrol', async (request, reply) => {
    const texts = signInTexts[languageFor(request)];
    const challenge = await challenges.open(PURPOSE, textIn(request.body, 'sealed', 1000) ?? '');
    if (challenge === undefined) return refuse(reply, 400, texts.failed);
    const credential = fieldsOf(request.body)['credential'];
    const passkey = await readRegistration(credential, { challenge, origin, rpId });
    if ('problem' in passkey) return refuse(reply, 400, `${texts.failed} (${passkey.problem})`);
    return { entry: passkeyToText(passkey) };
  });
}
