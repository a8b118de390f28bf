// People of a test, their passkeys, and the policy that names them.
import { passkeyToText } from '../../src/approvals/passkey.js';
import type { SignedDecision } from '../../src/approvals/signed-decision.js';
import { challengeOf, type Statement, type Verdict } from '../../src/approvals/statement.js';
import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
export const X = createHash;
export interface Key2 {
  passkey: { rpId: string; credentialId: string; publicKey: string };
  assert(o: { challenge: Buffer; origin: string; rpId: string; userVerified?: boolean }): {
    id: string;
    response: { authenticatorData: string; clientDataJSON: string; signature: string };
  };
}
export function softKey(rpId: string): Key2 {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  const cose = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ]);
  const id = createHash('sha256').update(cose).digest('base64url');
  return {
    passkey: { rpId, credentialId: id, publicKey: cose.toString('base64url') },
    assert({ challenge, origin, rpId: rp, userVerified = true }) {
      const auth = Buffer.concat([
        createHash('sha256').update(rp).digest(),
        Buffer.from([userVerified ? 5 : 1]),
        Buffer.from([0, 0, 0, 0]),
      ]);
      const client = Buffer.from(
        JSON.stringify({
          type: 'webauthn.get',
          challenge: challenge.toString('base64url'),
          origin,
          crossOrigin: false,
        }),
      );
      const signature = signBytes(
        'sha256',
        Buffer.concat([auth, createHash('sha256').update(client).digest()]),
        privateKey,
      );
      return {
        id,
        response: {
          authenticatorData: auth.toString('base64url'),
          clientDataJSON: client.toString('base64url'),
          signature: signature.toString('base64url'),
        },
      };
    },
  };
}

export const ORIGIN = 'https://callback.internal:8443';
const RP_ID = 'callback.internal';
export const MINUTE = 60_000;

export const PEOPLE = ['alice', 'bob', 'carol'] as const;
export type PersonName = (typeof PEOPLE)[number];

/** Each with two passkeys. */
export type People = Readonly<Record<PersonName, readonly [Key2, Key2]>>;

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
export interface Trick {
  readonly reason?: string;
  readonly at?: string;
  /** Whose passkey signs. @default the person's own */
  readonly by?: PersonName;
  /** Whether the person's other passkey signs. */
  readonly second?: boolean;
  readonly origin?: string;
  readonly rpId?: string;
  readonly userVerified?: boolean;
  /** What is signed instead. */
  readonly signs?: Partial<Statement>;
}

export async function createPeople(): Promise<People> {
  const pair = async () => [softKey(RP_ID), softKey(RP_ID)] as const;
  return { alice: await pair(), bob: await pair(), carol: await pair() };
}

/** YAML of a policy that holds whatever is asked. */
export function heldPolicy(people: People, parts: PolicyParts = {}): string {
  const { quorum = 2, onExpiry = 'reject', notInitiator, removed, before = '', rules = '' } = parts;
  const approvers = PEOPLE.map((name) => {
    const passkeys = name === removed ? [] : people[name].map(({ passkey }) => passkeyToText(passkey));
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
export async function signAs(
  people: People,
  approver: PersonName,
  verdict: Verdict,
  about: Trick & { readonly hash: string; readonly at: string },
): Promise<SignedDecision> {
  const { hash, at, reason, by = approver, second = false, origin = ORIGIN, rpId = RP_ID } = about;
  const { userVerified = true, signs } = about;
  const challenge = challengeOf({ verdict, request: hash, approver, ...signs });
  const assertion = people[by][second ? 1 : 0].assert({ challenge, origin, rpId, userVerified });
  return { verdict, approver, at, assertion, ...(reason !== undefined && { reason }) };
}
