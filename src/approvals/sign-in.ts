// Signing in to the console with a passkey, which shows requests and decides nothing.
//
// A passkey signs whatever challenge a page of the console gives it, and its user sees no more of it than the host. The
// console's own challenges are random, so what is signed here is no decision. But a stolen console can give a person who
// signs in the challenge of a decision, or show another request than the one that is signed: nothing in an assertion
// shows it. That takes a gesture of each person of the quorum; integrity checks, rejecting rules and limits still apply.
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
