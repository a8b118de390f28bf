// A person's decision as the console stores it and the handler verifies it. Whoever can write it can't make one up.
import type { Passkey } from './passkey.js';
import type { Verdict } from './statement.js';

/** What a browser's `PublicKeyCredential.toJSON()` gives for an assertion, without what is not needed. */
export interface Assertion {
  /** Credential id, in base64url. */
  readonly id: string;
  readonly response: {
    readonly authenticatorData: string;
    readonly clientDataJSON: string;
    readonly signature: string;
  };
}

export interface SignedDecision {
  readonly verdict: Verdict;
  /** The approver's key in the policy. */
  readonly approver: string;
  /** For people; not signed. */
  readonly reason?: string;
  /** When the console stored it: for people, because only the handler's own clock counts. ISO 8601 in UTC. */
  readonly at: string;
  readonly assertion: Assertion;
}

/** What a decision must be about, and whose passkeys may sign it. */
export interface Expected {
  /** See `heldHash`. */
  readonly request: string;
  /** Under which it is stored. */
  readonly approver: string;
  readonly passkeys: readonly Passkey[];
  /** Of the console, such as `https://callback.internal:8443`. */
  readonly origin: string;
}

/** @returns what is wrong if the data is none */
export function readSignedDecision(_data: string): SignedDecision | { readonly problem: string } {
  throw new Error('to be written by h/approvals');
}

/** Never throws. @returns the passkey that signed, or why the decision does not count */
export async function verifyDecision(
  _decision: SignedDecision,
  _expected: Expected,
): Promise<Passkey | { readonly problem: string }> {
  throw new Error('to be written by h/approvals');
}
