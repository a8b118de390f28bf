// Tests which decisions of people count.
import fc from 'fast-check';
import t from 'tap';
import { heldHash } from '../../src/approvals/held-request.js';
import {
  type Expected,
  readSignedDecision,
  type SignedDecision,
  verifyDecision,
} from '../../src/approvals/signed-decision.js';
import { challengeOf } from '../../src/approvals/statement.js';
import { createPasskey, type Overrides, signDecision } from '../helpers/authenticator.js';

const alice = createPasskey();
const bob = createPasskey();
const REQUEST = { kind: 'transaction', requestId: 'r1', stage: 'approval', content: 'aa' } as const;
const request = heldHash(REQUEST);
const expected: Expected = {
  ...{ request, approver: 'alice', origin: 'http://localhost:3001' },
  passkeys: [alice.passkey, createPasskey().passkey],
};

const statement = { verdict: 'approve', request, approver: 'alice' } as const;
const sign = (overrides?: Overrides): SignedDecision => signDecision(alice, statement, overrides);

t.test('counts what the approver signed, also after it was stored', async (t) => {
  const stored = readSignedDecision(JSON.stringify(sign()));
  if ('problem' in stored) t.fail(stored.problem);
  else t.strictSame(await verifyDecision(stored, expected), alice.passkey);
});

t.test('refuses what was signed for', async (t) => {
  const other = (more: Partial<typeof REQUEST>): Expected => ({
    ...expected,
    request: heldHash({ ...REQUEST, ...more }),
  });
  const cases: Readonly<Record<string, readonly [SignedDecision, Expected]>> = {
    'the other decision': [{ ...sign(), verdict: 'reject' }, expected],
    'another request': [sign(), other({ requestId: 'r2' as 'r1' })],
    'a changed request': [sign(), other({ content: 'bb' as 'aa' })],
    'the other stage': [sign(), other({ stage: 'signing' as 'approval' })],
    'another approver': [
      { ...sign(), approver: 'bob' },
      { ...expected, approver: 'bob' },
    ],
    'an approver under whose name it is not stored': [sign(), { ...expected, approver: 'bob' }],
    'a passkey that the policy no longer names': [sign(), { ...expected, passkeys: [bob.passkey] }],
    'another person’s passkey': [signDecision(bob, statement), expected],
    'the passkey’s id, with another key': [
      signDecision(bob, statement, { id: alice.passkey.credentialId }),
      expected,
    ],
    'another origin': [sign({ origin: 'https://evil.example' }), expected],
    'another port': [sign({ origin: 'http://localhost:3002' }), expected],
    'another rpId': [sign({ rpId: 'evil.example' }), expected],
    'a user who was not verified': [sign({ userVerified: false }), expected],
    'a user who was not there': [sign({ userPresent: false }), expected],
    'the creation of a passkey': [sign({ type: 'webauthn.create' }), expected],
    'a frame of another origin': [sign({ crossOrigin: true }), expected],
    'a top page of another origin': [sign({ topOrigin: 'https://evil.example' }), expected],
    'another challenge': [sign({ challenge: Buffer.alloc(32) }), expected],
  };
  for (const [name, [decision, of]] of Object.entries(cases)) {
    t.match(await verifyDecision(decision, of), { problem: String }, name);
  }
});

t.test('ignores counters, which synced passkeys don’t have', async (t) => {
  for (const counter of [0, 7])
    t.notMatch(await verifyDecision(sign({ counter }), expected), { problem: '' });
});

// The header of a signature may be spelt differently: what it signs is the same.
t.test('refuses a decision with any signed byte changed, or another signature', async (t) => {
  const decision = sign();
  const { response } = decision.assertion;
  const changed = fc
    .record({
      field: fc.constantFrom('authenticatorData', 'clientDataJSON', 'signature'),
      place: fc.nat(1000),
      by: fc.integer({ min: 1, max: 255 }),
    })
    .map(({ field, place, by }): SignedDecision => {
      const bytes = Buffer.from(response[field], 'base64url');
      const at = field === 'signature' ? bytes.length - 1 - (place % 16) : place % bytes.length;
      bytes[at] = (bytes[at] ?? 0) ^ by;
      const altered = { ...response, [field]: bytes.toString('base64url') };
      return { ...decision, assertion: { ...decision.assertion, response: altered } };
    });
  await fc.assert(
    fc.asyncProperty(changed, async (each) => 'problem' in (await verifyDecision(each, expected))),
    { numRuns: 300 },
  );
  t.pass();
});

t.test('reads nothing that is malformed, and never throws', (t) => {
  const whole = JSON.stringify(sign());
  for (const text of ['', '{}', 'null', '[]', whole.slice(1), `${whole} `.repeat(2), 'x'.repeat(30_000)]) {
    t.match(readSignedDecision(text), { problem: String });
  }
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => 'problem' in readSignedDecision(text)));
  const more = JSON.stringify({ ...sign(), extra: 1 });
  t.match(readSignedDecision(more), { problem: String }, 'with an unknown field');
  t.end();
});

t.test('gives each decision a challenge of its own', (t) => {
  const others = [
    { ...statement, verdict: 'reject' },
    { ...statement, approver: 'bob' },
    { ...statement, request: heldHash({ ...REQUEST, requestId: 'r2' }) },
  ] as const;
  const all = [statement, ...others].map((each) => challengeOf(each).toString('hex'));
  t.equal(new Set(all).size, all.length);
  t.equal(Buffer.from(all[0] ?? '', 'hex').length, 32);
  t.end();
});
