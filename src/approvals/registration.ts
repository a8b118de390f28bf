// Creating a passkey: what the browser is asked for, and what its answer says. Nothing of it is a secret.
import { randomBytes } from 'node:crypto';
import { type CBORType, decodeCBOR, encodeCBOR } from '@levischuck/tiny-cbor';
import * as z from 'zod';
import { libraryProblem } from './assertion.js';
import { fromBase64url } from './base64url.js';
import { clientDataProblem } from './client-data.js';
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
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: z.string().max(8000),
    attestationObject: z.string().max(100_000),
  }),
});

/**
 * Never throws. Who made the authenticator is not asked for, and not looked at: whoever is enrolled is a decision of the
 * one who changes the policy.
 * @param json what the browser's `toJSON()` gives
 */
export async function readRegistration(
  json: unknown,
  { challenge, origin, rpId }: ExpectedRegistration,
): Promise<Passkey | { readonly problem: string }> {
  const { data } = schema.safeParse(json);
  const attestationObject = withoutStatement(data?.response.attestationObject ?? '');
  if (data === undefined || attestationObject === undefined) return { problem: 'it is malformed' };
  const { id, type, response } = data;
  const { clientDataJSON } = response;
  const problem = clientDataProblem(clientDataJSON, { type: 'webauthn.create', challenge, origin });
  if (problem !== undefined) return { problem };
  try {
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    const { registrationInfo, verified } = await verifyRegistrationResponse({
      response: {
        ...{ id, rawId: id, type, clientExtensionResults: {} },
        response: { clientDataJSON, attestationObject },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return { problem: 'it can’t be verified' };
    const { credential } = registrationInfo;
    if (credential.id !== id) return { problem: 'it names another passkey than it contains' };
    const publicKey = Buffer.from(credential.publicKey).toString('base64url');
    return parsePasskey(passkeyToText({ rpId, credentialId: id, publicKey }));
  } catch (error) {
    return { problem: libraryProblem(error) };
  }
}

/**
 * Some authenticators attest who made them though nobody asks. Without it, no certificate is parsed, and no list of
 * revoked ones is fetched, for somebody who need not be signed in.
 * @returns `undefined` if it is malformed
 */
function withoutStatement(attestationObject: string): string | undefined {
  try {
    const object = decodeCBOR(fromBase64url(attestationObject) ?? new Uint8Array());
    const authData = object instanceof Map ? object.get('authData') : undefined;
    if (!(authData instanceof Uint8Array)) return undefined;
    const none = new Map<string, CBORType>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return Buffer.from(encodeCBOR(none)).toString('base64url');
  } catch {
    return undefined;
  }
}
