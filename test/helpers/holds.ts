// Policies with people, and what they decided, for tests.
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Vote } from '../../src/approvals/quorum.js';
import { NO_MEMORY } from '../../src/policy/evaluate/memory.js';
import { NO_PEOPLE, type People } from '../../src/policy/evaluate/people.js';
import { decideBy, type Policy, type RuleDecision } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { type Payload, request } from './policy.js';

/** When the requests of these tests are held. */
export const HELD = Date.parse('2026-03-02T10:00:00Z');
export const MINUTE = 60_000;

/** Everything is held for two of Alice, Bob and Carol, whose passkeys have their keys as ids. */
export function holding(hold: Payload = {}, more: Payload = {}): Policy {
  const people = { alice: 'Alice Example', bob: 'Bob Example', carol: 'Carol Example' };
  const policy = parsePolicy(
    JSON.stringify({
      version: 1,
      approvers: Object.fromEntries(Object.entries(people).map(([key, name]) => [key, { name }])),
      holds: { treasury: { of: ['alice', 'bob', 'carol'], quorum: 2, ...hold } },
      rules: ['transaction', 'configuration'].map((kind) => ({
        ...{ id: kind, for: kind, when: 'true', action: 'hold', hold: 'treasury' },
      })),
      ...more,
    }),
    'test.yaml',
  );
  return enrolled(policy, [...policy.approvers.keys()]);
}

/** The policy in which only these approvers have a passkey. */
export function enrolled(policy: Policy, keys: readonly string[]): Policy {
  const approvers = [...policy.approvers].map(([key, person]) => {
    const passkeys = keys.includes(key) ? [{ rpId: 'localhost', credentialId: key, publicKey: '' }] : [];
    return [key, { ...person, passkeys }] as const;
  });
  return { ...policy, approvers: new Map(approvers) };
}

export function approve(approver: string): Vote {
  return { approver, verdict: 'approve', credentialId: approver };
}

export function reject(approver: string, reason?: string): Vote {
  return { approver, verdict: 'reject', credentialId: approver, ...(reason !== undefined && { reason }) };
}

export interface Situation {
  readonly payload?: Payload;
  readonly kind?: 'transaction' | 'configuration';
  /** After the request was held, in ms. @default 3 minutes */
  readonly after?: number;
}

/** The decision on a request that was held before, with these votes. */
export function decideHeldWith(
  policy: Policy,
  votes: readonly Vote[],
  { payload = {}, kind = 'transaction', after = 3 * MINUTE }: Situation = {},
): RuleDecision {
  return decideAmong(policy, { since: HELD, votes, carried: [] }, { payload, kind, after });
}

export function decideAmong(
  policy: Policy,
  people: People = NO_PEOPLE,
  { payload = {}, kind = 'transaction', after = 3 * MINUTE }: Situation = {},
): RuleDecision {
  const memory = { ...NO_MEMORY, people };
  return decideBy(policy, request(payload, kind), new Date(HELD + after), undefined, undefined, memory);
}

/** A passkey as a policy writes it. @param id of the credential: the same text gives the same id */
export function passkeyOf(id: string, rpId = 'localhost'): string {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  // A COSE key: kty EC2, alg ES256, crv P-256, x and y.
  const cose = Buffer.concat([
    Buffer.from('a5010203262001215820', 'hex'),
    Buffer.from(x, 'base64url'),
    Buffer.from('225820', 'hex'),
    Buffer.from(y, 'base64url'),
  ]);
  const credentialId = createHash('sha256').update(id).digest('base64url');
  return `passkey:${rpId}:${credentialId}:${cose.toString('base64url')}`;
}
