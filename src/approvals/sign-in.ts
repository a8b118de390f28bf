// Signing in to the console with a passkey. What is signed here can't be a decision: the console's challenges are random.
import { type Assertion, assertionProblem } from './assertion.js';
import type { Passkey } from './passkey.js';

export interface ExpectedSignIn {
  /** The challenge that the console gave, in base64url. */
  readonly challenge: string;
  /** Of the console. */
  readonly origin: string;
  /** Who may sign in, by the key in the policy. */
  readonly people: ReadonlyMap<string, { readonly passkeys: readonly Passkey[] }>;
}

/** Never throws. @returns the key of the person, or why nobody is signed in */
export async function verifySignIn(
  assertion: Assertion,
  { challenge, origin, people }: ExpectedSignIn,
): Promise<{ readonly person: string } | { readonly problem: string }> {
  for (const [person, { passkeys }] of people) {
    const passkey = passkeys.find(({ credentialId }) => credentialId === assertion.id);
    if (passkey === undefined) continue;
    const problem = await assertionProblem(assertion, { challenge, origin, passkey });
    return problem === undefined ? { person } : { problem };
  }
  return { problem: 'the policy does not name this passkey' };
}
