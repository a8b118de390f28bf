// People of a test, their passkeys, and the policy that names them.
import type { SignedDecision } from '../../src/approvals/signed-decision.js';
import { challengeOf, type Statement, type Verdict } from '../../src/approvals/statement.js';
import { createPasskey, type Overrides, type SoftwarePasskey } from './authenticator.js';

export const ORIGIN = 'https://callback.internal:8443';
const RP_ID = 'callback.internal';
export const MINUTE = 60_000;

export const PEOPLE = ['alice', 'bob', 'carol'] as const;
export type PersonName = (typeof PEOPLE)[number];

/** Each with two passkeys. */
export type People = Readonly<Record<PersonName, readonly [SoftwarePasskey, SoftwarePasskey]>>;

/** The parts of a policy that a test changes. */
export interface PolicyParts {
  readonly quorum?: number;
  readonly onExpiry?: 'reject' | 'retry';
  readonly notInitiator?: PersonName;
  /** Who has no passkey any more. */
  readonly removed?: PersonName;
  /** YAML before the rules, at the top level. */
  readonly before?: string;
  /** YAML of rules before those that hold everything. */
  readonly rules?: string;
}

/** What a person's decision differs in from an honest one. */
export interface Trick extends Overrides {
  readonly reason?: string;
  readonly at?: string;
  /** Whose passkey signs. @default the person's own */
  readonly by?: PersonName;
  /** Whether the person's other passkey signs. */
  readonly second?: boolean;
  /** What is signed instead. */
  readonly signs?: Partial<Statement>;
}

export function createPeople(): People {
  const create = () => createPasskey({ rpId: RP_ID, origin: ORIGIN });
  return { alice: [create(), create()], bob: [create(), create()], carol: [create(), create()] };
}

/** YAML of a policy that holds whatever is asked. */
export function heldPolicy(people: People, parts: PolicyParts = {}): string {
  const { quorum = 2, onExpiry = 'reject', notInitiator, removed, before = '', rules = '' } = parts;
  const approvers = PEOPLE.map((name) => {
    const passkeys = name === removed ? [] : people[name].map(({ text }) => text);
    return `  ${name}: { name: "${name} Example", passkeys: ${JSON.stringify(passkeys)} }`;
  });
  const not = notInitiator === undefined ? '' : `, notInitiator: ${notInitiator}`;
  return `version: 1
${before}
approvers:
${approvers.join('\n')}
holds:
  treasury: { of: [${PEOPLE.join(', ')}], quorum: ${quorum}, expires: 50m, onExpiry: ${onExpiry}${not} }
rules:
${rules}
  - { id: large, for: transaction, when: 'true', action: hold, hold: treasury }
  - { id: changes, for: configuration, when: 'true', action: hold, hold: treasury }
`;
}

/** Signs a decision, as a browser does. @param about hash of the request, and what is not as usual */
export function signAs(
  people: People,
  approver: PersonName,
  verdict: Verdict,
  about: Trick & { readonly hash: string; readonly at: string },
): SignedDecision {
  const { hash, at, reason, by = approver, second = false, signs, ...overrides } = about;
  const challenge = challengeOf({ verdict, request: hash, approver, ...signs });
  const assertion = people[by][second ? 1 : 0].sign(challenge, overrides);
  return { verdict, approver, at, assertion, ...(reason !== undefined && { reason }) };
}
