// Tests how the assertions of passkeys are verified: those of each algorithm, and those that attackers make up.
import fc from 'fast-check';
import t from 'tap';
import { type Assertion, assertionProblem, readAssertion } from '../../src/approvals/assertion.js';
import { type Algorithm, createPasskey, type Overrides } from '../helpers/authenticator.js';

const origin = 'http://localhost:3001';
const challenge = Buffer.alloc(32, 7).toString('base64url');
const key = createPasskey();
const expected = { challenge, origin, passkey: key.passkey };

/** @param response what is not as it was signed */
const altered = (response: Partial<Assertion['response']>, overrides?: Overrides): Assertion => {
  const assertion = key.sign(challenge, overrides);
  return { ...assertion, response: { ...assertion.response, ...response } };
};
const encode = (data: string | Buffer): string => Buffer.from(data).toString('base64url');

t.test('verifies what passkeys of each algorithm sign', async (t) => {
  const algorithms: readonly Algorithm[] = ['ES256', 'EdDSA', 'RS256'];
  for (const algorithm of algorithms) {
    const other = createPasskey({ algorithm });
    const { passkey } = other;
    t.equal(await assertionProblem(other.sign(challenge), { ...expected, passkey }), undefined, algorithm);
    const stranger = createPasskey({ algorithm }).sign(challenge, { id: passkey.credentialId });
    t.equal(await assertionProblem(stranger, { ...expected, passkey }), 'its signature is wrong', algorithm);
  }
});

t.test('says in words why an assertion does not count', async (t) => {
  const cases: readonly (readonly [Overrides, RegExp])[] = [
    [{ challenge: Buffer.alloc(32) }, /something else was signed/],
    [
      { origin: 'https://evil.example' },
      /on a page of "https:\/\/evil.example" instead of http:\/\/localhost:3001/,
    ],
    [{ type: 'webauthn.create' }, /not of the type webauthn.get/],
    [{ type: 'payment.get' }, /not of the type webauthn.get/],
    [{ crossOrigin: true }, /frame/],
    [{ topOrigin: 'https://evil.example' }, /frame/],
    [{ rpId: 'evil.example' }, /Unexpected RP ID/],
    [{ userPresent: false }, /not present/],
    [{ userVerified: false }, /could not be verified/],
    [{ id: 'AAAA' }, /another passkey/],
  ];
  for (const [overrides, problem] of cases) {
    t.match(await assertionProblem(key.sign(challenge, overrides), expected), problem);
  }
});

t.test('keeps what it says short, whatever an attacker sends', async (t) => {
  const long = 'x'.repeat(4000);
  const clientData = (data: object) => altered({ clientDataJSON: encode(JSON.stringify(data)) });
  const whole = { type: 'webauthn.get', challenge, origin };
  for (const data of [
    { ...whole, type: long },
    { ...whole, challenge: long },
    { ...whole, origin: long },
    { ...whole, topOrigin: long },
    { ...whole, tokenBinding: { status: long } },
  ]) {
    const problem = (await assertionProblem(clientData(data), expected)) ?? '';
    t.ok(problem.length > 0 && problem.length <= 250, problem.slice(0, 300));
  }
});

t.test('refuses client data that is no client data', async (t) => {
  const whole = JSON.stringify({ type: 'webauthn.get', challenge, origin });
  for (const text of [
    'null',
    '[]',
    '1',
    '{}',
    '',
    `\ufeff${whole}`,
    `${whole}x`,
    whole.replace('}', ',"crossOrigin":"no"}'),
    '['.repeat(5000),
  ]) {
    const assertion = altered({ clientDataJSON: encode(text) });
    t.match(await assertionProblem(assertion, expected), /malformed/, text.slice(0, 80));
  }
});

t.test('accepts extensions of an authenticator, and no bytes after them', async (t) => {
  const extensions = Buffer.from('a16178f5', 'hex');
  const sign = (bytes: Buffer, flags = 0x80) => key.sign(challenge, { more: { flags, bytes } });
  t.equal(await assertionProblem(sign(extensions), expected), undefined);
  t.match(await assertionProblem(sign(Buffer.concat([extensions, Buffer.of(0)])), expected), /Leftover/);
  t.match(await assertionProblem(sign(Buffer.of(0), 0), expected), /Leftover/);
});

t.test('survives data that is made to break a parser', async (t) => {
  const bytes = (hex: string, times = 1) => Buffer.from(hex.repeat(times), 'hex');
  const authenticatorData = [
    bytes('81', 2900),
    bytes('a1', 2900),
    bytes('c1', 2900),
    bytes('9affffffff', 550),
    bytes('baffffffff'),
    bytes('9bffffffffffffffff'),
    bytes('5affffffff'),
  ];
  for (const more of authenticatorData) {
    for (const flags of [0x40, 0x80, 0xc0]) {
      const assertion = key.sign(challenge, { more: { flags, bytes: more } });
      t.type(await assertionProblem(assertion, expected), 'string');
    }
  }
  for (const signature of [bytes('30', 1500), bytes('3080', 700), bytes('3084ffffffff0201'), bytes('3000')]) {
    t.type(await assertionProblem(altered({ signature: encode(signature) }), expected), 'string');
  }
});

t.test('never throws, and accepts nothing that was not signed', async (t) => {
  const base64url = (maxLength: number) =>
    fc.uint8Array({ minLength: 1, maxLength }).map((x) => encode(Buffer.from(x)));
  const response = fc.record(
    {
      authenticatorData: base64url(200),
      clientDataJSON: fc.oneof(base64url(200), fc.json().map(encode)),
      signature: base64url(100),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(
      response.filter((each) => Object.keys(each).length > 0),
      async (each) => typeof (await assertionProblem(altered(each), expected)) === 'string',
    ),
    { numRuns: 200 },
  );
  t.pass();
});

t.test('keeps only what it needs of what a browser posts', (t) => {
  const assertion = key.sign(challenge);
  const { response } = assertion;
  const posted = {
    ...{ ...assertion, rawId: assertion.id, type: 'public-key', clientExtensionResults: {} },
    response: { ...response, userHandle: 'AA' },
  };
  t.strictSame(readAssertion(posted), assertion);
  for (const signature of ['not base64url!', `${response.signature}==`, '', 'A', 7, 'A'.repeat(2004)]) {
    t.equal(readAssertion({ ...posted, response: { ...response, signature } }), undefined);
  }
  fc.assert(fc.property(fc.anything(), (json) => readAssertion(json) === undefined));
  t.end();
});
