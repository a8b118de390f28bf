// A person's decision as the console stores it and the handler verifies it. Whoever can write it can't make one up.
import * as z from 'zod';
import { type Assertion, assertionProblem, assertionSchema } from './assertion.js';
import type { Passkey } from './passkey.js';
import { challengeOf, type Verdict, VERDICTS } from './statement.js';

export { type Assertion } from './assertion.js';

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

/** Maximum length of a reason, in characters. */
export const MAX_REASON = 500;

const schema = z.strictObject({
  verdict: z.enum(VERDICTS),
  approver: z.string().min(1).max(200),
  reason: z.string().min(1).max(MAX_REASON).optional(),
  at: z.iso.datetime().max(30),
  assertion: assertionSchema,
});

/** Maximum length of a stored decision, in characters. */
const MAX_LENGTH = 20_000;

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
export function readSignedDecision(data: string): SignedDecision | { readonly problem: string } {
  const malformed = { problem: 'it is malformed' };
  if (data.length > MAX_LENGTH) return malformed;
  try {
    const read = schema.safeParse(JSON.parse(data)).data;
    if (read === undefined) return malformed;
    const { reason, ...decision } = read;
    return reason === undefined ? decision : { ...decision, reason };
  } catch {
    return malformed;
  }
}

/** Never throws. @returns the passkey that signed, or why the decision does not count */
export async function verifyDecision(
  { verdict, approver, assertion }: SignedDecision,
  expected: Expected,
): Promise<Passkey | { readonly problem: string }> {
  const { request, passkeys, origin } = expected;
  if (approver !== expected.approver) return { problem: 'it is another approver’s' };
  const passkey = passkeys.find(({ credentialId }) => credentialId === assertion.id);
  if (passkey === undefined) return { problem: 'its passkey is not one of the approver’s in the policy' };
  const challenge = challengeOf({ verdict, request, approver }).toString('base64url');
  const problem = await assertionProblem(assertion, { challenge, origin, passkey });
  return problem === undefined ? passkey : { problem };
}
