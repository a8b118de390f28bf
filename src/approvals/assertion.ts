// An assertion: what a browser gives when a person uses a passkey. Verified as WebAuthn demands (level 3, section 7.2).
import * as z from 'zod';
import { fromBase64url } from './base64url.js';
import { clientDataProblem } from './client-data.js';
import type { Passkey } from './passkey.js';

const base64url = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => fromBase64url(text) !== undefined);

export const assertionSchema = z.strictObject({
  id: base64url(1400),
  response: z.strictObject({
    authenticatorData: base64url(4000),
    clientDataJSON: base64url(8000),
    signature: base64url(2000),
  }),
});

/** What a browser's `PublicKeyCredential.toJSON()` gives for an assertion, without what is not needed. */
export type Assertion = z.output<typeof assertionSchema>;

/** What `toJSON()` gives: what is not needed is left out. */
const browserSchema = z
  .object({
    id: z.string(),
    response: z.object({
      authenticatorData: z.string(),
      clientDataJSON: z.string(),
      signature: z.string(),
    }),
  })
  .pipe(assertionSchema);

/** @param json what a browser posts. @returns `undefined` if it is no assertion */
export function readAssertion(json: unknown): Assertion | undefined {
  return browserSchema.safeParse(json).data;
}

export interface ExpectedAssertion {
  /** What must be signed, in base64url. */
  readonly challenge: string;
  /** Of the console. */
  readonly origin: string;
  readonly passkey: Passkey;
}

/**
 * Verifies that a passkey signed a challenge for a page of the console, and verified its user. Never throws, and takes
 * milliseconds for hostile data too. An assertion verifies any number of times: use something else to count it once.
 * @returns what is wrong, if anything, in a few words
 */
export async function assertionProblem(
  { id, response }: Assertion,
  { challenge, origin, passkey }: ExpectedAssertion,
): Promise<string | undefined> {
  if (id !== passkey.credentialId) return 'another passkey signed';
  const problem = clientDataProblem(response.clientDataJSON, { type: 'webauthn.get', challenge, origin });
  if (problem !== undefined) return problem;
  try {
    // Loaded only where people decide.
    const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
    // Checks the hash of rpId, that a user was present and verified, that no byte follows, and the signature.
    const { verified } = await verifyAuthenticationResponse({
      response: { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: passkey.rpId,
      requireUserVerification: true,
      // Passkeys that are synced have no counter.
      credential: {
        id,
        publicKey: fromBase64url(passkey.publicKey) ?? new Uint8Array(),
        counter: 0,
      },
    });
    return verified ? undefined : 'its signature is wrong';
  } catch (error) {
    return libraryProblem(error);
  }
}

/** @returns the message of an error of the WebAuthn library, cut: it may contain what an attacker sent */
export function libraryProblem(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : 'it can’t be verified';
}
