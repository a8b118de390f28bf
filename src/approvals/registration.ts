// Creating a passkey: what the browser is asked for, and what its answer says. Nothing of it is a secret.
import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { ALGORITHMS } from './cose.js';
import { type Passkey, parsePasskey, passkeyToText } from './passkey.js';

export interface ExpectedRegistration {
  /** The challenge that the console gave, in base64url. */
  readonly challenge: string;
  readonly origin: string;
  readonly rpId: string;
}

/** How long a browser waits for a person, in ms. */
const TIMEOUT_MS = 300_000;

/** @returns options for `PublicKeyCredential.parseCreationOptionsFromJSON` */
export function registrationOptions(name: string, { challenge, rpId }: Omit<ExpectedRegistration, 'origin'>) {
  return {
    challenge,
    rp: { id: rpId, name: 'Callback handler' },
    user: { id: randomBytes(32).toString('base64url'), name, displayName: name },
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    // Signing in names no passkey: the browser must know it by itself.
    authenticatorSelection: {
      residentKey: 'required',
      requireResidentKey: true,
      userVerification: 'required',
    },
    attestation: 'none',
    timeout: TIMEOUT_MS,
  } as const;
}

/**
 * @param credentialIds whose passkeys may be used, in base64url; empty: any of this host
 * @returns options for `PublicKeyCredential.parseRequestOptionsFromJSON`
 */
export function assertionOptions(challenge: string, rpId: string, credentialIds: readonly string[] = []) {
  return {
    challenge,
    rpId,
    allowCredentials: credentialIds.map((id) => ({ type: 'public-key', id })),
    userVerification: 'required',
    timeout: TIMEOUT_MS,
  } as const;
}

const schema = z.object({
  id: z.string().max(1400),
  rawId: z.string().max(1400),
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: z.string().max(8000),
    attestationObject: z.string().max(100_000),
  }),
});

/** Never throws. @param json what the browser's `toJSON()` gives */
export async function readRegistration(
  json: unknown,
  { challenge, origin, rpId }: ExpectedRegistration,
): Promise<Passkey | { readonly problem: string }> {
  const { data } = schema.safeParse(json);
  if (data === undefined) return { problem: 'it is malformed' };
  try {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const { registrationInfo, verified } = await verifyRegistrationResponse({
      response: { ...data, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return { problem: 'it can’t be verified' };
    const { id, publicKey } = registrationInfo.credential;
    const text = passkeyToText({
      rpId,
      credentialId: id,
      publicKey: Buffer.from(publicKey).toString('base64url'),
    });
    return parsePasskey(text);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : 'it can’t be verified' };
  }
}
